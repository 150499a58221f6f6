import { z } from 'zod';
import { PROBLEMS } from '../errors.js';

const fault = z.object({
  document: z.string().optional().describe('Which of several documents'),
  path: z.string().describe('The field: `spec.stages[1].soak`; empty for the whole'),
  message: z.string(),
  expected: z.string(),
  found: z.string().optional(),
  nearest: z.string().optional().describe('The right spelling that was probably meant'),
  example: z.string().optional(),
});

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string().describe('`/problems/{code}`, where it is documented'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]),
    advice: z.string().describe('What to do next'),
    faults: z.array(fault).readonly(),
  })
  .meta({ id: 'Problem' });

const asProblem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problem } },
});

const DESCRIPTIONS = {
  400: 'The request is not as it should be; nothing was changed',
  404: 'There is no such thing',
  406: 'The answer is not available in that form',
  409: 'That cannot be done now',
  412: 'The document is not what the caller thinks it is',
  413: 'The body is too large',
  415: 'The content type is not understood',
} as const;

/** The problems that every route may answer with. */
const ALWAYS = {
  401: asProblem('No valid API key'),
  403: asProblem('The role of the caller may not do this'),
  429: asProblem('Too many requests; see Retry-After'),
  503: asProblem('Temporal, a worker or the database does not answer; see Retry-After'),
  '4xx': asProblem('The request was refused'),
  '5xx': asProblem('Something is wrong in Patchtide'),
} as const;

type Described = keyof typeof DESCRIPTIONS;

/** The problems of a route: those it names, and those that any route may answer with. */
export const problems = <Status extends Described>(
  ...statuses: readonly Status[]
): typeof ALWAYS & Record<Status, ReturnType<typeof asProblem>> => ({
  ...ALWAYS,
  ...(Object.fromEntries(statuses.map((status) => [status, asProblem(DESCRIPTIONS[status])])) as Record<
    Status,
    ReturnType<typeof asProblem>
  >),
});
