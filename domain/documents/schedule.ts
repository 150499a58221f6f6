import { z } from 'zod';
import { cronProblem } from '../calendar/cron.js';
import { WEEKDAYS } from '../calendar/openings.js';
import { refuse, timeOfDayField } from './fields.js';

/** The nth weekday of every month plus days at a local time. A month without a fifth such weekday is left out. */
export const nthWeekdayShape = {
  nth: z
    .int()
    .min(1)
    .max(5)
    .meta({ description: 'which one of the month, 1 to 5 (a month without a fifth is left out)', 'x-example': 2 }),
  weekday: z.enum(WEEKDAYS).meta({ description: `one of ${WEEKDAYS.join(', ')}`, 'x-example': 'TUE' }),
  plusDays: z
    .int()
    .min(0)
    .max(31)
    .optional()
    .meta({ description: 'days after that weekday, 0 to 31; 0 without it', 'x-example': 12 }),
  at: timeOfDayField,
};

export const cronShape = {
  cron: z
    .string()
    .max(100)
    .check((context) => {
      const problem = cronProblem(context.value);
      if (problem !== null) refuse(context, problem);
    })
    .meta({ description: 'a cron expression of five fields that fires sometime', 'x-example': '0 2 * * SUN' }),
};

type ParsedRecurrence =
  | { nth: number; weekday: (typeof WEEKDAYS)[number]; plusDays?: number | undefined; at: string }
  | { cron: string };

/** A parsed rule with its default written out. */
export const recurrenceOf = (rule: ParsedRecurrence) =>
  'cron' in rule
    ? { cron: rule.cron }
    : { nth: rule.nth, weekday: rule.weekday, plusDays: rule.plusDays ?? 0, at: rule.at };
