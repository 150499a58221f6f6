import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concerned, continuation, type NodeSoFar } from '../../domain/continuation.js';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import type { ManagedNode } from '../../domain/fleet.js';
import type { CycleId, Digest, Instant, NodeId, PlanName, StageName } from '../../domain/ids.js';
import type { Manifest, Target } from '../../domain/manifest.js';
import { planWaves } from '../../domain/waves.js';
import { managedNode } from '../support/nodes.js';
import { resolvedStage } from '../support/stages.js';

const NOW = '2026-06-10T05:30:00.000Z' as Instant;
const APPROVED = 'sha256:approved' as Digest;
const nightly = (name: string): MaintenanceWindow => ({
  name,
  version: 1,
  schedule: { cron: '0 2 * * *' },
  timezone: 'UTC',
  duration: 4 * 3_600_000,
  cutoff: 1_800_000,
});
const TAGS = { Application: 'storefront' };

const fleet = (count: number): ManagedNode[] =>
  Array.from({ length: count }, (_, index) =>
    managedNode(`i-${String(index + 1).padStart(4, '0')}`, { zone: index % 2 ? 'euw1-az2' : 'euw1-az1', tags: TAGS }),
  );
const targetOf = (node: ManagedNode): Target => ({
  node: node.id,
  kind: node.kind,
  name: node.name,
  account: node.account,
  region: node.region,
  zone: node.zone,
  zoneName: node.zoneName,
  os: 'AMAZON_LINUX_2023',
  patchGroup: node.patchGroup,
  window: 'nightly',
  startFirst: false,
});
const approvedFor = (nodes: readonly ManagedNode[]): Manifest => {
  const targets = nodes.map(targetOf);
  const windows = [
    {
      window: 'nightly',
      timezone: 'UTC',
      opens: '2026-06-10T02:00:00.000Z' as Instant,
      closes: '2026-06-10T06:00:00.000Z' as Instant,
      cutoff: '2026-06-10T05:30:00.000Z' as Instant,
    },
  ];
  return {
    cycle: 'storefront-1' as CycleId,
    plan: { name: 'storefront' as PlanName, version: 3 },
    stage: 'prod' as StageName,
    preparedAt: '2026-06-10T00:00:00.000Z' as Instant,
    policy: resolvedStage({
      waves: { by: 'zone', regions: 'parallel', maxUnavailable: { percent: 25 }, pauseAfterFailures: { percent: 10 } },
    }),
    baseline: { name: 'everything', version: null },
    baselines: [],
    patchSet: 'sha256:proven' as Digest,
    installLists: [],
    windows,
    targets,
    leftOut: [],
    waves: planWaves(targets, windows, { maxUnavailable: { percent: 25 } }),
    warnings: ['1 node has a reboot pending.'],
  };
};
const goOn = (
  approved: Manifest,
  nodes: readonly NodeId[],
  found: readonly ManagedNode[],
  more: Partial<Parameters<typeof continuation>[0]> = {},
) =>
  continuation({
    approved,
    manifest: APPROVED,
    of: 'carried-over',
    round: 1,
    firstWave: approved.waves.length + 1,
    nodes,
    found,
    tags: TAGS,
    windows: [nightly('nightly')],
    setAside: new Map(),
    now: NOW,
    ...more,
  });
const nodesIn = ({ waves }: Pick<Manifest, 'waves'>): NodeId[] =>
  waves.flatMap(({ batches }) => batches.flatMap((batch) => [...batch.nodes])).sort();
const soFar = (node: string, more: Partial<NodeSoFar> = {}): NodeSoFar => ({
  node: node as NodeId,
  wave: 1,
  touched: false,
  outcome: null,
  ...more,
});

