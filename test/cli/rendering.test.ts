import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { differences } from '../../cli/differences.js';
import { cycleFrame } from '../../cli/render/cycle.js';
import { bar } from '../../cli/render/states.js';
import { table } from '../../cli/render/table.js';
import { lengthOfLine, painted, wrapped } from '../../cli/render/text.js';
import { countdown, localTime, span } from '../../cli/render/time.js';
import { counts, cycle } from './example-cycle.js';

const NO_COLOURS = picocolors.createColors(false);
const NOW = Date.parse('2026-11-22T18:30:00Z');

describe('Times', () => {
  test.each([
    ['today, in London', '2026-11-22T21:05:00Z', 'Europe/London', '21:05 GMT'],
    ['another day there, though today in UTC', '2026-11-22T21:05:00Z', 'Asia/Tokyo', '06:05 GMT+9'],
    ['another day', '2026-12-01T09:00:00Z', 'UTC', 'Tue 1 Dec 2026, 09:00 UTC'],
  ])('%s', (_what, instant, timeZone, shown) => {
    expect(localTime(instant, { now: NOW, timeZone })).toBe(shown);
  });

  test.each([
    [0, '0 s'],
    [-5_000, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [270_000, '4 min 30 s'],
    [7_200_000, '2 h'],
    [255_600_000, '2 d 23 h'],
  ])('%i ms are %s', (milliseconds, shown) => {
    expect(span(milliseconds)).toBe(shown);
  });

  test('a countdown ends with now', () => {
    expect(countdown('2026-11-22T18:30:30Z', { now: NOW, timeZone: 'UTC' })).toBe('in 30 s');
    expect(countdown('2026-11-22T18:30:00Z', { now: NOW, timeZone: 'UTC' })).toBe('now');
  });
});

const someCounts = fc
  .tuple(fc.nat(2_000), fc.nat(2_000), fc.nat(2_000), fc.nat(2_000))
  .map(([patched, failed, skipped, pending]) =>
    counts(patched + failed + skipped + pending, { patched, failed, skipped }),
  );

describe('Pictures', () => {
  test('a bar is as wide as it is told to be, whatever it shows', () => {
    fc.assert(
      fc.property(
        someCounts,
        fc.integer({ min: 1, max: 60 }),
        (nodes, width) => lengthOfLine(bar(nodes, width)) === width,
      ),
    );
  });

  test('a bar shows one failure among thousands, and is full where nothing is left to do', () => {
    const text = (nodes: ReturnType<typeof counts>) => bar(nodes, 10).map(([cells]) => cells);
    expect(text(counts(5_000, { patched: 10, failed: 1 }))).toEqual(['', '█', '', '░'.repeat(9)]);
    expect(text(counts(3, { patched: 2, failed: 1 }))).toEqual(['█'.repeat(7), '█'.repeat(3), '', '']);
  });

  test('a line is never wider than its width', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string())), fc.integer({ min: 1, max: 80 }), (line, width) =>
        expect(Array.from(painted(line, NO_COLOURS, width)).length).toBeLessThanOrEqual(width),
      ),
    );
  });

  test('a picture of a cycle is never higher than there is room for, down to its stages', () => {
    const clock = { now: NOW, timeZone: 'UTC' };
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 40 }), (height) =>
        expect(cycleFrame(cycle(), { clock, width: 80, height }).length).toBeLessThanOrEqual(height),
      ),
    );
  });

  test('wrapped text keeps its words', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) =>
        expect(wrapped(words.join(' '), 20).join(' ')).toBe(words.join(' ')),
      ),
    );
  });

  test('a table cuts the columns that give way, and no others', () => {
    const text = table(
      [{ title: 'NAME' }, { title: 'WHY', givesWay: true }],
      [['storefront-prod-web-06', 'a reason that is much longer than there is room for']],
      { colours: NO_COLOURS, width: 40 },
    );
    expect(text.split('\n')).toEqual(['NAME                    WHY', 'storefront-prod-web-06  a reason that i…']);
  });
});

describe('Differences', () => {
  test('are none between a value and itself', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(differences(value, structuredClone(value))).toEqual([])));
  });

  test('are some between values that are not the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        fc.pre(JSON.stringify(before) !== JSON.stringify(after) && Object.keys(Object(before)).length > 0);
        fc.pre(typeof before !== typeof after);
        expect(differences(before, after)).not.toEqual([]);
      }),
    );
  });

  test('in lists of what has names go by name, and tell of another order', () => {
    const [dev, prod] = [{ name: 'dev', soak: 'PT5S' }, { name: 'prod' }];
    expect(differences({ stages: [dev, prod] }, { stages: [{ ...dev, soak: 'PT1H' }, prod] })).toEqual([
      { path: 'stages[dev].soak', before: 'PT5S', after: 'PT1H' },
    ]);
    expect(differences([dev, prod], [prod, dev])).toEqual([{ path: '', before: 'dev, prod', after: 'prod, dev' }]);
  });

  test('tell of what is empty on one side', () => {
    expect(differences({ a: {} }, { a: { b: 1 } })).toEqual([{ path: 'a.b', before: undefined, after: 1 }]);
    expect(differences({ a: [] }, {})).toEqual([{ path: 'a', before: [], after: undefined }]);
  });
});
