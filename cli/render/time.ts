/* Instants as people read them: in the time zone of their terminal, with the day where it is not today. */

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** An IANA time zone. */
  readonly timeZone: string;
}

const formatted = (instant: number, timeZone: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone, ...options }).format(instant);

const dayOf = (instant: number, timeZone: string): string =>
  formatted(instant, timeZone, { year: 'numeric', month: '2-digit', day: '2-digit' });

/** `18:30:05`. */
export const timeOfDay = (instant: string | number, { timeZone }: Clock): string =>
  formatted(Number(new Date(instant)), timeZone, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });

/** `18:30 GMT`, and with the day where it is another one: `Tue 1 Dec 2026, 09:00 GMT`. */
export function localTime(instant: string | number, { now, timeZone }: Clock): string {
  const at = Number(new Date(instant));
  const zoned = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' } as const;
  if (dayOf(at, timeZone) === dayOf(now, timeZone)) return formatted(at, timeZone, zoned);
  const day = formatted(at, timeZone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  return `${day.replace(',', '')}, ${formatted(at, timeZone, zoned)}`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in at most two units: `2 d 23 h`, `4 min 30 s`, `12 s`. Less than a second, or less than none, is `0 s`. */
export function span(milliseconds: number): string {
  const rest = Math.max(0, milliseconds);
  for (const [unit, name, smaller, smallerName] of [
    [DAY, 'd', HOUR, 'h'],
    [HOUR, 'h', MINUTE, 'min'],
    [MINUTE, 'min', SECOND, 's'],
  ] as const) {
    if (rest < unit) continue;
    const small = Math.floor((rest % unit) / smaller);
    return `${Math.floor(rest / unit)} ${name}${small > 0 ? ` ${small} ${smallerName}` : ''}`;
  }
  return `${Math.floor(rest / SECOND)} s`;
}

/** `until 18:30 GMT (in 4 min 30 s)`; empty where nobody knows until when. */
export const untilText = (until: string | null, clock: Clock): string =>
  until === null ? '' : `until ${localTime(until, clock)} (${countdown(until, clock)})`;

/** `in 4 min 30 s`, or `now` where the time has come. */
export const countdown = (until: string, { now }: Clock): string => {
  const left = Number(new Date(until)) - now;
  return left < SECOND ? 'now' : `in ${span(left)}`;
};
