import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Instant } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { PROBLEMS, Problem, type ProblemCode } from '../errors.js';
import { problems } from '../schemas/problem.js';
import { temporalAnswers } from '../temporal/client.js';

const health = z.enum(['up', 'down']);
/** How long workers' news of AWS are news: a wave that waits for AWS asks again every five minutes at least. */
const OF_LATE = 15 * 60_000;
const readiness = z.object({
  ready: z.boolean().meta({ description: 'Temporal and the database answer, and the service was not asked to end' }),
  draining: z.boolean().meta({ description: 'The service was asked to end and serves on for a while' }),
  temporal: health,
  store: health,
  aws: z.enum(['up', 'partly', 'down', 'idle', 'unknown']).meta({
    description:
      'How AWS answered the workers in the last 15 minutes: in all locations, in some, in none; idle where nothing was ' +
      'asked, unknown where the database is down. It does not decide on readiness: cycles wait for AWS by themselves.',
  }),
});

/** For those who run the service: probes, measurements, and what the problems mean. Nobody has to say who they are. */
export const probeRoutes: FastifyPluginAsyncZod<
  Context & { readonly metrics: Registry; readonly draining: AbortSignal }
> = async (app, { store, temporal, metrics, draining }) => {
  const tags = ['Operation'];
  // Under pressure too: who asks restarts what does not answer, and that would help nobody.
  const always = { rateLimit: false, pressureHandler: () => undefined } as const;

  app.get(
    '/livez',
    {
      config: always,
      schema: {
        tags,
        summary: 'Alive',
        security: [],
        response: { 200: z.object({ alive: z.literal(true) }), ...problems() },
      },
    },
    async () => ({ alive: true as const }),
  );

  app.get(
    '/readyz',
    {
      config: always,
      schema: {
        tags,
        summary: 'Ready: Temporal and the database answer',
        security: [],
        response: {
          200: readiness,
          ...problems(),
          503: { description: 'Not ready', content: { 'application/json': { schema: readiness } } },
        },
      },
    },
    async (_request, reply) => {
      const [temporalUp, aws] = await Promise.all([temporalAnswers(temporal), awsState(store)]);
      const storeUp = aws !== 'unknown';
      const ready = temporalUp && storeUp && !draining.aborted;
      if (!ready) reply.header('retry-after', '5');
      return reply.code(ready ? 200 : 503).send({
        ready,
        draining: draining.aborted,
        temporal: temporalUp ? 'up' : 'down',
        store: storeUp ? 'up' : 'down',
        aws,
      });
    },
  );

  app.get(
    '/metrics',
    {
      config: always,
      schema: {
        tags,
        summary: 'Measurements for Prometheus',
        security: [],
        response: {
          200: { description: 'Measurements', content: { 'text/plain': { schema: z.string() } } },
          ...problems(),
        },
      },
      serializerCompiler: () => (text) => String(text),
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );

  app.get(
    '/problems/:code',
    {
      schema: {
        tags,
        summary: 'What a problem means and what to do next',
        security: [],
        params: z.object({ code: z.string() }),
        response: {
          200: z.object({ code: z.string(), status: z.int(), title: z.string(), advice: z.string() }),
          ...problems(404),
        },
      },
    },
    async ({ params: { code } }) => {
      if (!isProblemCode(code)) throw new Problem('not-found', `There is no problem ${code}.`);
      return { code, ...PROBLEMS[code] };
    },
  );
};

/** What workers have written down of AWS; `unknown` where the store does not answer. */
async function awsState(store: Context['store']): Promise<z.infer<typeof readiness>['aws']> {
  try {
    const { up, down } = await store.awsReach(new Date(Date.now() - OF_LATE).toISOString() as Instant);
    if (up + down === 0) return 'idle';
    if (down === 0) return 'up';
    return up === 0 ? 'down' : 'partly';
  } catch {
    return 'unknown';
  }
}

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
