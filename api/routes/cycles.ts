import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type CycleId, type Instant, type NodeId, type StageName, workflowIds } from '../../domain/ids.js';
import type { CycleSummary } from '../../store/index.js';
import type { Context } from '../context.js';
import { readCursor, writeCursor } from '../cursor.js';
import { reserveAndStart } from '../cycle-start.js';
import { Problem } from '../errors.js';
import { requestKey } from '../idempotency.js';
import { cycleLinks } from '../links.js';
import { identityOf } from '../plugins/identify.js';
import { cycleId, idempotentHeaders, page, pageQuery, planName, stageName } from '../schemas/common.js';
import {
  cycle,
  cycleNode,
  cyclePage,
  cycleStatus,
  nodeOutcome,
  startCycleBody,
  startedCycle,
} from '../schemas/cycles.js';
import { problems } from '../schemas/problem.js';

const params = z.object({ id: cycleId });
const as = <Brand extends string>() => z.string().transform((value) => value as Brand);
const cyclePosition = z.object({ startedAt: as<Instant>(), id: as<CycleId>() });
const nodePosition = z.object({ stage: as<StageName>(), node: as<NodeId>() });

/** A cycle that must be there. */
export const existingCycle = async (store: Context['store'], id: CycleId) => {
  const found = await store.cycleView(id);
  if (!found) throw new Problem('not-found', `There is no cycle ${id}.`);
  return found;
};

/** Starting cycles and looking at them. */
export const cycleRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal, temporalUi }) => {
  const withLinks = <Cycle extends CycleSummary>(cycle: Cycle) => ({
    ...cycle,
    links: cycleLinks(cycle.id, cycle.workflowId, temporalUi),
  });

  app.post(
    '/cycles',
    {
      config: { may: 'steer' },
      schema: {
        tags: ['Cycles'],
        summary: 'Start a cycle of a plan',
        headers: idempotentHeaders,
        body: startCycleBody,
        response: { 202: startedCycle, ...problems(400, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { plan, reason, reference = null } = request.body;
      const by = identityOf(request);
      const key = await requestKey(store, request);
      const started = await reserveAndStart({ store, temporal }, { plan, reason, reference, by, key });
      const workflowId = workflowIds.cycle(started.plan, started.number);
      const links = cycleLinks(started.cycle, workflowId, temporalUi);
      return reply
        .code(202)
        .header('location', links.self)
        .send({ id: started.cycle, workflowId, plan: started.plan, planVersion: started.planVersion, links });
    },
  );

  app.get(
    '/cycles',
    {
      config: { may: 'read' },
      schema: {
        tags: ['Cycles'],
        summary: 'The cycles, the newest first',
        querystring: z.strictObject({ plan: planName.optional(), status: cycleStatus.optional(), ...pageQuery }),
        response: { 200: cyclePage, ...problems(400) },
      },
    },
    async ({ query: { plan, status, limit, cursor } }) => {
      const after = readCursor(cursor, cyclePosition);
      const { items, next } = await store.cycles({
        ...(plan && { plan }),
        ...(status && { status }),
        ...(after && { after }),
        limit,
      });
      return { items: items.map(withLinks), next: writeCursor(next) };
    },
  );

  app.get(
    '/cycles/:id',
    {
      config: { may: 'read' },
      schema: { tags: ['Cycles'], summary: 'One cycle', params, response: { 200: cycle, ...problems(404) } },
    },
    async ({ params: { id } }) => withLinks(await existingCycle(store, id)),
  );

  app.get(
    '/cycles/:id/nodes',
    {
      config: { may: 'read' },
      schema: {
        tags: ['Cycles'],
        summary: 'The outcome of every node, stage by stage',
        params,
        querystring: z.strictObject({ stage: stageName.optional(), outcome: nodeOutcome.optional(), ...pageQuery }),
        response: { 200: page(cycleNode), ...problems(400, 404) },
      },
    },
    async ({ params: { id }, query: { stage, outcome, limit, cursor } }) => {
      await existingCycle(store, id);
      const after = readCursor(cursor, nodePosition);
      const { items, next } = await store.cycleNodes(id, {
        ...(stage && { stage }),
        ...(outcome && { outcome }),
        ...(after && { after }),
        limit,
      });
      return { items, next: writeCursor(next) };
    },
  );
};
