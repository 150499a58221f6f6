import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodeLimit } from '../../domain/documents/types.js';
import type { OperatingSystem } from '../../domain/fleet.js';
import { type AccountId, HYBRID, type Instant, type NodeId, type Region, type ZoneId } from '../../domain/ids.js';
import type { Target, WindowOccurrence } from '../../domain/manifest.js';
import { failureLimit, planWaves, waveSummary } from '../../domain/waves.js';

const target = (number: number, more: Partial<Record<keyof Target, string>> = {}): Target => ({
  node: `i-${String(number).padStart(4, '0')}` as NodeId,
  kind: 'ec2',
  name: `node ${number}`,
  account: (more.account ?? '111122223333') as AccountId,
  region: (more.region ?? 'eu-west-1') as Region,
  zone: (more.zone ?? 'euw1-az1') as ZoneId,
  zoneName: null,
  os: (more.os ?? 'AMAZON_LINUX_2023') as OperatingSystem,
  patchGroup: more.patchGroup ?? 'storefront-prod',
  window: more.window ?? 'early',
  startFirst: false,
});
const many = (count: number, more?: Parameters<typeof target>[1]) =>
  Array.from({ length: count }, (_, index) => target(index + 1, more));
const occurrence = (window: string, opens: string): WindowOccurrence => ({
  window,
  timezone: 'UTC',
  opens: opens as Instant,
  closes: null,
  cutoff: null,
});
const EARLY = occurrence('early', '2026-06-01T02:00:00Z');
const LATE = occurrence('late', '2026-06-02T02:00:00Z');
const WINDOWS = [LATE, EARLY];
const policy = (maxUnavailable: NodeLimit) => ({ maxUnavailable });
const sizes = (targets: Target[], limit: NodeLimit) =>
  planWaves(targets, WINDOWS, policy(limit)).flatMap((wave) => waveSummary(wave, EARLY).batches);

