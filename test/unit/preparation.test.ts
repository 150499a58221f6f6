import { describe, expect, test } from '@jest/globals';
import type { MaintenanceWindow, PatchBaseline } from '../../domain/documents/types.js';
import type { ManagedNode, NodePatch, NodePatchState } from '../../domain/fleet.js';
import type { CycleId, Instant, NodeId, StageName } from '../../domain/ids.js';
import { type NodeFacts, type PreparationInput, prepareNodes } from '../../domain/preparation.js';
import { managedNode } from '../support/nodes.js';
import { resolvedStage } from '../support/stages.js';

const NOW = '2026-06-10T12:00:00.000Z' as Instant;
const nightly = (name: string): MaintenanceWindow => ({
  name,
  version: 1,
  schedule: { cron: '0 2 * * *' },
  timezone: 'UTC',
  duration: null,
  cutoff: 3_600_000,
});
const openssl = (version: string, state: NodePatch['state'] = 'Missing'): NodePatch => ({
  id: 'openssl.x86_64',
  title: `openssl.x86_64:0:${version}`,
  state,
  classification: 'Security',
  severity: 'Critical',
});
const facts = (patches: readonly NodePatch[], counts: Partial<NodePatchState> = {}): NodeFacts => ({
  patches,
  state: {
    node: 'i-1' as NodeId,
    baselineId: 'pb-1',
    operation: 'Scan',
    endedAt: NOW,
    installed: 0,
    installedOther: 0,
    missing: patches.filter(({ state }) => state === 'Missing').length,
    failed: 0,
    pendingReboot: 0,
    rejected: 0,
    criticalNonCompliant: 0,
    securityNonCompliant: 0,
    ...counts,
  },
});

/** Prepares nodes that all miss one patch, where the test does not say otherwise. */
const prepare = (nodes: readonly ManagedNode[], more: Partial<PreparationInput> = {}) =>
  prepareNodes({
    policy: resolvedStage(),
    nodes,
    windows: [nightly('default'), nightly('early')],
    baseline: null,
    patchSet: null,
    scans: new Map(nodes.map(({ id }) => [id, facts([openssl('3.0.8-1')])])),
    setAside: new Map(),
    scanned: true,
    firstSeen: () => NOW,
    now: NOW,
    ...more,
  });
const leftOut = (node: ManagedNode, more: Partial<PreparationInput> = {}) => {
  const { leftOut: left, targets } = prepare([node], more);
  expect(targets).toEqual([]);
  return left[0];
};

describe('a node is patched', () => {
  test('in the window of the plan, else of its tag, else in the window default', () => {
    const tagged = managedNode('i-1', { window: 'early' });
    expect(prepare([tagged]).targets).toMatchObject([{ window: 'early' }]);
    expect(prepare([tagged], { policy: resolvedStage({ window: 'default' }) }).targets[0]?.window).toBe('default');
    expect(prepare([managedNode('i-2')]).targets[0]?.window).toBe('default');
  });

  test('in the opening that comes next', () => {
    expect(prepare([managedNode('i-1')]).windows).toMatchObject([
      { window: 'default', opens: '2026-06-11T02:00:00.000Z', closes: '2026-06-11T07:00:00.000Z' },
    ]);
  });

  test('although it is stopped, where the plan starts stopped instances: it is started first', () => {
    const stopped = managedNode('i-1', { state: 'stopped', ping: 'not-registered' });
    const policy = resolvedStage({ stopped: 'start' });
    expect(prepare([stopped], { policy, scans: new Map() }).targets).toMatchObject([{ startFirst: true }]);
  });

  test('although nothing is missing, where a reboot is pending', () => {
    const scans = new Map([['i-1' as NodeId, facts([], { pendingReboot: 1 })]]);
    const { targets, warnings } = prepare([managedNode('i-1')], { scans });
    expect(targets).toHaveLength(1);
    expect(warnings).toEqual(['1 nodes have a reboot pending before anything is installed.']);
  });

  test('although its last scan found nothing missing, where it is stopped and started first', () => {
    const stopped = managedNode('i-1', { state: 'stopped', ping: 'not-registered' });
    const scans = new Map([['i-1' as NodeId, facts([openssl('3.0.8-1', 'Installed')])]]);
    const policy = resolvedStage({ stopped: 'start' });
    expect(prepare([stopped], { policy, scans }).targets).toMatchObject([{ startFirst: true }]);
  });

  test('by what preview knows, although it was never scanned', () => {
    expect(prepare([managedNode('i-1')], { scans: new Map(), scanned: false }).targets).toHaveLength(1);
  });
});

