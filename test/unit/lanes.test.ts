import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AccountId, HYBRID, type Instant, type Region, type ZoneId } from '../../domain/ids.js';
import { firstCutoff, nextRegion, nextTurn } from '../../domain/lanes.js';
import type { WaveSummary } from '../../domain/manifest.js';

const at = (hour: number): number => Date.UTC(2026, 5, 1, hour);
const instant = (hour: number): Instant => new Date(at(hour)).toISOString() as Instant;
const wave = (number: number, zone: string, opens = 2, cutoff: number | null = 5): WaveSummary => ({
  number,
  window: 'nightly',
  opens: instant(opens),
  cutoff: cutoff === null ? null : instant(cutoff),
  account: '111122223333' as AccountId,
  region: 'eu-west-1' as Region,
  zone: zone as ZoneId,
  zoneName: null,
  maxUnavailable: 1,
  nodes: 1,
  batches: [1],
});

describe("a Region's next turn", () => {
  test('is to wait until the first window opens', () => {
    expect(nextTurn([wave(1, 'euw1-az1', 4), wave(2, 'euw1-az2', 3)], at(1))).toEqual({
      kind: 'wait',
      until: at(3),
      cutOff: [],
    });
  });

  test('is all open waves of one zone, over accounts and windows', () => {
    const other = { ...wave(3, 'euw1-az2'), nodes: 3 };
    const pending = [other, wave(2, 'euw1-az1'), wave(1, 'euw1-az1', 1), wave(4, 'euw1-az1', 4, 6)];
    expect(nextTurn(pending, at(2))).toEqual({ kind: 'run', waves: [1, 2], cutOff: [] });
  });

  test('goes to the zone whose cutoff comes first, a window without cutoff last', () => {
    const pending = [wave(1, 'euw1-az1', 1, null), wave(2, 'euw1-az2', 1, 9), wave(3, 'euw1-az3', 1, 5)];
    expect(nextTurn(pending, at(2))).toMatchObject({ waves: [3] });
    expect(nextTurn(pending.slice(0, 2), at(2))).toMatchObject({ waves: [2] });
  });

  test('goes to the zone with the fewest nodes, over its accounts, among zones with the same cutoff', () => {
    const [large, small] = [
      { ...wave(1, 'euw1-az1'), nodes: 3 },
      { ...wave(2, 'euw1-az2'), nodes: 2 },
    ];
    expect(nextTurn([large, small], at(2))).toMatchObject({ waves: [2] });
    expect(nextTurn([large, small, { ...wave(3, 'euw1-az2'), nodes: 2 }], at(2))).toMatchObject({ waves: [1] });
  });

  test('goes to hybrid nodes last among zones with the same cutoff', () => {
    expect(nextTurn([wave(1, HYBRID), wave(2, 'use1-az1')], at(2))).toMatchObject({ waves: [2] });
  });

  test('leaves out waves at or past their cutoff, and names them', () => {
    expect(nextTurn([wave(1, 'euw1-az1', 2, 5), wave(2, 'euw1-az2', 2, 6)], at(5))).toEqual({
      kind: 'run',
      waves: [2],
      cutOff: [1],
    });
    expect(nextTurn([wave(1, 'euw1-az1', 2, 5)], at(5))).toEqual({ kind: 'done', cutOff: [1] });
    expect(nextTurn([], at(5))).toEqual({ kind: 'done', cutOff: [] });
  });

  test('leaves out waves of which no batch would end before the window does, though the cutoff has not come', () => {
    const late = { ...wave(1, 'euw1-az1', 2, 6), lastStart: instant(4) };
    expect(nextTurn([late], at(3))).toMatchObject({ kind: 'run', waves: [1] });
    expect(nextTurn([late], at(5))).toEqual({ kind: 'done', cutOff: [1] });
  });

  const waves = fc
    .array(
      fc.record({
        zone: fc.constantFrom('z1', 'z2', 'hybrid'),
        opens: fc.integer({ min: 0, max: 9 }),
        length: fc.option(fc.integer({ min: 1, max: 6 })),
      }),
    )
    .map((drawn) =>
      drawn.map(({ zone, opens, length }, index) =>
        wave(index + 1, zone, opens, length === null ? null : opens + length),
      ),
    );

  test('taken again and again, begins or cuts off every wave exactly once, never two zones at once, always within its window', () => {
    fc.assert(
      fc.property(waves, fc.integer({ min: 1, max: 4 }), (drawn, hoursPerTurn) => {
        let pending = drawn;
        let now = at(0);
        const settled: number[] = [];
        for (let turns = 0; turns <= 2 * drawn.length + 1; turns += 1) {
          const turn = nextTurn(pending, now);
          const begun = turn.kind === 'run' ? turn.waves : [];
          const chosen = pending.filter(({ number }) => begun.includes(number));
          expect(new Set(chosen.map(({ zone }) => zone)).size).toBeLessThanOrEqual(1);
          for (const { opens, cutoff } of chosen) {
            expect(Date.parse(opens)).toBeLessThanOrEqual(now);
            if (cutoff !== null) expect(now).toBeLessThan(Date.parse(cutoff));
          }
          settled.push(...begun, ...turn.cutOff);
          pending = pending.filter(({ number }) => !settled.includes(number));
          if (turn.kind === 'done') break;
          if (turn.kind === 'wait') expect(turn.until).toBeGreaterThan(now);
          now = turn.kind === 'wait' ? turn.until : now + hoursPerTurn * (at(1) - at(0));
        }
        expect([...settled].sort((a, b) => a - b)).toEqual(drawn.map(({ number }) => number));
      }),
    );
  });
});