describe('waves', () => {
  test('are numbered as their windows open, then by Region, zone with hybrid last, and account', () => {
    const waves = planWaves(
      [
        target(1, { window: 'late' }),
        target(2, { zone: HYBRID }),
        target(3, { zone: 'euw1-az2', account: '222233334444' }),
        target(4, { zone: 'euw1-az2' }),
        target(5, { region: 'ap-south-1', zone: 'aps1-az1' }),
        target(6, { zone: 'use1-az1' }),
      ],
      WINDOWS,
      policy({ percent: 25 }),
    );
    expect(waves.map(({ number, batches }) => [number, batches[0]?.nodes[0]])).toEqual([
      [1, 'i-0005'],
      [2, 'i-0004'],
      [3, 'i-0003'],
      [4, 'i-0006'],
      [5, 'i-0002'],
      [6, 'i-0001'],
    ]);
  });

  test('let a share of their nodes be out of service, rounded up, at least one', () => {
    const [wave] = planWaves(many(9), WINDOWS, policy({ percent: 25 }));
    expect(wave?.maxUnavailable).toBe(3);
    expect(planWaves(many(3), WINDOWS, policy({ percent: 1 }))[0]?.maxUnavailable).toBe(1);
    expect(planWaves(many(3), WINDOWS, policy({ nodes: 10 }))[0]?.maxUnavailable).toBe(3);
  });

  test('have balanced batches of one system and patch group, in the order of node ids', () => {
    expect(sizes(many(101), { percent: 100 })).toEqual([34, 34, 33]);
    expect(sizes(many(10), { nodes: 4 })).toEqual([4, 3, 3]);
    const [wave] = planWaves(
      [target(4, { os: 'UBUNTU' }), target(3), target(2, { patchGroup: 'other' }), target(1)],
      WINDOWS,
      policy({ percent: 100 }),
    );
    expect(wave?.batches).toEqual([
      { number: 1, os: 'AMAZON_LINUX_2023', patchGroup: 'other', nodes: ['i-0002'] },
      { number: 2, os: 'AMAZON_LINUX_2023', patchGroup: 'storefront-prod', nodes: ['i-0001', 'i-0003'] },
      { number: 3, os: 'UBUNTU', patchGroup: 'storefront-prod', nodes: ['i-0004'] },
    ]);
  });

  test('are refused for a node whose window has no occurrence', () => {
    expect(() => planWaves([target(1, { window: 'never' })], WINDOWS, policy({ nodes: 1 }))).toThrow(/never/);
  });

  test('are summed up for the workflow', () => {
    const [wave] = planWaves(many(5), WINDOWS, policy({ nodes: 2 }));
    expect(wave && waveSummary(wave, EARLY)).toEqual({
      number: 1,
      window: 'early',
      account: '111122223333',
      region: 'eu-west-1',
      zone: 'euw1-az1',
      zoneName: null,
      opens: EARLY.opens,
      cutoff: null,
      maxUnavailable: 2,
      nodes: 5,
      batches: [2, 2, 1],
    });
  });

  const fleet = fc
    .array(
      fc.record({
        account: fc.constantFrom('111122223333', '222233334444'),
        zone: fc.constantFrom('euw1-az1', 'euw1-az2', 'hybrid'),
        os: fc.constantFrom('UBUNTU', 'WINDOWS'),
        patchGroup: fc.constantFrom('a', 'b'),
        window: fc.constantFrom('early', 'late'),
      }),
      { maxLength: 300 },
    )
    .map((drawn) => drawn.map((more, index) => target(index, more)));
  const limit: fc.Arbitrary<NodeLimit> = fc.oneof(
    fc.record({ nodes: fc.integer({ min: 1, max: 80 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  );

  test('hold every target in exactly one batch, no batch over its limits or of two kinds', () => {
    fc.assert(
      fc.property(fleet, limit, (targets, maxUnavailable) => {
        const byId = new Map(targets.map((it) => [it.node, it]));
        const waves = planWaves(targets, WINDOWS, policy(maxUnavailable));
        expect(waves.map(({ number }) => number)).toEqual(waves.map((_, index) => index + 1));
        for (const wave of waves) {
          expect(wave.batches.map(({ number }) => number)).toEqual(wave.batches.map((_, index) => index + 1));
          for (const batch of wave.batches) {
            expect(batch.nodes.length).toBeGreaterThan(0);
            expect(batch.nodes.length).toBeLessThanOrEqual(Math.min(50, wave.maxUnavailable));
            for (const node of batch.nodes) {
              const { window, account, region, zone } = wave;
              expect(byId.get(node)).toMatchObject({
                window,
                account,
                region,
                zone,
                os: batch.os,
                patchGroup: batch.patchGroup,
              });
            }
          }
        }
        const placed = waves.flatMap((wave) => wave.batches.flatMap((batch) => batch.nodes));
        expect([...placed].sort()).toEqual(targets.map((it) => it.node));
      }),
    );
  });

  test('do not depend on the order of the targets', () => {
    fc.assert(
      fc.property(fleet, limit, fc.infiniteStream(fc.nat()), (targets, maxUnavailable, keys) => {
        const shuffled = targets
          .map((it) => ({ it, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ it }) => it);
        expect(planWaves(shuffled, [...WINDOWS].reverse(), policy(maxUnavailable))).toEqual(
          planWaves(targets, WINDOWS, policy(maxUnavailable)),
        );
      }),
    );
  });
});

test.each([
  [{ percent: 10 }, 60, 6],
  [{ percent: 10 }, 61, 7],
  [{ percent: 7 }, 100, 7],
  [{ percent: 10 }, 3, 1],
  [{ percent: 10 }, 0, 1],
  [{ nodes: 3 }, 60, 3],
])('a stage pauses at %j failures: of %i nodes at %i', (limit, nodes, failures) => {
  expect(failureLimit(limit, nodes)).toBe(failures);
});
