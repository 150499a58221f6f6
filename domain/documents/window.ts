import { z } from 'zod';
import { SHORTEST_DEFAULT_DURATION } from '../calendar/windows.js';
import { durationOf, formatDuration, parseDuration } from './durations.js';
import { documentSchema, durationField, refuse, timezoneField, windowName } from './fields.js';
import { cronShape, nthWeekdayShape, recurrenceOf } from './schedule.js';
import type { MaintenanceWindow } from './types.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const DEFAULT_CUTOFF = HOUR;

export const windowSchema = documentSchema(
  'MaintenanceWindow',
  z.strictObject({ name: windowName }),
  z
    .strictObject({
      schedule: z
        .union([
          z.strictObject(nthWeekdayShape),
          z.strictObject(cronShape),
          z.strictObject({ always: z.literal(true).meta({ description: 'true', 'x-example': true }) }),
        ])
        .meta({
          description: 'nth, weekday, plusDays and at; or cron; or always: true',
          'x-example': '{ nth: 2, weekday: TUE, plusDays: 12, at: "02:00" }',
        }),
      timezone: timezoneField.optional(),
      duration: durationField(MINUTE, WEEK, 'PT5H').optional(),
      cutoff: durationField(0, WEEK, 'PT1H').optional(),
    })
    .check((context) => {
      const { schedule, timezone, duration, cutoff } = context.value;
      if ('always' in schedule) {
        for (const field of ['duration', 'cutoff'] as const)
          if (context.value[field] !== undefined)
            refuse(context, 'a window that is always open has no end', {
              path: [field],
              input: context.value[field],
              expected: 'nothing, beside schedule.always',
            });
        return;
      }
      if (timezone === undefined)
        refuse(context, 'is missing', {
          path: ['timezone'],
          input: undefined,
          expected: 'the time zone of the schedule',
        });
      const open = duration === undefined ? SHORTEST_DEFAULT_DURATION : parseDuration(duration);
      const closing = cutoff === undefined ? DEFAULT_CUTOFF : parseDuration(cutoff);
      if (open !== null && closing !== null && closing >= open)
        refuse(context, 'no work could ever start: the cutoff is not shorter than the window', {
          path: ['cutoff'],
          input: cutoff ?? formatDuration(DEFAULT_CUTOFF),
          expected:
            duration === undefined
              ? `less than ${formatDuration(open)}, the shortest that a window without a duration may be`
              : `less than the duration, ${duration}`,
        });
    }),
);
export type ParsedWindow = z.infer<typeof windowSchema>;

/** Without a cutoff of its own PT1H; a window that is always open has none, and needs no time zone (UTC). */
export function windowOf({ metadata, spec }: ParsedWindow, version: number): MaintenanceWindow {
  const { schedule, timezone = 'UTC', duration, cutoff } = spec;
  const always = 'always' in schedule;
  return {
    name: metadata.name,
    version,
    schedule: always ? { always: true } : recurrenceOf(schedule),
    timezone,
    duration: duration === undefined ? null : durationOf(duration),
    cutoff: always ? 0 : cutoff === undefined ? DEFAULT_CUTOFF : durationOf(cutoff),
  };
}
