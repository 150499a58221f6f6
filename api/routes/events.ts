import { setTimeout as wait } from 'node:timers/promises';
import type { SSEMessage } from '@fastify/sse';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { hasEnded } from '../../domain/cycle.js';
import type { CycleId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { Problem } from '../errors.js';
import { cycleId } from '../schemas/common.js';
import { problems } from '../schemas/problem.js';
import { existingCycle } from './cycles.js';

const AT_ONCE = 200;

/** Live progress of a cycle. */
export const eventRoutes: FastifyPluginAsyncZod<Context> = async (app, context) => {
  app.get(
    '/cycles/:id/events',
    {
      config: { may: 'read' },
      sse: { kind: 'manual' },
      schema: {
        tags: ['Cycles'],
        summary: 'Live progress of a cycle, as server-sent events',
        description:
          'Events `cycle`, `stage`, `wave`, `nodes` and `rollback`, each with its number as `id`: a reader that comes ' +
          'back with `Last-Event-ID` misses none. Without it the events begin with the first. The stream ends with the ' +
          'cycle, and with its rollback where one runs.',
        params: z.object({ id: cycleId }),
        headers: z.looseObject({
          'last-event-id': z
            .string()
            .regex(/^\d{1,15}$/)
            .optional()
            .meta({ description: 'the number of the last event that was seen', examples: ['17'] }),
        }),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
          ...problems(400, 404, 406),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { accept = '*/*', 'last-event-id': after = '0' } = request.headers;
      if (!/text\/event-stream|text\/\*|\*\/\*/.test(String(accept))) {
        throw new Problem('not-acceptable', 'Progress comes as text/event-stream.');
      }
      await existingCycle(context.store, id);
      const gone = new AbortController();
      reply.sse.onClose(() => gone.abort());
      reply.sse.sendHeaders();
      try {
        await reply.sse.send(eventsOf(context, id, Number(after), gone.signal));
      } catch (error) {
        // The answer has begun: it ends here, and the reader comes back with the last event that it saw.
        request.log.warn({ err: error }, 'A stream of events ended early.');
      }
    },
  );
};

/** The events after a number, as they come, until the cycle has ended and all of them are told, or nobody listens. */
async function* eventsOf(
  { store, eventInterval, closing }: Context,
  id: CycleId,
  after: number,
  gone: AbortSignal,
): AsyncGenerator<SSEMessage> {
  const stop = AbortSignal.any([closing, gone]);
  let last = after;
  while (!stop.aborted) {
    // Asked before the events are read: what ended by then has told all it has to tell.
    const { status } = await existingCycle(store, id);
    const over = hasEnded(status) && (await store.rollbackRunning(id)) === null;
    for (;;) {
      const events = await store.changesSince(id, last, AT_ONCE);
      for (const { seq, kind, body, at } of events) {
        last = seq;
        yield { id: String(seq), event: kind, data: { at, ...asObject(body) } };
      }
      if (events.length < AT_ONCE) break;
    }
    if (over) return;
    await wait(eventInterval, undefined, { signal: stop }).catch(() => undefined);
  }
}

const asObject = (body: unknown): object => (typeof body === 'object' && body !== null ? body : { value: body });
