import { Cron } from 'croner';
import { Temporal } from 'temporal-polyfill';

/*
 * Cron expressions of five fields: minute, hour, day of month, month, day of week. Where both day fields are set,
 * either may match, as in Vixie cron. croner matches them against local time as if there were no clock changes;
 * what a clock change does to a local time is decided in timezone.ts, the same for every schedule.
 */

const FIELDS = /^[\d*,/-]+ [\d*,/-]+ [\dA-Z*,/#L-]+ [\dA-Z*,/#L-]+ [\dA-Z*,/#L-]+$/;
const ANY_DAY = Date.UTC(2024, 0, 1);

const read = (expression: string): Cron =>
  new Cron(expression, { mode: '5-part', timezone: 'UTC', paused: true, domAndDow: false });

/** Why an expression cannot be used, as a sentence; null if it can. */
export function cronProblem(expression: string): string | null {
  if (!FIELDS.test(expression))
    return 'a cron expression has five fields (minute, hour, day of month, month, day of week), names in capitals, one space between';
  try {
    return read(expression).nextRun(new Date(ANY_DAY)) === null
      ? 'this cron expression never fires: no date matches it'
      : null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
  }
}

/** The local times at or after `from` that match, in order, without end. The expression is one that cronProblem accepts. */
export function* cronTimes(expression: string, from: Temporal.PlainDateTime): Generator<Temporal.PlainDateTime> {
  const cron = read(expression);
  let next = cron.nextRun(new Date(from.toZonedDateTime('UTC').epochMilliseconds - 1));
  while (next !== null) {
    yield Temporal.Instant.fromEpochMilliseconds(next.getTime()).toZonedDateTimeISO('UTC').toPlainDateTime();
    next = cron.nextRun(next);
  }
}
