import { z } from 'zod';
import { isTimezone, timezones } from '../calendar/timezone.js';
import { formatDuration, parseDuration } from './durations.js';
import { nearest, nearestPath } from './nearest.js';
import { REGIONS } from './regions.js';
import type { Milliseconds } from './types.js';

/*
 * The fields that documents are made of. Each says in its `description` what is expected and shows an
 * example as YAML (`x-example`): the same words serve a fault and the API's description. `x-not-yet` marks
 * what is reserved and not carried out: refused, not ignored.
 */

/** What a refusal carries beside its sentence. */
export interface RefusalParams {
  readonly nearest?: string;
  readonly expected?: string;
}

/** Adds a refusal with a sentence and, where there is one, the nearest right spelling. */
export function refuse(
  context: z.core.ParsePayload,
  message: string,
  more: { path?: PropertyKey[]; nearest?: string | null; expected?: string; input?: unknown } = {},
): void {
  const { path = [], nearest: near, expected } = more;
  context.issues.push({
    code: 'custom',
    continue: true,
    input: 'input' in more ? more.input : context.value,
    path,
    message,
    params: { ...(near ? { nearest: near } : {}), ...(expected ? { expected } : {}) },
  });
}

/** A lower-case name as in DNS. */
export const nameField = (most: number, example: string, taken: readonly string[] = []) =>
  z
    .string()
    .max(most)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
    .check((context) => {
      if (taken.includes(context.value)) refuse(context, `the name ${context.value} has a meaning of its own`);
    })
    .meta({ description: `a name of at most ${most} lower-case letters, digits and hyphens`, 'x-example': example });

export const NAME_LENGTH = { plan: 40, stage: 20, window: 63, baseline: 63, account: 63 } as const;
export const accountName = nameField(NAME_LENGTH.account, 'shop-production', ['all']);
export const windowName = nameField(NAME_LENGTH.window, 'prod-a', ['from-tag']);
export const baselineName = nameField(NAME_LENGTH.baseline, 'prod', ['everything']);

export const durationField = (least: Milliseconds, most: Milliseconds, example: string) => {
  const description = `an ISO 8601 duration of days, hours, minutes and seconds, ${formatDuration(least)} to ${formatDuration(most)}`;
  return z
    .string()
    .check((context) => {
      const milliseconds = parseDuration(context.value);
      if (milliseconds !== null && milliseconds >= least && milliseconds <= most) return;
      refuse(
        context,
        milliseconds === null
          ? /^P\d.*[YM]/.test(context.value.split('T')[0] ?? '')
            ? 'years and months have no fixed length: write days'
            : 'is not a duration'
          : `is ${milliseconds < least ? 'shorter' : 'longer'} than it may be`,
      );
    })
    .meta({ description, 'x-example': example });
};

export const timezoneField = z
  .string()
  .check((context) => {
    if (!isTimezone(context.value))
      refuse(context, 'there is no such time zone', { nearest: nearestPath(context.value, timezones()) });
  })
  .meta({ description: 'a time zone of the IANA database', 'x-example': 'Europe/London' });

export const regionField = z
  .string()
  .check((context) => {
    if (!(REGIONS as readonly string[]).includes(context.value))
      refuse(context, 'there is no such AWS Region', { nearest: nearest(context.value, REGIONS) });
  })
  .meta({ description: 'the code of an AWS Region', 'x-example': 'eu-west-1' });

export const timeOfDayField = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
  .meta({ description: 'a local time of day, hours and minutes, in quotes', 'x-example': '"02:00"' });

/** A list without repetitions. */
export const distinct = <Element extends z.ZodType<string>>(element: Element, least: number, most: number) =>
  z
    .array(element)
    .min(least)
    .max(most)
    .check((context) => {
      for (const [index, value] of context.value.entries())
        if (context.value.indexOf(value) < index)
          refuse(context, 'stands in the list before', { path: [index], input: value, expected: 'each value once' });
    });

/** What every document begins with. */
export const API_VERSION = 'patchtide/v1';
export const documentSchema = <Kind extends string, Metadata extends z.ZodType, Spec extends z.ZodType>(
  kind: Kind,
  metadata: Metadata,
  spec: Spec,
) => z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal(kind), metadata, spec });
