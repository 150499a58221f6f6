import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { cronProblem } from '../../domain/calendar/cron.js';
import { openings } from '../../domain/calendar/openings.js';
import { fires as firesByItself, isStart, nextStarts, scheduleSpec } from '../../domain/calendar/starts.js';
import { isTimezone, localDateTime, localTime } from '../../domain/calendar/timezone.js';
import { occurrence, occurrences, windowDuration } from '../../domain/calendar/windows.js';
import type { MaintenanceWindow, PlanStart } from '../../domain/documents/types.js';
import type { Instant } from '../../domain/ids.js';

const at = (text: string) => new Date(text).toISOString() as Instant;
const hours = (count: number) => count * 3_600_000;
const windowOf = (more: Partial<MaintenanceWindow>): MaintenanceWindow => ({
  name: 'prod-a',
  version: 1,
  schedule: { cron: '0 2 * * SUN' },
  timezone: 'Europe/London',
  duration: hours(5),
  cutoff: hours(1),
  ...more,
});
const take = (recurrence: Parameters<typeof openings>[0], timezone: string, from: string, count: number) => {
  const found: string[] = [];
  for (const instant of openings(recurrence, timezone, at(from))) {
    found.push(instant);
    if (found.length === count) break;
  }
  return found;
};

const ZONES = [
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/New_York',
  'America/Nuuk',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Europe/London',
  'Pacific/Apia',
  'Pacific/Chatham',
  'UTC',
];
const zone = fc.constantFrom(...ZONES);
const timeOfDay = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 1, 15, 30, 45, 59))
  .map(([hour, minute]) => ({ hour, minute }));
const year = fc.integer({ min: 2024, max: 2032 });

