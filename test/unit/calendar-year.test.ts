import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Recurrence } from '../../domain/calendar/openings.js';
import { nextStarts } from '../../domain/calendar/starts.js';
import { occurrence, occurrences } from '../../domain/calendar/windows.js';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import type { Instant } from '../../domain/ids.js';

/*
 * Whole years, held against a clock on the wall: whatever is due at a local time begins at the first instant at which a
 * clock there shows that time or a later one, and what begins at one instant begins once. That is decision 11 in one
 * sentence: it holds in a missing hour, in a doubled one, and on every other day. The clock is read from Intl, and the
 * local times are found by counting days, both without the code under test.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A zone and a year in which its clocks do something worth a look; any year of `LATER` is tried as well. */
const ZONES: readonly (readonly [zone: string, year: number, what: string])[] = [
  ['Europe/London', 2026, 'northern summer time'],
  ['America/New_York', 2026, 'northern summer time'],
  ['America/St_Johns', 2026, 'summer time, half an hour off'],
  ['Australia/Sydney', 2026, 'southern summer time'],
  ['America/Santiago', 2026, 'southern summer time, at midnight'],
  ['Australia/Lord_Howe', 2026, 'summer time of half an hour'],
  ['Pacific/Chatham', 2026, 'three quarters of an hour off'],
  ['Antarctica/Troll', 2026, 'summer time of two hours'],
  ['Africa/Casablanca', 2026, 'clocks back for Ramadan'],
  ['Asia/Kolkata', 2026, 'no clock changes'],
  ['UTC', 2026, 'no clock changes'],
  ['Africa/Cairo', 2014, 'four changes in one year'],
  ['Europe/Moscow', 2014, 'the end of an everlasting summer time'],
  ['Europe/Istanbul', 2016, 'the beginning of an everlasting summer time'],
  ['America/Caracas', 2016, 'a new standard time, by half an hour'],
  ['America/Sao_Paulo', 2019, 'the last summer time, ended at midnight'],
  ['Pacific/Apia', 2011, 'a whole day left out'],
];
const LATER = { min: 2024, max: 2032 };

interface Year {
  readonly zone: string;
  readonly year: number;
}
const inAYear: fc.Arbitrary<Year> = fc
  .tuple(fc.constantFrom(...ZONES), fc.option(fc.integer(LATER), { freq: 2 }))
  .map(([[zone, year], later]) => ({ zone, year: later ?? year }));

interface Rule {
  readonly schedule: Recurrence;
  /** Whether it is due on a day, given as UTC's midnight of that date. */
  readonly onDay: (date: number) => boolean;
  /** Minutes of the day, in order. */
  readonly minutes: readonly number[];
}

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;
const minuteOfHour = fc.constantFrom(0, 5, 15, 30, 45, 55);
/** Clocks change in the night more often than not. */
const hourOfDay = fc.oneof(fc.constantFrom(23, 0, 1, 2, 3), fc.nat(23));
const some = <Value>(of: fc.Arbitrary<Value>, maxLength: number) => fc.uniqueArray(of, { minLength: 1, maxLength });

const field = (values: readonly unknown[] | null | undefined): string => values?.join(',') ?? '*';

interface CronParts {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly dates: readonly number[] | null;
  readonly months: readonly number[] | null;
  readonly weekdays: readonly number[] | null;
}
const cronRule = ({ minutes, hours, dates, months, weekdays }: CronParts): Rule => ({
  schedule: { cron: [minutes, hours, dates, months, weekdays?.map((day) => WEEKDAYS[day])].map(field).join(' ') },
  onDay: (date) => {
    if (months && !months.includes(new Date(date).getUTCMonth() + 1)) return false;
    const byDate = dates?.includes(new Date(date).getUTCDate());
    const byWeekday = weekdays?.includes(new Date(date).getUTCDay());
    return byDate === undefined && byWeekday === undefined ? true : byDate === true || byWeekday === true;
  },
  minutes: hours.flatMap((hour) => minutes.map((minute) => hour * 60 + minute)).sort((a, b) => a - b),
});
const byCron: fc.Arbitrary<Rule> = fc
  .record({
    minutes: some(minuteOfHour, 2),
    hours: some(hourOfDay, 2),
    months: fc.constant(null),
    dates: fc.option(some(fc.integer({ min: 1, max: 28 }), 3)),
    weekdays: fc.option(some(fc.nat(6), 3)),
  })
  .map(cronRule);

