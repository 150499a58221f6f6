import { Temporal } from 'temporal-polyfill';
import type { Weekday } from '../documents/types.js';
import type { Instant } from '../ids.js';
import { cronTimes } from './cron.js';
import { epochOf, localDateTime, toInstant } from './timezone.js';

/** The nth weekday of a month plus days, at a local time (`HH:MM`). */
export interface NthWeekday {
  readonly nth: number;
  readonly weekday: Weekday;
  readonly plusDays: number;
  readonly at: string;
}
/** Local times that come back: a rule that windows open by and plans start by. */
export type Recurrence = NthWeekday | { readonly cron: string };

/** In ISO order: Monday is 1. */
export const WEEKDAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const satisfies readonly Weekday[];

/** No clock change in the database is longer than a day. */
const LONGEST_GAP = { hours: 24 };

/**
 * The instants at or after `from` that a recurrence stands for in a time zone: strictly increasing, without end.
 * A local time in a gap moves to the first instant after it, in a doubled hour it is the first of the two, and two
 * local times that fall on one instant count once: none is missed, none happens twice.
 */
export function* openings(recurrence: Recurrence, timezone: string, from: Instant): Generator<Instant> {
  const earliest = Date.parse(from);
  const start = localDateTime(from, timezone).subtract(LONGEST_GAP);
  let last = Number.NEGATIVE_INFINITY;
  for (const local of 'cron' in recurrence ? cronTimes(recurrence.cron, start) : nthWeekdayTimes(recurrence, start)) {
    const epoch = epochOf(local, timezone);
    if (epoch < earliest || epoch <= last) continue;
    last = epoch;
    yield toInstant(epoch);
  }
}

/**
 * The nth weekday of each month plus days. The days are counted from the nth weekday and may lead into a later month.
 * A month without a fifth such weekday is left out.
 */
function* nthWeekdayTimes(rule: NthWeekday, from: Temporal.PlainDateTime): Generator<Temporal.PlainDateTime> {
  const at = Temporal.PlainTime.from(rule.at);
  let month = from.toPlainDate().subtract({ days: rule.plusDays }).toPlainYearMonth();
  for (;;) {
    const day = nthWeekdayOf(month, rule);
    const local = day?.add({ days: rule.plusDays }).toPlainDateTime(at);
    if (local && Temporal.PlainDateTime.compare(local, from) >= 0) yield local;
    month = month.add({ months: 1 });
  }
}

function nthWeekdayOf(month: Temporal.PlainYearMonth, rule: NthWeekday): Temporal.PlainDate | null {
  const first = month.toPlainDate({ day: 1 });
  const untilWeekday = (WEEKDAYS.indexOf(rule.weekday) + 1 - first.dayOfWeek + 7) % 7;
  const day = 1 + untilWeekday + (rule.nth - 1) * 7;
  return day <= month.daysInMonth ? month.toPlainDate({ day }) : null;
}
