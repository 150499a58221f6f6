import { Temporal } from 'temporal-polyfill';
import type { Milliseconds } from './types.js';

const HOURS_A_DAY = 24;
const DAYS_A_WEEK = 7;
const ELAPSED = /^P(?=.)(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,3})?S)?)?$/;

/**
 * An ISO 8601 duration in milliseconds; null if the text is none. Elapsed time only: a day is 24 hours, a week 7 days;
 * years and months have no fixed length and are no durations here, nor are negative ones.
 */
export function parseDuration(text: string): Milliseconds | null {
  if (!ELAPSED.test(text)) return null;
  try {
    const { weeks, days, hours, minutes, seconds, milliseconds } = Temporal.Duration.from(text);
    const total = Temporal.Duration.from({
      hours: (weeks * DAYS_A_WEEK + days) * HOURS_A_DAY + hours,
      minutes,
      seconds,
      milliseconds,
    }).total('milliseconds');
    return Number.isSafeInteger(total) ? total : null;
  } catch {
    return null;
  }
}

/** Milliseconds as an ISO 8601 duration in its shortest usual form: `P7D`, `PT1H30M`, `PT0S`. */
export const formatDuration = (milliseconds: Milliseconds): string =>
  Temporal.Duration.from({ milliseconds }).round({ largestUnit: 'days' }).toString();

/** A duration that a document of ours is known to hold. */
export function durationOf(text: string): Milliseconds {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new Error(`not an ISO 8601 duration: ${text}`);
  return milliseconds;
}