const byNthWeekday: fc.Arbitrary<Rule> = fc
  .record({
    nth: fc.integer({ min: 1, max: 5 }),
    weekday: fc.nat(6),
    plusDays: fc.integer({ min: 0, max: 31 }),
    hour: hourOfDay,
    minute: minuteOfHour,
  })
  .map(({ nth, weekday, plusDays, hour, minute }) => {
    const at = [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
    return {
      schedule: { nth, weekday: WEEKDAYS[weekday] ?? 'SUN', plusDays, at },
      onDay: (date) => {
        const counted = new Date(date - plusDays * DAY);
        return counted.getUTCDay() === weekday && Math.ceil(counted.getUTCDate() / 7) === nth;
      },
      minutes: [hour * 60 + minute],
    };
  });

const distinct = (values: readonly number[]): number[] => [...new Set(values.length > 0 ? values : [1])];
const OFTEN_AT_NIGHT = { minutes: [0, 20, 40], hours: [23, 0, 1, 2], weekdays: null };
const rule = fc.oneof(byCron, byNthWeekday);

describe('in a whole year, with all its clock changes,', () => {
  it.each(ZONES)('a window in %s opens whenever it should, each time once, in %d: %s', (zone, year) => {
    forAll(rule, 5, ({ schedule, ...due }) => {
      const expected = dueTimes(due, zone, year);
      const found = occurrences(windowOf(schedule, zone), 0, iso(startOf(zone, year)), expected.length + 1);
      expect(found.slice(0, -1).map(({ opens }) => opens)).toEqual(expected.map(iso));
      expect(Date.parse(found.at(-1)?.opens ?? '')).toBeGreaterThanOrEqual(startOf(zone, year + 1));
      for (const { opens, cutoff, closes } of found) {
        expect(Date.parse(closes ?? '') - Date.parse(opens)).toBe(4 * MINUTE);
        expect(Date.parse(closes ?? '') - Date.parse(cutoff ?? '')).toBe(MINUTE);
      }
    });
  });

  it.each(ZONES)(
    'in %s around each clock change a window opens for each time once, whenever one looks, in %d: %s',
    (zone, year) => {
      const changes = clockOf(zone, year).slice(1);
      const nights = changes
        .flatMap(({ from, offset }) => [from + offset - DAY, from + offset])
        .map((local) => new Date(local));
      const dates = distinct(nights.map((night) => night.getUTCDate()));
      const months = distinct(nights.map((night) => night.getUTCMonth() + 1));
      const { schedule, ...due } = cronRule({ ...OFTEN_AT_NIGHT, dates, months });
      const expected = dueTimes(due, zone, year);
      for (const from of [startOf(zone, year), ...changes.flatMap((change) => [change.from, change.from + MINUTE])]) {
        const ahead = expected.filter((opens) => opens >= from);
        const found = occurrences(windowOf(schedule, zone), 0, iso(from), ahead.length);
        expect(found.map(({ opens }) => opens)).toEqual(ahead.map(iso));
      }
    },
  );

  it('who works from each cutoff to the next occurrence works in every one, and in none twice', () => {
    forAll(fc.tuple(inAYear, rule), 10, ([{ zone, year }, { schedule, ...due }]) => {
      const expected = dueTimes(due, zone, year);
      const window = windowOf(schedule, zone);
      const worked: Instant[] = [];
      let now = iso(startOf(zone, year));
      for (const _ of expected) {
        const { opens, cutoff } = occurrence(window, 0, now);
        worked.push(opens);
        now = cutoff ?? now;
      }
      expect(worked).toEqual(expected.map(iso));
    });
  });

  it('a plan starts whenever it should, each time once', () => {
    forAll(fc.tuple(inAYear, rule), 10, ([{ zone, year }, { schedule, ...due }]) => {
      const expected = dueTimes(due, zone, year);
      const plan = { ...schedule, timezone: zone };
      const starts = nextStarts(plan, iso(startOf(zone, year)), expected.length);
      expect(starts).toEqual(expected.map(iso));
    });
  });

  it('the stage after a soak takes the first occurrence that is not cut off when the soak has passed, as elapsed time', () => {
    const soak = fc.integer({ min: 1, max: 21 * 24 }).map((hours) => hours * HOUR);
    forAll(fc.tuple(inAYear, rule, inAYear, rule, soak), 40, ([first, before, second, after, soaks]) => {
      const [opened] = dueTimes(before, first.zone, first.year);
      const there = { zone: second.zone, year: first.year };
      const soaked = (opened ?? 0) + soaks;
      const expected = [there.year, there.year + 1]
        .flatMap((year) => dueTimes(after, there.zone, year))
        .find((opens) => opens + 3 * MINUTE > soaked);
      if (opened === undefined || expected === undefined) return;
      const { opens, cutoff } = occurrence(windowOf(after.schedule, there.zone), 0, iso(soaked));
      expect(opens).toBe(iso(expected));
      expect(Date.parse(cutoff ?? '')).toBeGreaterThan(soaked);
    });
  });

  it('a window that is always open is open at every instant, and is one for ever', () => {
    forAll(fc.tuple(inAYear, fc.nat(365 * 24 * 60)), 100, ([{ zone, year }, minutes]) => {
      const now = iso(startOf(zone, year) + minutes * MINUTE);
      const window: MaintenanceWindow = { ...windowOf({ cron: '0 0 * * *' }, zone), schedule: { always: true } };
      const open = { window: 'yearly', timezone: zone, opens: now, closes: null, cutoff: null };
      expect(occurrence(window, 0, now)).toEqual(open);
      expect(occurrences(window, 0, now, 3)).toEqual([open]);
    });
  });
});

describe('the clocks on the wall', () => {
  it.each(ZONES)('show in %s in %d: %s', (zone, year, what) => {
    expect(clockOf(zone, year).length > 1).toBe(what !== 'no clock changes');
  });
});

/** The same examples every time; a failure prints them in their smallest form. */
function forAll<Example>(examples: fc.Arbitrary<Example>, numRuns: number, holds: (example: Example) => void): void {
  fc.assert(fc.property(examples, holds), { seed: 11, numRuns });
}

function windowOf(schedule: Rule['schedule'], timezone: string): MaintenanceWindow {
  return { name: 'yearly', version: 1, schedule, timezone, duration: 4 * MINUTE, cutoff: MINUTE } as MaintenanceWindow;
}

function iso(epoch: number): Instant {
  return new Date(epoch).toISOString() as Instant;
}

/** The instants of a year at which something is due, by the clock on the wall. */
function dueTimes({ onDay, minutes }: Omit<Rule, 'schedule'>, zone: string, year: number): number[] {
  const instants = new Set<number>();
  // From the evening before: what a change at midnight leaves out there begins in this year.
  for (let date = Date.UTC(year, 0, 1) - DAY; date < Date.UTC(year + 1, 0, 1); date += DAY) {
    if (!onDay(date)) continue;
    for (const minute of minutes) instants.add(firstShows(date + minute * MINUTE, zone, year));
  }
  const [from, until] = [startOf(zone, year), startOf(zone, year + 1)];
  return [...instants].filter((instant) => instant >= from && instant < until);
}

/** The first instant at which a clock there shows a local time or a later one. */
function firstShows(local: number, zone: string, year: number): number {
  const span = clockOf(zone, year).find(({ until, offset }) => local < until + offset);
  if (!span) throw new Error(`${zone} has no such time in ${year}.`);
  return Math.max(span.from, local - span.offset);
}

function startOf(zone: string, year: number): number {
  return firstShows(Date.UTC(year, 0, 1), zone, year);
}

/** A time in which a zone's clocks run on, local time being UTC and the offset. */
interface Span {
  readonly from: number;
  readonly until: number;
  readonly offset: number;
}
const clocks = new Map<string, readonly Span[]>();

/** A year of a zone's clocks, with some days before and after. */
function clockOf(zone: string, year: number): readonly Span[] {
  const key = `${zone} ${year}`;
  const known = clocks.get(key);
  if (known) return known;
  const offsetAt = offsetsOf(zone);
  const end = Date.UTC(year + 1, 0, 4);
  const spans: Span[] = [];
  let from = Date.UTC(year - 1, 11, 28);
  for (let day = from; day < end; day += DAY) {
    if (offsetAt(day + DAY) === offsetAt(day)) continue;
    const until = changeWithin(day, day + DAY, offsetAt);
    spans.push({ from, until, offset: offsetAt(day) });
    from = until;
  }
  spans.push({ from, until: end, offset: offsetAt(from) });
  clocks.set(key, spans);
  return spans;
}

function changeWithin(before: number, after: number, offsetAt: (epoch: number) => number): number {
  let [low, high] = [before, after];
  while (high - low > MINUTE) {
    const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
    if (offsetAt(middle) === offsetAt(before)) low = middle;
    else high = middle;
  }
  return high;
}

/** What a zone's clocks show less what UTC's show, as Intl formats them. */
function offsetsOf(zone: string): (epoch: number) => number {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return (epoch) => Date.parse(`${clock.format(epoch).replace(' ', 'T')}Z`) - epoch;
}
