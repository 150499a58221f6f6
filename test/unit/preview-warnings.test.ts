import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { approvalGapDays } from '../../domain/approval-gap.js';
import type { PatchBaseline } from '../../domain/documents/types.js';
import type { OperatingSystem } from '../../domain/fleet.js';
import type { Instant } from '../../domain/ids.js';
import type { PreviewStage } from '../../domain/preview.js';
import { soakWarning, windowWarnings } from '../../domain/preview-warnings.js';
import { managedNode } from '../support/nodes.js';
import { resolvedStage } from '../support/stages.js';

const DAY = 86_400_000;
type Rule = PatchBaseline['rules'][number];
const rule = (approveAfterDays: number, more: Partial<Rule> = {}): Rule => ({
  os: 'any',
  classification: 'any',
  severity: 'any',
  approveAfterDays,
  ...more,
});
const baseline = (...rules: readonly Rule[]): PatchBaseline => ({
  name: 'some',
  version: 1,
  rules,
  approved: [],
  rejected: [],
});
const gap = (earlier: PatchBaseline | null, later: PatchBaseline | null, os: OperatingSystem = 'AMAZON_LINUX_2023') =>
  approvalGapDays(earlier, later, [os]);

describe('the gap between the approval delays of two baselines', () => {
  test('is the longest of any kind of patch', () => {
    const test7 = baseline(rule(0, { classification: 'security', severity: 'critical' }), rule(7));
    const prod14 = baseline(rule(0, { classification: 'security', severity: 'critical' }), rule(14));

    expect(gap(null, test7)).toBe(7);
    expect(gap(test7, prod14)).toBe(7);
    expect(gap(null, prod14)).toBe(14);
  });

  test('is nothing where the later one approves as early, or never, or what the earlier one never does', () => {
    const security = baseline(rule(5, { classification: 'security' }));

    expect(gap(baseline(rule(14)), baseline(rule(7)))).toBe(0);
    expect(gap(null, null)).toBe(0);
    expect(gap(baseline(rule(0, { classification: 'bugfix' })), security)).toBe(0);
    expect(gap(baseline(rule(0)), baseline(rule(9, { os: 'WINDOWS' })))).toBe(0);
    expect(gap(baseline(rule(0)), baseline(rule(9, { os: 'WINDOWS' })), 'WINDOWS')).toBe(9);
  });

  test('knows one word for what systems call differently', () => {
    const security = baseline(rule(6, { classification: 'security' }));

    expect(gap(baseline(rule(1, { classification: 'SecurityUpdates' })), security, 'WINDOWS')).toBe(5);
  });

  test('is never more than the later delay, and nothing between a baseline and itself', () => {
    const rules = fc.array(
      fc.record({
        os: fc.constant('any' as const),
        classification: fc.constantFrom('any', 'security', 'bugfix'),
        severity: fc.constantFrom('any', 'critical', 'low'),
        approveAfterDays: fc.integer({ min: 0, max: 360 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(rules, rules, (some, others) => {
        const [earlier, later] = [baseline(...some), baseline(...others)];
        expect(gap(earlier, earlier)).toBe(0);
        expect(gap(earlier, later)).toBeLessThanOrEqual(Math.max(0, ...others.map((each) => each.approveAfterDays)));
      }),
    );
  });
});

describe('a soak that is too short', () => {
  const nodes = [managedNode('i-1')];
  const warned = (soak: number) =>
    soakWarning(
      { policy: resolvedStage({ soak, baseline: 'test' }), baseline: baseline(rule(7)) },
      { policy: resolvedStage({ baseline: 'prod' }), baseline: baseline(rule(14)), nodes },
    );

  test('is warned of, one as long as the gap is not', () => {
    expect(warned(5 * DAY)).toContain('(P5D) is shorter than the gap of P7D');
    expect(warned(7 * DAY)).toBeNull();
  });
});

describe('a window that is too short', () => {
  const opening = (more: Partial<PreviewStage['windows'][number]>): PreviewStage['windows'][number] => ({
    window: 'nightly',
    timezone: 'UTC',
    opens: '2026-06-10T02:00:00.000Z' as Instant,
    closes: '2026-06-10T06:00:00.000Z' as Instant,
    cutoff: '2026-06-10T05:00:00.000Z' as Instant,
    nodes: 40,
    opensLocal: '',
    closesLocal: null,
    estimatedMinutes: 450,
    fitsBeforeCutoff: false,
    windowsNeeded: 3,
    ...more,
  });
  const warned = (more: Partial<PreviewStage['windows'][number]>, windows = 3) =>
    windowWarnings([opening(more)], resolvedStage({ carryOver: { windows, doneAt: { percent: 100 } } }));

  test('is warned of with the openings that it takes, and with the question that comes before', () => {
    expect(warned({})).toEqual([
      'Window nightly is too short for its nodes: 40 take about PT7H30M, and it is open for PT3H before its cutoff. They need 3 openings of it, the rest is carried over each time.',
    ]);
    expect(warned({}, 1)[0]).toMatch(/After 2 an operator is asked \(carryOver\.windows\)\.$/);
  });

  test('and where one batch alone is too long for it', () => {
    expect(warned({ windowsNeeded: 1 })[0]).toMatch(/A batch that has begun is finished after it\.$/);
  });

  test('nothing is said of one in which all fits, or that never closes', () => {
    expect(warned({ fitsBeforeCutoff: true })).toEqual([]);
    expect(warned({ cutoff: null, closes: null })).toEqual([]);
  });
});
