import { cronProblem } from '../calendar/cron.js';
import type { MaintenanceWindow, Weekday } from '../documents/types.js';

/** SSM's days: 1 is Sunday. */
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const satisfies readonly Weekday[];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** What a document's cron field may hold. */
const LONGEST_CRON = 100;

export type TranslatedSchedule =
  | { readonly schedule: Exclude<MaintenanceWindow['schedule'], { always: true }> }
  | { readonly code: 'window-rate' | 'window-once' | 'window-cron'; readonly why: string };

/**
 * A window's schedule in our words, where there are words that mean exactly the same openings (SSM user guide, cron and
 * rate expressions: minutes, hours, day of month, month, day of week, year; optionally seconds before them; 1 is Sunday).
 * `offset` is ScheduleOffset, days after each date of the expression.
 */
export function translateSchedule(expression: string, offset: number | null): TranslatedSchedule {
  const [, form, content = ''] = /^(cron|rate|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  if (form === 'rate')
    return { code: 'window-rate', why: `${expression} counts from when the window was made, not by a calendar` };
  if (form === 'at') return { code: 'window-once', why: `${expression} opens once` };
  const fields = content.trim().split(/\s+/);
  if (form !== 'cron' || fields.length < 6 || fields.length > 7)
    return refused(expression, 'has not six or seven fields');
  const [seconds, ...six] = fields.length === 7 ? fields : ['0', ...fields];
  if (seconds !== '0') return refused(expression, 'opens at a second other than 0');
  return translateCron(expression, six, offset ?? 0);
}

const refused = (expression: string, why: string): TranslatedSchedule => ({
  code: 'window-cron',
  why: `${expression} ${why}`,
});

function translateCron(expression: string, fields: readonly string[], offset: number): TranslatedSchedule {
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = fields;
  if (year !== '*') return refused(expression, `opens in the years ${year} only`);
  const minutes = numbers(minute, 0, 59);
  const hours = numbers(hour, 0, 23);
  const months = numbers(named(month, MONTHS, 1), 1, 12);
  if (!minutes || !hours || !months)
    return refused(expression, 'has a form of minutes, hours or months that is not read');
  const times = { minutes, hours };
  const anyDay = day === '?' || day === '*';
  const anyWeekday = weekday === '?' || weekday === '*';
  if (!anyDay && !anyWeekday) return refused(expression, 'restricts both the day of the month and the day of the week');
  const monthField = write(months, 1, 12);
  if (!anyDay) {
    if (offset > 0) return refused(expression, `has an offset of ${offset} days after a day of the month`);
    const days = day === 'L' ? 'L' : writeOrNull(numbers(day, 1, 31), 1, 31);
    return days === null
      ? refused(expression, `has the day of month ${day}, a form that windows here lack`)
      : asCron(expression, times, days, monthField, '*');
  }
  if (anyWeekday) {
    // Every day, shifted by days, is every day; in some months only, it is not.
    return offset > 0 && monthField !== '*'
      ? refused(expression, `has an offset of ${offset} days in some months only`)
      : asCron(expression, times, '*', monthField, '*');
  }
  return byWeekday(expression, { times, monthField, weekday, offset });
}

function byWeekday(
  expression: string,
  { times, monthField, weekday, offset }: { times: Times; monthField: string; weekday: string; offset: number },
): TranslatedSchedule {
  const [, name = '', which] = /^(\w+?)(?:#([1-5])|(L))$/.exec(weekday) ?? [];
  const special = dayOf(name);
  if (special !== null) {
    const at = onceADay(times);
    if (which !== undefined && at !== null && monthField === '*')
      return { schedule: { nth: Number(which), weekday: special, plusDays: offset, at } };
    if (offset > 0) return refused(expression, `has an offset of ${offset} days that windows here lack for this form`);
    return asCron(expression, times, '*', monthField, `${special}#${which ?? 'L'}`);
  }
  const days = numbers(named(weekday, DAYS, 1), 1, 7);
  if (!days) return refused(expression, `has the day of week ${weekday}, a form that windows here lack`);
  if (offset > 0 && monthField !== '*')
    return refused(expression, `has an offset of ${offset} days in some months only`);
  const shifted = days.map((number) => (number - 1 + offset) % 7).sort((a, b) => a - b);
  const field = shifted.length === 7 ? '*' : shifted.map((number) => DAYS[number]).join(',');
  return asCron(expression, times, '*', monthField, field);
}

interface Times {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
}

function asCron(expression: string, times: Times, day: string, month: string, weekday: string): TranslatedSchedule {
  const cron = [write(times.minutes, 0, 59), write(times.hours, 0, 23), day, month, weekday].join(' ');
  const problem = cron.length > LONGEST_CRON ? 'it is too long' : cronProblem(cron);
  return problem === null ? { schedule: { cron } } : refused(expression, `cannot be written here: ${problem}`);
}

/** `HH:MM` where a day has one such time; else null. */
function onceADay({ minutes, hours }: Times): string | null {
  const [minute, ...otherMinutes] = minutes;
  const [hour, ...otherHours] = hours;
  if (minute === undefined || hour === undefined || otherMinutes.length + otherHours.length > 0) return null;
  return [hour, minute].map((part) => String(part).padStart(2, '0')).join(':');
}

const dayOf = (text: string): Weekday | null =>
  DAYS.find((name, index) => name === text.toUpperCase() || String(index + 1) === text) ?? null;

/** Names in place of which their numbers stand, from `first`. */
const named = (text: string, names: readonly string[], first: number): string =>
  text.toUpperCase().replace(/[A-Z]{3}/g, (name) => {
    const index = names.indexOf(name);
    return index < 0 ? name : String(index + first);
  });

/** The values of a field of lists, ranges and steps, in order; null where it is of another form or leads out of the range. */
function numbers(text: string, least: number, most: number): number[] | null {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [, all, low, high, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (all === undefined && low === undefined) return null;
    const from = all ? least : Number(low);
    // `a/n` is from a on to the end, `a` alone is a.
    const until = all || (step !== undefined && high === undefined) ? most : Number(high ?? low);
    const by = Number(step ?? 1);
    if (from < least || until > most || from > until || by < 1) return null;
    for (let value = from; value <= until; value += by) found.add(value);
  }
  return [...found].sort((a, b) => a - b);
}

/** The shortest of a star, a step and a list that means these values. */
function write(values: readonly number[], least: number, most: number): string {
  if (values.length === most - least + 1) return '*';
  const step = (values[1] ?? 0) - (values[0] ?? 0);
  const progression = values.length > 2 && values[0] === least && (values.at(-1) ?? 0) + step > most;
  if (progression && values.every((value, index) => value === least + index * step)) return `*/${step}`;
  return values.join(',');
}
const writeOrNull = (values: readonly number[] | null, least: number, most: number): string | null =>
  values && write(values, least, most);
