import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ResolvedStage } from '../../domain/documents/types.js';
import { DEFAULT_BATCH_MINUTES, estimatedMinutes, lastStart, windowsNeeded } from '../../domain/estimate.js';
import type { AccountId, Instant, NodeId, Region, ZoneId } from '../../domain/ids.js';
import type { Wave } from '../../domain/manifest.js';
import { resolvedStage } from '../support/stages.js';

const { patch, snapshot, task } = DEFAULT_BATCH_MINUTES;
const wave = (
  sizes: readonly number[],
  maxUnavailable: number,
  at: { account?: string; region?: string; zone?: string } = {},
): Wave => ({
  number: 1,
  window: 'nightly',
  account: (at.account ?? '111122223333') as AccountId,
  region: (at.region ?? 'eu-west-1') as Region,
  zone: (at.zone ?? 'euw1-az1') as ZoneId,
  zoneName: null,
  maxUnavailable,
  batches: sizes.map((size, index) => ({
    number: index + 1,
    os: 'UBUNTU',
    patchGroup: null,
    nodes: Array.from({ length: size }, (_, node) => `i-${index}-${node}` as NodeId),
  })),
});
const minutes = (waves: readonly Wave[], policy: Partial<ResolvedStage> = {}) =>
  estimatedMinutes(waves, resolvedStage(policy));

describe('the estimated time', () => {
  test('is nothing where there is nothing to do', () => {
    expect(minutes([])).toBe(0);
  });

  test('is that of one batch where all batches fit in at once', () => {
    expect(minutes([wave([5, 5], 10)])).toBe(patch);
  });

  test('counts the rounds that maxUnavailable makes, batches kept whole and in order', () => {
    expect(minutes([wave([5, 5], 5)])).toBe(2 * patch);
    expect(minutes([wave([3, 3, 3, 3, 2], 7)])).toBe(3 * patch);
  });

  test('adds up the zones of a Region, and takes the longest of Regions and of accounts', () => {
    const second = wave([2], 2, { zone: 'euw1-az2' });
    const otherAccount = wave([1, 1], 1, { account: '444455556666' });
    const otherRegion = wave([1, 1, 1], 1, { region: 'us-east-1', zone: 'use1-az1' });
    expect(minutes([wave([2], 2), second])).toBe(2 * patch);
    expect(minutes([wave([2], 2), second, otherAccount])).toBe(3 * patch);
    expect(minutes([wave([2], 2), second, otherRegion])).toBe(3 * patch);
  });

  test('adds up Regions that go one after the other', () => {
    const waves = [wave([2, 2], 2), wave([1], 1, { region: 'us-east-1', zone: 'use1-az1' })];
    const oneByOne = { ...resolvedStage().waves, regions: 'one-by-one' } as const;
    expect(minutes(waves)).toBe(2 * patch);
    expect(minutes(waves, { waves: oneByOne })).toBe(3 * patch);
  });

  test('counts snapshots only where they are awaited, and every task of a node', () => {
    const command = { document: 'AWS-RunShellScript', kind: 'command', os: null, parameters: {}, timeout: 1 } as const;
    const tasks = { beforeStage: [command], beforeNode: [command], afterNode: [command], afterStage: [] };
    expect(minutes([wave([2], 2)], { snapshot: 'start' })).toBe(patch);
    expect(minutes([wave([2], 2)], { snapshot: 'await', tasks })).toBe(patch + snapshot + 2 * task);
  });
});

describe('the windows that are needed', () => {
  const needed = (waves: readonly Wave[], open: number | null) =>
    windowsNeeded(waves, resolvedStage(), open === null ? null : open * 60_000);
  const zones = fc.array(
    fc.tuple(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), fc.nat(3)),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  const wavesIn = (each: readonly (readonly [readonly number[], number])[]) =>
    each.map(([sizes, zone]) => wave(sizes, Math.max(...sizes), { zone: `euw1-az${zone}` }));

  test('are one where all fits, also in one that never closes, and none where there is nothing to do', () => {
    expect(needed([wave([2, 2], 2)], 2 * patch)).toBe(1);
    expect(needed([wave([2, 2], 2)], null)).toBe(1);
    expect(needed([], 3 * patch)).toBe(0);
  });

  test('are more where batches are left over, which are never divided', () => {
    expect(needed([wave([2, 2, 2], 2)], 2 * patch)).toBe(2);
    expect(needed([wave([2, 2, 2], 2)], 2 * patch - 1)).toBe(3);
    expect(needed([wave([2, 2, 2], 2)], 1)).toBe(3);
  });

  test('are one exactly where the estimate fits, or one batch is all there is', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: 1, max: 30 * patch }), (each, open) => {
        const waves = wavesIn(each);
        const fits = minutes(waves) <= open;
        expect(needed(waves, open) === 1).toBe(fits || minutes(waves) === patch);
      }),
    );
  });

  test('are never more for a longer window, and their time together is at least the estimate', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: patch, max: 30 * patch }), fc.nat(500), (each, open, more) => {
        const waves = wavesIn(each);
        expect(needed(waves, open + more)).toBeLessThanOrEqual(needed(waves, open));
        expect(needed(waves, open) * open).toBeGreaterThanOrEqual(minutes(waves));
      }),
    );
  });
});

describe('the last start of a batch', () => {
  const at = (time: string) => `2026-06-10T${time}:00.000Z` as Instant;
  const window = (closes: string, cutoff: string) => ({
    window: 'nightly',
    timezone: 'UTC',
    opens: at('02:00'),
    closes: at(closes),
    cutoff: at(cutoff),
  });
  const policy = resolvedStage({ snapshot: 'await' });
  const last = (closes: string, cutoff: string, known: readonly (readonly ['UBUNTU', number])[] = []) =>
    lastStart(wave([2], 2), window(closes, cutoff), policy, new Map(known));

  test('is so long before the end of the window as a batch takes by the stated default', () => {
    expect(last('06:00', '05:30')).toBe(at('04:55'));
  });

  test('or has taken so far', () => {
    expect(last('06:00', '05:30', [['UBUNTU', 40 * 60_000]])).toBe(at('05:20'));
  });

  test('is the cutoff where that comes first, where the window is shorter than a batch, and where it never closes', () => {
    expect(last('06:00', '04:00')).toBeNull();
    expect(last('02:30', '02:20')).toBeNull();
    expect(lastStart(wave([2], 2), { ...window('06:00', '05:00'), closes: null }, policy, new Map())).toBeNull();
  });
});
