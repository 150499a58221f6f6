import { Temporal } from 'temporal-polyfill';
import type { Instant } from '../ids.js';

/**
 * Local time and instants. The rule for clock changes, the same for every schedule:
 * a local time that a clock change skips (the missing hour) stands for the first instant after the gap;
 * a local time that happens twice (the doubled hour) stands for the first of the two.
 */

/** The instant as this project writes it: UTC, with milliseconds and a `Z`, so that the order of texts is the order of instants. */
export const toInstant = (epochMilliseconds: number): Instant => new Date(epochMilliseconds).toISOString() as Instant;

/** True for the exact spelling of a time zone of the IANA database (aliases included, offsets such as `+01:00` not). */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: name });
    return new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch {
    return false;
  }
}

/** The time zones that this Node.js knows, for suggestions. */
export const timezones = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];

/** The instant, in epoch milliseconds, that a local time stands for under the rule for clock changes. */
export function epochOf(local: Temporal.PlainDateTime, timezone: string): number {
  const zoned = local.toZonedDateTime(timezone, { disambiguation: 'compatible' });
  if (zoned.toPlainDateTime().equals(local)) return zoned.epochMilliseconds;
  const gap = zoned.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  return (gap ?? zoned).epochMilliseconds;
}

/** The local time at an instant. */
export const localDateTime = (instant: Instant, timezone: string): Temporal.PlainDateTime =>
  Temporal.Instant.from(instant).toZonedDateTimeISO(timezone).toPlainDateTime();

/** The instants in [from, until) at which clocks in the zone are put forward. */
export function* clocksForward(timezone: string, from: Instant, until: Instant): Generator<Instant> {
  const end = Date.parse(until);
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.from(from)
    .toZonedDateTimeISO(timezone)
    .subtract({ milliseconds: 1 });
  for (;;) {
    at = at.getTimeZoneTransition('next');
    if (at === null || at.epochMilliseconds >= end) return;
    if (at.offsetNanoseconds > at.subtract({ milliseconds: 1 }).offsetNanoseconds)
      yield toInstant(at.epochMilliseconds);
  }
}

/** An instant as people there read it: `2026-11-24 02:00 GMT`. */
export function localTime(instant: Instant, timezone: string): string {
  const local = localDateTime(instant, timezone);
  const zone = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, timeZoneName: 'short' })
    .formatToParts(new Date(instant))
    .find((part) => part.type === 'timeZoneName');
  return `${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })} ${zone?.value ?? timezone}`;
}
