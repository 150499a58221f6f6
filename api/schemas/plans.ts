import { z } from 'zod';
import { OUTCOMES } from '../../domain/cycle.js';
import { count, instant, list, location, reason, text } from './common.js';

export const planSchedule = z
  .object({
    paused: z.boolean(),
    note: text.nullable().describe('Why, and by whom'),
    nextTimes: list(instant),
    recent: list(z.object({ scheduledAt: instant, startedAt: instant })),
  })
  .meta({ id: 'PlanSchedule' });

export const scheduleBody = z.strictObject({ reason });

export const occurrence = {
  window: text,
  timezone: text,
  opens: instant,
  closes: instant.nullable(),
  cutoff: instant.nullable().describe('After this instant no new work starts'),
};
export const leftOut = z.object({
  node: text,
  name: text,
  ...location,
  outcome: z.enum(OUTCOMES),
  reason: text,
});

export const preview = z
  .object({
    plan: z
      .record(z.string(), z.unknown())
      .describe('The plan with every default written out; durations in milliseconds'),
    at: instant,
    stages: list(
      z.object({
        name: text,
        nodes: count,
        windows: list(
          z.object({
            ...occurrence,
            nodes: count,
            opensLocal: text,
            closesLocal: text.nullable(),
            estimatedMinutes: z.number(),
            fitsBeforeCutoff: z.boolean(),
            windowsNeeded: count.describe('How many openings of the window its nodes take, by the estimate'),
          }),
        ),
        waves: list(
          z.object({
            ...location,
            zone: text,
            zoneName: text.nullable(),
            window: text,
            nodes: count,
            maxUnavailable: count,
            batches: count,
          }),
        ),
        snapshots: z
          .object({ count: count.describe('One of each volume'), gib: count.describe('Sizes of the volumes together') })
          .nullable()
          .describe('Taken before the installs; null where none is, or where volumes could not be looked up'),
        leftOut: list(leftOut),
        unknownWindows: list(z.object({ node: text, window: text.nullable() })),
        untested: list(z.object({ id: text, title: text, nodes: count })).describe(
          'Missing here, and seen on no node of the stage before',
        ),
        warnings: list(text),
      }),
    ),
    warnings: list(text),
  })
  .meta({ id: 'Preview' });
