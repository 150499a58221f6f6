import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Context } from '../context.js';
import { PROBLEMS, Problem, type ProblemCode } from '../errors.js';
import { problems } from '../schemas/problem.js';
import { temporalAnswers } from '../temporal/runs.js';

const health = z.enum(['up', 'down']);
const readiness = z.object({ ready: z.boolean(), temporal: health, store: health });

/** For those who run the service: probes, measurements, and what the problems mean. Nobody has to say who they are. */
export const probeRoutes: FastifyPluginAsyncZod<Context & { readonly metrics: Registry }> = async (
  app,
  { store, temporal, metrics },
) => {
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
      const [temporalUp, storeUp] = await Promise.all([
        temporalAnswers(temporal),
        store.ping().then(
          () => true,
          () => false,
        ),
      ]);
      const ready = temporalUp && storeUp;
      if (!ready) reply.header('retry-after', '5');
      return reply
        .code(ready ? 200 : 503)
        .send({ ready, temporal: temporalUp ? 'up' : 'down', store: storeUp ? 'up' : 'down' });
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

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);
