import type { PlanStart } from '../documents/types.js';
import type { Instant } from '../ids.js';
import { cronTimes } from './cron.js';
import { openings, WEEKDAYS } from './openings.js';
import { clocksForward, localDateTime, toInstant } from './timezone.js';

/** The next `count` instants, at or after `from`, at which a plan starts by itself. */
export function nextStarts(start: PlanStart, from: Instant, count: number): readonly Instant[] {
  const found: Instant[] = [];
  if (count <= 0) return found;
  for (const instant of openings(start, start.timezone, from)) {
    found.push(instant);
    if (found.length === count) break;
  }
  return found;
}

/** True if the plan starts at exactly this instant: what a run that a Temporal Schedule began asks of its scheduled time. */
export function isStart(start: PlanStart, instant: Instant): boolean {
  const [next] = nextStarts(start, instant, 1);
  return next !== undefined && Date.parse(next) === Date.parse(instant);
}

/**
 * True if the plan's Schedule fires at this instant by itself, start or not. Read literally as Temporal reads it: a local
 * time in a doubled hour fires twice.
 */
export function fires(start: PlanStart, instant: Instant): boolean {
  const local = localDateTime(instant, start.timezone);
  const [next] = cronTimes(candidates(start), local);
  return next?.equals(local) || isStart(start, instant);
}

/** What a Temporal Schedule is made of (the fields of the client's ScheduleSpec that a plan needs). */
export interface StartScheduleSpec {
  readonly timezone: string;
  readonly cronExpressions: string[];
  readonly calendars: { year: number; month: CalendarMonth; dayOfMonth: number; hour: number; minute: number }[];
}
const MONTHS = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
] as const;
export type CalendarMonth = (typeof MONTHS)[number];

const YEARS_AHEAD = 10;

/**
 * The times at which a Temporal Schedule fires for a plan: every start is among them, others too, and `isStart` tells them
 * apart, so the workflow that the Schedule begins asks it first.
 *
 * Why not the starts alone: Temporal matches the clock literally, with day of month and day of week both to match, so it
 * can say neither `nth weekday + days` that leads into the next month nor cron's "either day field"; it skips a time in
 * the missing hour and fires twice in the doubled one. So a cron string in the plan's time zone gives the candidates (the
 * one weekday that `nth weekday + days` always falls on; for a cron expression its times of day, every day), and one
 * calendar entry is added for each start that a clock change moves within ten years from `from`.
 */
export function scheduleSpec(start: PlanStart, from: Instant): StartScheduleSpec {
  return {
    timezone: start.timezone,
    cronExpressions: [candidates(start)],
    calendars: movedStarts(start, from),
  };
}

function candidates(start: PlanStart): string {
  if ('cron' in start) {
    const [minute, hour] = start.cron.split(' ');
    return `${minute} ${hour} * * *`;
  }
  const [hour, minute] = start.at.split(':').map(Number);
  return `${minute} ${hour} * * ${WEEKDAYS[(WEEKDAYS.indexOf(start.weekday) + start.plusDays) % 7]}`;
}

function movedStarts(start: PlanStart, from: Instant): StartScheduleSpec['calendars'] {
  const until = new Date(from);
  until.setUTCFullYear(until.getUTCFullYear() + YEARS_AHEAD);
  return [...clocksForward(start.timezone, from, toInstant(until.getTime()))]
    .filter((gap) => isStart(start, gap))
    .map((gap) => {
      const { year, month, day, hour, minute } = localDateTime(gap, start.timezone);
      return { year, month: MONTHS[month - 1] ?? 'JANUARY', dayOfMonth: day, hour, minute };
    });
}