describe('openings', () => {
  it('exist exactly once for every day of a year in every zone, at the scheduled local time except in a gap', () => {
    fc.assert(
      fc.property(zone, timeOfDay, year, (timezone, time, inYear) => {
        const wanted = new Temporal.PlainTime(time.hour, time.minute);
        const firstDay = new Temporal.PlainDate(inYear, 1, 1);
        const from = firstDay.toZonedDateTime({ timeZone: timezone }).toInstant().toString();
        const found = take({ cron: `${time.minute} ${time.hour} * * *` }, timezone, from, firstDay.daysInYear);
        let last = Number.NEGATIVE_INFINITY;
        for (const [index, instant] of found.entries()) {
          const epoch = Date.parse(instant);
          expect(epoch).toBeGreaterThan(last);
          last = epoch;
          const scheduled = firstDay.add({ days: index }).toPlainDateTime(wanted);
          const local = localDateTime(instant as Instant, timezone);
          if (local.equals(scheduled)) {
            const earlier = scheduled.toZonedDateTime(timezone, { disambiguation: 'earlier' });
            expect(epoch).toBe(earlier.epochMilliseconds);
          } else {
            expect(() => scheduled.toZonedDateTime(timezone, { disambiguation: 'reject' })).toThrow();
            expect(Temporal.PlainDateTime.compare(local, scheduled)).toBe(1);
            const justBefore = localDateTime(at(new Date(epoch - 1).toISOString()), timezone);
            expect(Temporal.PlainDateTime.compare(justBefore, scheduled)).toBe(-1);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('do not depend on where one starts to look', () => {
    fc.assert(
      fc.property(zone, timeOfDay, fc.integer({ min: 0, max: 365 * 24 * 60 }), (timezone, time, minutes) => {
        const cron = { cron: `${time.minute} ${time.hour} * * *` };
        const from = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000).toISOString();
        const [next] = take(cron, timezone, from, 1);
        const all = take(cron, timezone, '2025-12-30T00:00:00Z', 372);
        expect(next).toBe(all.find((instant) => instant >= from));
      }),
      { numRuns: 60 },
    );
  });

  it('in the missing hour move to the first instant after the gap', () => {
    expect(take({ cron: '30 1 * * *' }, 'Europe/London', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(take({ cron: '15 2 * * *' }, 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 1)).toEqual([
      '2026-10-03T15:30:00.000Z',
    ]);
  });

  it('in the doubled hour are the first of the two, also when one looks from between them', () => {
    expect(take({ cron: '30 1 * * *' }, 'Europe/London', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
    expect(take({ cron: '30 1 * * *' }, 'Europe/London', '2026-10-25T00:45:00Z', 1)).toEqual([
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  it('of several times a day that fall into one gap happen once', () => {
    expect(take({ cron: '0,20,40 1,2 29 3 *' }, 'Europe/London', '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T01:20:00.000Z',
      '2026-03-29T01:40:00.000Z',
    ]);
  });

  it('on the nth weekday plus days cross into the next month', () => {
    const rule = { nth: 4, weekday: 'THU', plusDays: 9, at: '02:00' } as const;
    expect(take(rule, 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-03T02:00:00.000Z',
      '2026-01-31T02:00:00.000Z',
      '2026-03-07T02:00:00.000Z',
    ]);
  });

  it('on the fifth weekday leave out the months that have none', () => {
    const rule = { nth: 5, weekday: 'FRI', plusDays: 0, at: '23:00' } as const;
    expect(take(rule, 'UTC', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-30T23:00:00.000Z',
      '2026-05-29T23:00:00.000Z',
      '2026-07-31T23:00:00.000Z',
    ]);
  });

  it('on the nth weekday plus days happen once for every month, whatever the days', () => {
    fc.assert(
      fc.property(
        zone,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 31 }),
        timeOfDay,
        (timezone, nth, plusDays, { hour, minute }) => {
          const at = new Temporal.PlainTime(hour, minute).toString({ smallestUnit: 'minute' });
          const found = take({ nth, weekday: 'TUE', plusDays, at }, timezone, '2026-01-01T00:00:00Z', 24);
          const months = found.map((instant) => {
            const day = localDateTime(instant as Instant, timezone)
              .toPlainDate()
              .subtract({ days: plusDays });
            return day.toPlainYearMonth().toString();
          });
          const first = Temporal.PlainYearMonth.from(months[0] ?? '');
          expect(months).toEqual(months.map((_, index) => first.add({ months: index }).toString()));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('occurrence', () => {
  it('is the one that is open while its cutoff is ahead, else the next', () => {
    const window = windowOf({});
    const open = occurrence(window, 10, at('2026-11-22T05:59:59Z'));
    expect(open).toEqual({
      window: 'prod-a',
      timezone: 'Europe/London',
      opens: '2026-11-22T02:00:00.000Z',
      closes: '2026-11-22T07:00:00.000Z',
      cutoff: '2026-11-22T06:00:00.000Z',
    });
    expect(occurrence(window, 10, at('2026-11-22T02:00:00Z')).opens).toBe('2026-11-22T02:00:00.000Z');
    expect(occurrence(window, 10, at('2026-11-22T06:00:00Z')).opens).toBe('2026-11-29T02:00:00.000Z');
  });

  it('falls on the second Tuesday plus twelve days, with a clock change in between', () => {
    const window = windowOf({ schedule: { nth: 2, weekday: 'TUE', plusDays: 12, at: '02:00' } });
    expect(occurrences(window, 0, at('2026-10-01T00:00:00Z'), 2).map(({ opens }) => opens)).toEqual([
      '2026-10-25T02:00:00.000Z',
      '2026-11-22T02:00:00.000Z',
    ]);
  });

  it('lasts its duration as elapsed time, whatever the clocks do', () => {
    const window = windowOf({ schedule: { cron: '0 0 * * *' }, timezone: 'America/New_York' });
    const { opens, closes } = occurrence(window, 0, at('2026-11-01T03:00:00Z'));
    expect(opens).toBe('2026-11-01T04:00:00.000Z');
    expect(closes).toBe('2026-11-01T09:00:00.000Z');
  });

  it('of several that are open is the one that closes last', () => {
    const window = windowOf({ schedule: { cron: '0 * * * *' }, timezone: 'UTC' });
    expect(occurrence(window, 0, at('2026-05-05T10:30:00Z')).opens).toBe('2026-05-05T10:00:00.000Z');
  });

  it('of a window that is always open opens now and never closes', () => {
    const now = at('2026-05-05T10:30:00Z');
    const always = windowOf({ schedule: { always: true } });
    expect(occurrence(always, 3, now)).toMatchObject({ opens: now, closes: null, cutoff: null });
    expect(occurrences(always, 3, now, 5)).toHaveLength(1);
  });

  it('never has its cutoff behind it, nor an earlier one that would do', () => {
    fc.assert(
      fc.property(zone, timeOfDay, fc.integer({ min: 0, max: 365 * 24 * 60 }), (timezone, time, minutes) => {
        const window = windowOf({ timezone, schedule: { cron: `${time.minute} ${time.hour} * * *` } });
        const now = new Date(Date.UTC(2026, 0, 1) + minutes * 60_000).toISOString() as Instant;
        const { opens, cutoff } = occurrence(window, 0, now);
        expect(cutoff !== null && cutoff > now).toBe(true);
        const dayBefore = new Date(Date.parse(opens) - hours(26)).toISOString() as Instant;
        for (const earlier of occurrences(window, 0, dayBefore, 2))
          if (earlier.opens < opens) expect(earlier.cutoff !== null && earlier.cutoff <= now).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the duration of a window without its own', () => {
  it.each([
    [0, 4],
    [1, 5],
    [50, 5],
    [51, 6],
    [1000, 24],
    [100_000, 24],
  ])('of %d nodes is %d hours', (nodes, expected) => {
    expect(windowDuration(windowOf({ duration: null }), nodes)).toBe(hours(expected));
  });
});

describe('the starts of a plan', () => {
  const start: PlanStart = { nth: 2, weekday: 'TUE', plusDays: 1, at: '06:00', timezone: 'Europe/London' };

  it('are computed in its time zone', () => {
    expect(nextStarts(start, at('2026-10-01T00:00:00Z'), 2)).toEqual([
      '2026-10-14T05:00:00.000Z',
      '2026-11-11T06:00:00.000Z',
    ]);
  });

  it('are told apart from the other times at which its Schedule fires', () => {
    expect(isStart(start, at('2026-11-11T06:00:00Z'))).toBe(true);
    expect(isStart(start, '2026-11-11T06:00:00Z' as Instant)).toBe(true);
    expect(isStart(start, at('2026-11-04T06:00:00Z'))).toBe(false);
  });

  it('and those other times are told apart from a trigger by hand, which may come at any second', () => {
    expect(firesByItself(start, at('2026-11-11T06:00:00Z'))).toBe(true);
    expect(firesByItself(start, at('2026-11-04T06:00:00Z'))).toBe(true);
    expect(firesByItself(start, at('2026-11-04T06:00:01Z'))).toBe(false);
    expect(firesByItself(start, at('2026-11-05T06:00:00Z'))).toBe(false);
    const everyFirst: PlanStart = { cron: '30 1 1 * *', timezone: 'Europe/London' };
    const twice = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((time) => firesByItself(everyFirst, at(time)));
    expect(twice).toEqual([true, true]);
  });

  it('are all among the times at which its Schedule fires', () => {
    const rules = fc.oneof(
      fc.record({
        nth: fc.integer({ min: 1, max: 5 }),
        weekday: fc.constantFrom('SAT' as const, 'SUN' as const, 'TUE' as const),
        plusDays: fc.integer({ min: 0, max: 31 }),
        at: fc.constantFrom('01:30', '02:15', '00:00', '23:30', '06:00'),
      }),
      fc.record({ cron: fc.constantFrom('30 1 * * SUN', '15 2 13 * FRI', '30 23 * * SAT', '*/20 2 * * *') }),
    );
    fc.assert(
      fc.property(zone, rules, (timezone, rule) => {
        const plan: PlanStart = { ...rule, timezone };
        const from = at('2026-01-01T00:00:00Z');
        const spec = scheduleSpec(plan, from);
        for (const instant of nextStarts(plan, from, 40)) expect(fires(spec, instant)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('in a missing hour get a calendar entry of their own', () => {
    const spec = scheduleSpec({ cron: '30 1 * * SUN', timezone: 'Europe/London' }, at('2026-01-01T00:00:00Z'));
    expect(spec.cronExpressions).toEqual(['30 1 * * *']);
    expect(spec.calendars).toHaveLength(10);
    expect(spec.calendars[0]).toEqual({ year: 2026, month: 'MARCH', dayOfMonth: 29, hour: 2, minute: 0 });
    expect(scheduleSpec(start, at('2026-01-01T00:00:00Z'))).toEqual({
      timezone: 'Europe/London',
      cronExpressions: ['0 6 * * WED'],
      calendars: [],
    });
  });
});

/** As Temporal's server matches: literally, on the local clock. */
function fires(spec: ReturnType<typeof scheduleSpec>, instant: Instant): boolean {
  const local = localDateTime(instant, spec.timezone);
  const weekday = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'][local.dayOfWeek - 1] ?? '';
  const byCron = spec.cronExpressions.some((expression) => {
    const [minute = '', hour = '', , , days = ''] = expression.split(' ');
    const matches = (field: string, value: number) =>
      field === '*' || (field.startsWith('*/') ? value % Number(field.slice(2)) === 0 : Number(field) === value);
    return matches(minute, local.minute) && matches(hour, local.hour) && (days === '*' || days === weekday);
  });
  const months = new Intl.DateTimeFormat('en-US', { month: 'long', timeZone: spec.timezone });
  const month = months.format(new Date(instant)).toUpperCase();
  const byCalendar = spec.calendars.some(
    (entry) =>
      entry.year === local.year &&
      entry.month === month &&
      entry.dayOfMonth === local.day &&
      entry.hour === local.hour &&
      entry.minute === local.minute,
  );
  return byCron || byCalendar;
}

describe('a cron expression', () => {
  it.each(['0 2 * * SUN', '*/15 1-3 1,15 * *', '0 0 29 2 *', '0 2 * * TUE#2', '30 23 L * *'])('may be %s', (text) => {
    expect(cronProblem(text)).toBeNull();
  });
  it.each(['', 'nope', '0 25 * * *', '0 2 * * FUN', '* * * * * *', '@daily', '0 2 31 4 *', '0  2 * * *', '0 2 ? * *'])(
    'may not be "%s"',
    (text) => {
      expect(cronProblem(text)).toEqual(expect.any(String));
    },
  );
});

describe('a time zone', () => {
  it('is known by the exact spelling of the IANA database, aliases included', () => {
    for (const known of [...ZONES, 'US/Eastern', 'Asia/Katmandu']) expect(isTimezone(known)).toBe(true);
    for (const unknown of ['Europe/Londn', 'europe/london', '+01:00', '', 'London', 'Mars/Olympus'])
      expect(isTimezone(unknown)).toBe(false);
  });
  it('gives people the local time with the name of its offset', () => {
    expect(localTime(at('2026-11-24T02:00:00Z'), 'Europe/London')).toBe('2026-11-24 02:00 GMT');
    expect(localTime(at('2026-07-24T02:00:00Z'), 'Europe/London')).toBe('2026-07-24 03:00 BST');
    expect(localTime(at('2026-07-24T02:00:00Z'), 'Asia/Kathmandu')).toBe('2026-07-24 07:45 GMT+5:45');
  });
});