describe('a node is left alone', () => {
  test.each([
    ['an Auto Scaling group replaces it', managedNode('i-1', { autoScalingGroup: 'web' }), 'skipped', 'web'],
    ['its window does not exist', managedNode('i-1', { window: 'erly' }), 'skipped', 'no maintenance window erly'],
    ['it is stopped', managedNode('i-1', { state: 'stopped', ping: 'not-registered' }), 'skipped', 'Stopped'],
    ['nobody knows its system', managedNode('i-1', { os: null }), 'skipped', 'operating system is unknown'],
    ['its agent is silent', managedNode('i-1', { ping: 'connection-lost' }), 'unreachable', 'connection-lost'],
  ])('where %s', (_, node, outcome, reason) => {
    expect(leftOut(node)).toMatchObject({ node: 'i-1', outcome, reason: expect.stringContaining(reason) });
  });

  test('where it could not be scanned', () => {
    expect(leftOut(managedNode('i-1'), { scans: new Map() })).toMatchObject({ outcome: 'unreachable' });
  });

  test('where it was set aside, whatever else is to be said of it, and a warning counts those', () => {
    const by = { node: 'i-1' as NodeId, since: NOW, cycle: 'till-7' as CycleId, stage: 'dev' as StageName };
    const node = managedNode('i-1', { ping: 'connection-lost', autoScalingGroup: 'web' });
    const { account, region } = node;
    const setAside = new Map([[by.node, { ...by, account, region, reason: 'It hung.' }]]);
    expect(leftOut(node, { setAside })).toMatchObject({
      outcome: 'set-aside',
      reason: `Set aside since ${NOW} by stage dev of till-7, until somebody readmits it: It hung.`,
    });
    expect(prepare([node, managedNode('i-2')], { setAside }).warnings).toEqual([
      '1 nodes are set aside, and left alone until somebody readmits them.',
    ]);
  });

  test('where nothing is missing', () => {
    const scans = new Map([['i-1' as NodeId, facts([openssl('3.0.8-1', 'Installed')])]]);
    expect(leftOut(managedNode('i-1'), { scans })).toMatchObject({ outcome: 'already-compliant' });
  });

  test('and a warning counts those without a window', () => {
    const { warnings } = prepare([managedNode('i-1', { window: 'erly' }), managedNode('i-2')]);
    expect(warnings).toEqual(['1 nodes are skipped, since their window does not exist.']);
  });

  test('and a warning names target groups that no zone of the stage is looked at with', () => {
    const node = managedNode('i-1');
    const arn = (region: string) =>
      `arn:aws:elasticloadbalancing:${region}:${node.account}:targetgroup/web/0123456789abcdef`;
    const checks = [{ targetGroup: arn(node.region) }, { targetGroup: arn('ap-south-1') }];
    const policy = resolvedStage({ health: { settle: 0, within: 60_000, checks } });
    expect(prepare([node], { policy }).warnings).toEqual([
      `Target group ${arn('ap-south-1')} is not looked at: no node of the stage is in its account and Region.`,
    ]);
  });
});