describe('a stage goes on', () => {
  test('with the nodes of a wave that nobody had touched when it ended', () => {
    const nodes = [
      soFar('untouched'),
      soFar('at work', { touched: true }),
      soFar('patched', { touched: true, outcome: 'patched' }),
      soFar('offline', { outcome: 'unreachable' }),
      soFar('in another wave', { wave: 2 }),
      soFar('left out', { wave: 0, outcome: 'skipped' }),
    ];
    expect(concerned(nodes, 'carried-over', [1])).toEqual(['untouched']);
    expect(concerned(nodes, 'carried-over', [1, 2])).toEqual(['untouched', 'in another wave']);
  });

  test('or with those that failed and may be tried again, wherever they were', () => {
    const nodes = [
      soFar('failed', { touched: true, outcome: 'failed' }),
      soFar('offline', { wave: 2, outcome: 'unreachable' }),
      soFar('set aside', { touched: true, outcome: 'set-aside' }),
      soFar('gone', { outcome: 'gone' }),
      soFar('never a target', { wave: 0, outcome: 'unreachable' }),
      soFar('untouched'),
    ];
    expect(concerned(nodes, 'failed', [])).toEqual(['failed', 'offline']);
  });

  test('in the next occurrence of their window; a retry also in the one that is open', () => {
    const found = fleet(2);
    const ids = found.map(({ id }) => id);
    const whileOpen = { now: '2026-06-10T04:00:00.000Z' as Instant };
    expect(goOn(approvedFor(found), ids, found, whileOpen).windows).toMatchObject([
      { window: 'nightly', opens: '2026-06-11T02:00:00.000Z' },
    ]);
    expect(goOn(approvedFor(found), ids, found, { ...whileOpen, of: 'failed' }).windows).toMatchObject([
      { window: 'nightly', opens: '2026-06-10T02:00:00.000Z' },
    ]);
  });

  test('without nodes that are gone or that the plan no longer selects, and says so', () => {
    const [first, second, third, fourth, fifth] = fleet(5) as [
      ManagedNode,
      ManagedNode,
      ManagedNode,
      ManagedNode,
      ManagedNode,
    ];
    const all = [first, second, third, fourth, fifth];
    const found = [
      first,
      { ...second, tags: { Application: 'other' } },
      { ...third, patchGroup: 'storefront-dev' },
      { ...fourth, autoScalingGroup: 'web' },
    ];
    const manifest = goOn(
      approvedFor(all),
      all.map(({ id }) => id),
      found,
    );
    expect(nodesIn(manifest)).toEqual([first.id]);
    expect(manifest.leftOut.map(({ node, outcome }) => [node, outcome])).toEqual([
      [second.id, 'skipped'],
      [third.id, 'skipped'],
      [fourth.id, 'skipped'],
      [fifth.id, 'gone'],
    ]);
  });

  test('without nodes that another cycle has set aside meanwhile', () => {
    const found = fleet(1);
    const [{ id: node, account, region }] = found as [ManagedNode];
    const by = { since: NOW, cycle: 'till-7' as CycleId, stage: 'dev' as StageName, reason: 'It hung.' };
    const setAside = new Map([[node, { node, account, region, ...by }]]);
    expect(goOn(approvedFor(found), [node], found, { setAside })).toMatchObject({
      targets: [],
      leftOut: [{ node, outcome: 'set-aside', reason: expect.stringContaining('by stage dev of till-7') }],
    });
  });

  test('without nodes whose window there is no more', () => {
    const found = fleet(1);
    const manifest = goOn(approvedFor(found), [(found[0] as ManagedNode).id], found, { windows: [] });
    expect(manifest).toMatchObject({ waves: [], windows: [], leftOut: [{ outcome: 'skipped' }] });
  });

  test('with nothing added, what was approved unchanged, keys that are new, and no more out of service than before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 130 }),
        fc.array(fc.nat(200)),
        fc.array(fc.nat(200)),
        fc.constantFrom('carried-over' as const, 'failed' as const),
        (count, wanted, missing, of) => {
          const before = fleet(count);
          const approved = approvedFor(before);
          const strangers = [managedNode('i-stranger', { tags: TAGS })];
          const ids = [...wanted.flatMap((index) => before[index]?.id ?? []), 'i-stranger' as NodeId];
          const found = [...before.filter((_node, index) => !missing.includes(index)), ...strangers];
          const manifest = goOn(approved, ids, found, { of });

          const approvedNodes = new Set(nodesIn(approved));
          const nodes = nodesIn(manifest);
          expect(nodes.every((node) => approvedNodes.has(node) && ids.includes(node))).toBe(true);
          expect(new Set(nodes).size).toBe(nodes.length);
          expect(nodes.length + manifest.leftOut.length).toBe(new Set(ids).size - 1);
          expect(nodes).toEqual(manifest.targets.map(({ node }) => node).sort());
          const { policy, patchSet, installLists, baselines, cycle, stage, plan } = manifest;
          expect({ policy, patchSet, installLists, baselines, cycle, stage, plan }).toEqual({
            policy: approved.policy,
            patchSet: approved.patchSet,
            installLists: approved.installLists,
            baselines: approved.baselines,
            cycle: approved.cycle,
            stage: approved.stage,
            plan: approved.plan,
          });
          expect(manifest.waves.map(({ number }) => number)).toEqual(
            manifest.waves.map((_wave, index) => approved.waves.length + 1 + index),
          );
          for (const wave of manifest.waves) {
            const before = approved.waves.find(({ zone }) => zone === wave.zone);
            expect(wave.maxUnavailable).toBeLessThanOrEqual(before?.maxUnavailable ?? 0);
            for (const batch of wave.batches) expect(batch.nodes.length).toBeLessThanOrEqual(wave.maxUnavailable);
          }
          expect(manifest.windows.every(({ cutoff }) => cutoff === null || cutoff > NOW)).toBe(true);
        },
      ),
    );
  });
});