describe('where Regions go one after the other, the next', () => {
  const [ireland, virginia, tokyo] = ['eu-west-1', 'us-east-1', 'ap-northeast-1'] as Region[];
  const turn = (region: Region | undefined, pending: readonly WaveSummary[], begun = false) => ({
    region: region as Region,
    begun,
    pending,
  });

  test('is the one whose window opened first, then the smallest, then by name', () => {
    const large = { ...wave(1, 'z1', 1), nodes: 3 };
    expect(nextRegion([turn(virginia, [wave(1, 'z1', 2)]), turn(ireland, [large])], at(3))).toBe(ireland);
    expect(nextRegion([turn(ireland, [large]), turn(virginia, [wave(1, 'z1', 1)])], at(3))).toBe(virginia);
    const alike = [wave(1, 'z1', 1)];
    expect(nextRegion([turn(ireland, alike), turn(tokyo, alike)], at(3))).toBe(tokyo);
  });

  test('is the one that has begun, as long as it has a window open', () => {
    const begun = turn(ireland, [wave(1, 'z1', 2), wave(2, 'z2', 2)], true);
    expect(nextRegion([turn(virginia, [wave(1, 'z1', 1)]), begun], at(3))).toBe(ireland);
    const waits = turn(ireland, [wave(1, 'z1', 8, 9)], true);
    expect(nextRegion([turn(virginia, [wave(1, 'z1', 1)]), waits], at(3))).toBe(virginia);
    expect(nextRegion([waits], at(3))).toBeNull();
    expect(nextRegion([], at(3))).toBeNull();
  });

  test('is always one that can begin something now, and there is one where any can', () => {
    const waves = fc.array(fc.tuple(fc.constantFrom('z1', 'z2'), fc.integer({ min: 0, max: 9 })), { maxLength: 4 });
    const regions = fc.array(fc.tuple(waves, fc.boolean()), { maxLength: 4 });
    fc.assert(
      fc.property(regions, fc.integer({ min: 0, max: 12 }), (drawn, hour) => {
        const turns = drawn.map(([of, begun], index) =>
          turn(
            `region-${index}` as Region,
            of.map(([zone, opens], number) => wave(number + 1, zone, opens, opens + 2)),
            begun,
          ),
        );
        const able = turns.filter(({ pending }) => nextTurn(pending, at(hour)).kind === 'run');
        const next = nextRegion(turns, at(hour));
        if (able.length === 0) expect(next).toBeNull();
        else expect(able.map(({ region }) => region)).toContain(next);
      }),
    );
  });

  test('has to begin before the first cutoff of its waves', () => {
    expect(firstCutoff([wave(1, 'z1', 1, 6), wave(2, 'z1', 1, 5), wave(3, 'z1', 1, null)])).toBe(at(5));
    expect(firstCutoff([wave(3, 'z1', 1, null)])).toBeNull();
  });
});
