import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openings } from '../../domain/calendar/openings.js';
import type { Instant } from '../../domain/ids.js';
import { translateSchedule } from '../../domain/import/schedule.js';

const scheduleOf = (expression: string, offset: number | null = null) => {
  const translated = translateSchedule(expression, offset);
  return 'schedule' in translated ? translated.schedule : translated.code;
};

describe('a schedule of SSM', () => {
  test.each([
    ['cron(0 2 ? * SUN *)', null, { cron: '0 2 * * SUN' }],
    ['cron(0 2 ? * 1 *)', null, { cron: '0 2 * * SUN' }],
    ['cron(0/15 22 ? * MON-FRI *)', null, { cron: '*/15 22 * * MON,TUE,WED,THU,FRI' }],
    ['cron(0 0 2 ? * THU *)', null, { cron: '0 2 * * THU' }],
    ['cron(30 23 ? * TUE#3 *)', 2, { nth: 3, weekday: 'TUE', plusDays: 2, at: '23:30' }],
    ['cron(0 2 ? JAN,JUL TUE#2 *)', null, { cron: '0 2 * 1,7 TUE#2' }],
    ['cron(15 10 ? * 6L *)', null, { cron: '15 10 * * FRI#L' }],
    ['cron(0 4 L * ? *)', null, { cron: '0 4 L * *' }],
    ['cron(0 2 ? * SAT *)', 3, { cron: '0 2 * * TUE' }],
    ['cron(0 12 * * ? *)', 4, { cron: '0 12 * * *' }],
  ])('%s, offset %p', (expression, offset, schedule) => {
    expect(scheduleOf(expression, offset)).toEqual(schedule);
  });

  test.each([
    ['rate(7 days)', null, 'window-rate'],
    ['at(2026-12-27T01:00:00)', null, 'window-once'],
    ['cron(0 2 15W * ? *)', null, 'window-cron'],
    ['cron(0 2 ? * SUN 2027)', null, 'window-cron'],
    ['cron(30 0 2 ? * SUN *)', null, 'window-cron'],
    ['cron(0 2 1 * SUN *)', null, 'window-cron'],
    ['cron(0 2 1 * ? *)', 2, 'window-cron'],
    ['cron(0 2 ? JAN SUN *)', 2, 'window-cron'],
    ['cron(0 2 ? * L *)', null, 'window-cron'],
    ['cron(0 2 ? * SAT-MON *)', null, 'window-cron'],
    ['cron(0 2)', null, 'window-cron'],
  ])('%s, offset %p, has no words here', (expression, offset, code) => {
    expect(scheduleOf(expression, offset)).toBe(code);
  });
});

const DAY = 86_400_000;
const FROM = Date.UTC(2026, 0, 1);
const NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** What a day of an expression may look like, and the days of UTC that it means, written apart from the translation. */
const anyDay = fc.oneof(
  fc.constant({ day: '*', weekday: '?', matches: () => true }),
  fc
    .integer({ min: 1, max: 31 })
    .map((of) => ({ day: String(of), weekday: '?', matches: (at: Date) => at.getUTCDate() === of })),
  fc.constant({
    day: 'L',
    weekday: '?',
    matches: (at: Date) => new Date(at.getTime() + DAY).getUTCDate() === 1,
  }),
  fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }).map((of) => ({
    day: '?',
    weekday: of.join(','),
    matches: (at: Date) => of.includes(at.getUTCDay() + 1),
  })),
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 5 })).map(([of, nth]) => ({
    day: '?',
    weekday: `${NAMES[of]}#${nth}`,
    matches: (at: Date) => at.getUTCDay() === of && Math.ceil(at.getUTCDate() / 7) === nth,
  })),
  fc.integer({ min: 0, max: 6 }).map((of) => ({
    day: '?',
    weekday: `${of + 1}L`,
    matches: (at: Date) => at.getUTCDay() === of && new Date(at.getTime() + 7 * DAY).getUTCMonth() !== at.getUTCMonth(),
  })),
);
const anyMonths = fc.oneof(fc.constant(null), fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1 }));

test('whatever is translated opens when SSM would open it', () => {
  fc.assert(
    fc.property(
      anyDay,
      anyMonths,
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 23 }),
      fc.constantFrom(null, 1, 3, 6),
      ({ day, weekday, matches }, months, minute, hour, offset) => {
        const expression = `cron(${minute} ${hour} ${day} ${months?.join(',') ?? '*'} ${weekday} *)`;
        const translated = translateSchedule(expression, offset);
        fc.pre('schedule' in translated);
        if (!('schedule' in translated)) return;
        const expected: string[] = [];
        // From a week before, since an offset leads over the border.
        for (let at = FROM - 7 * DAY; expected.length < 8 && at < FROM + 3_000 * DAY; at += DAY) {
          const date = new Date(at);
          const opens = at + (offset ?? 0) * DAY + hour * 3_600_000 + minute * 60_000;
          if ((months?.includes(date.getUTCMonth() + 1) ?? true) && matches(date) && opens >= FROM)
            expected.push(new Date(opens).toISOString());
        }
        const found: string[] = [];
        for (const opens of openings(translated.schedule, 'UTC', new Date(FROM).toISOString() as Instant)) {
          if (found.push(opens) >= expected.length) break;
        }
        expect(found).toEqual(expected);
      },
    ),
  );
});
