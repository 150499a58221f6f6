import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Halt } from '../../domain/halt.js';
import { halt, unhalt } from '../../workflows/messages.js';
import { note, now } from '../audit.js';
import type { Context } from '../context.js';
import { tellAllCycles } from '../halting.js';
import { requestKey } from '../idempotency.js';
import { identityOf } from '../plugins/identify.js';
import { idempotentHeaders } from '../schemas/common.js';
import { haltBody, haltShown, haltTold } from '../schemas/halt.js';
import { problems } from '../schemas/problem.js';

const tags = ['Steering'];
const schema = { tags, headers: idempotentHeaders, body: haltBody };
const response = { 202: haltTold, ...problems(400, 409, 413, 415) };

/**
 * No new work anywhere, and on again. First it is written down, so that whatever begins later finds it; then every running
 * cycle is told. Whoever repeats a request tells them all again.
 */
export const haltRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal }) => {
  app.get(
    '/halt',
    {
      config: { may: 'read' },
      schema: { tags, summary: 'Whether everything is halted', response: { 200: haltShown, ...problems() } },
    },
    async () => ({ halt: shown((await store.halted()).halt) }),
  );

  app.post(
    '/halt',
    {
      config: { may: 'steer' },
      schema: {
        ...schema,
        summary: 'No new work anywhere, at once; what was touched is finished',
        response,
      },
    },
    async (request, reply) => {
      const { reason } = request.body;
      const who = identityOf(request);
      const key = await requestKey(store, request);
      const standing = await store.halt({ by: who.name, reason, at: now() });
      await note(store, who, { key, action: 'halt', subject: 'all', result: 'done', reason });
      const told = await tellAllCycles({ store, temporal }, halt, standing);
      return reply.code(202).send({ halt: shown(standing), told });
    },
  );

  app.post(
    '/unhalt',
    {
      config: { may: 'steer' },
      schema: { ...schema, summary: 'On again; a pause of a single cycle stays', response },
    },
    async (request, reply) => {
      const { reason } = request.body;
      const who = identityOf(request);
      const key = await requestKey(store, request);
      const number = await store.unhalt(now());
      await note(store, who, { key, action: 'unhalt', subject: 'all', result: 'done', reason });
      const told = await tellAllCycles({ store, temporal }, unhalt, { number, by: who.name, reason });
      return reply.code(202).send({ halt: shown((await store.halted()).halt), told });
    },
  );
};

const shown = (standing: Halt | null) => standing && { by: standing.by, reason: standing.reason, at: standing.at };