describe('after another stage', () => {
  const proven = (version: string) => ({
    patches: { AMAZON_LINUX_2023: [{ id: 'openssl.x86_64', title: `openssl.x86_64:0:${version}`, nodes: 3 }] },
  });

  test('a node gets what it misses and the stage before proved', () => {
    const { targets, installLists } = prepare([managedNode('i-1')], { patchSet: proven('3.0.8-1') });
    expect(targets).toHaveLength(1);
    expect(installLists).toMatchObject([
      { patches: [{ id: 'openssl.x86_64', title: 'openssl.x86_64:0:3.0.8-1' }], untested: [] },
    ]);
  });

  test('an instance that is started first gets what its group gets, and nothing that its baseline has not approved', () => {
    const stopped = managedNode('i-1', { state: 'stopped', ping: 'not-registered' });
    const curl = { id: 'curl.x86_64', title: 'curl.x86_64:0:8.1-1', nodes: 3 };
    const patchSet = { patches: { AMAZON_LINUX_2023: [...proven('3.0.8-1').patches.AMAZON_LINUX_2023, curl] } };
    const input = { patchSet, policy: resolvedStage({ stopped: 'start' }) };
    const names = ({ installLists }: ReturnType<typeof prepare>) => installLists[0]?.patches.map(({ id }) => id);
    expect(names(prepare([stopped, managedNode('i-2')], input))).toEqual(['openssl.x86_64']);
    expect(names(prepare([stopped], { ...input, scans: new Map() }))).toEqual([]);
  });

  test('a node whose missing patches nobody proved is skipped, not called compliant, and they are listed', () => {
    const input = { patchSet: { patches: {} } };
    expect(leftOut(managedNode('i-1'), input)).toMatchObject({
      outcome: 'skipped',
      reason: expect.stringContaining('not proven by the stage before'),
    });
    const { installLists, warnings } = prepare([managedNode('i-1')], input);
    expect(installLists).toMatchObject([{ patches: [], untested: [{ title: 'openssl.x86_64:0:3.0.8-1' }] }]);
    expect(warnings).toEqual(['1 missing patches were not proven by the stage before, and are left alone.']);
  });

  test('lists are made for each location, operating system and patch group', () => {
    const nodes = [
      managedNode('i-1'),
      managedNode('i-2', { region: 'us-east-1' }),
      managedNode('i-3', { patchGroup: 'storefront-batch' }),
      managedNode('i-4'),
    ];
    expect(prepare(nodes, { patchSet: proven('3.0.8-1') }).installLists).toHaveLength(3);
  });

  test('and none are made in a first stage, whose baseline decides', () => {
    expect(prepare([managedNode('i-1')]).installLists).toEqual([]);
  });
});

describe('a delay on Ubuntu, which SSM does not know', () => {
  const DELAYED: PatchBaseline = {
    name: 'test',
    version: 1,
    rules: [{ os: 'any', classification: 'any', severity: 'any', approveAfterDays: 7 }],
    approved: [],
    rejected: [],
  };
  const ubuntu = managedNode('i-1', { os: 'UBUNTU' });
  const missing = { ...openssl(''), id: 'openssl.amd64', title: 'openssl.amd64:3.0.2-0ubuntu1.15' };
  const whenSeen = (firstSeen: string, baseline = DELAYED) =>
    prepare([ubuntu], {
      baseline,
      scans: new Map([[ubuntu.id, facts([missing])]]),
      firstSeen: () => firstSeen as Instant,
    });

  test('counts from when the patch was first seen', () => {
    expect(whenSeen('2026-06-03T11:00:00.000Z').installLists).toMatchObject([{ patches: [{ id: 'openssl.amd64' }] }]);
    expect(whenSeen('2026-06-03T13:00:00.000Z')).toMatchObject({ targets: [], installLists: [{ patches: [] }] });
  });

  test('gives way to what the baseline names', () => {
    const { id } = missing;
    expect(whenSeen('2026-06-10T00:00:00.000Z', { ...DELAYED, approved: [id] }).targets).toHaveLength(1);
    expect(whenSeen('2026-01-01T00:00:00.000Z', { ...DELAYED, rejected: [id] }).targets).toHaveLength(0);
  });
});
