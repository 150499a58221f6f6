import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { workflowIds } from '../../domain/ids.js';
import type { SetAside } from '../../domain/set-aside.js';
import { audited } from '../audit.js';
import type { Context } from '../context.js';
import { writeCursor } from '../cursor.js';
import { Problem } from '../errors.js';
import { requestKey } from '../idempotency.js';
import { filterOf, positionOf } from '../inventory.js';
import { identityOf } from '../plugins/identify.js';
import { idempotentHeaders, nodeId, page } from '../schemas/common.js';
import { steeringBody } from '../schemas/cycles.js';
import { fleetNode, nodesQuery, readmitted } from '../schemas/nodes.js';
import { problems } from '../schemas/problem.js';
import { startReadmission, statusOf } from '../temporal/runs.js';

const tags = ['Fleet'];

/** The inventory, and nodes that were set aside and are taken back. */
export const nodeRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal }) => {
  app.get(
    '/nodes',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'The inventory',
        querystring: nodesQuery,
        response: { 200: page(fleetNode), ...problems(400) },
      },
    },
    async ({ query: { limit, cursor, setAside, ...filter } }) => {
      const wanted = { ...filterOf(filter), ...(setAside !== undefined && { setAside: setAside === 'true' }) };
      const { items, next } = await store.fleetNodes(wanted, positionOf(cursor, limit));
      return { items, next: writeCursor(next) };
    },
  );

  app.post(
    '/nodes/:id/readmit',
    {
      config: { may: 'steer' },
      schema: {
        tags,
        summary: 'Take a node back that was set aside',
        description: 'Cycles take it again as soon as the workflow runs; the tag on the node goes then, too.',
        headers: idempotentHeaders,
        params: z.object({ id: nodeId }),
        body: steeringBody,
        response: { 202: readmitted, ...problems(400, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { reason } = request.body;
      const who = identityOf(request);
      const key = await requestKey(store, request);
      const aside = (await store.setAsideAmong([id])).get(id);
      const act = { key, action: 'readmit node', subject: `nodes/${id}`, reason: `${reason}${since(aside)}` };
      await audited(store, who, act, async () => {
        if (aside) return startReadmission(temporal, key, aside);
        // Asked for once more under the same key: it has been taken back.
        if ((await statusOf(temporal, workflowIds.readmit(key))) !== null) return;
        throw new Problem('not-set-aside', `Node ${id} is not set aside.`);
      });
      const self = '/v1/nodes?setAside=true';
      return reply
        .code(202)
        .header('location', self)
        .send({ id, workflowId: workflowIds.readmit(key), links: { self } });
    },
  );
};

const since = (aside: SetAside | undefined): string =>
  aside === undefined ? '' : ` (set aside since ${aside.since} by stage ${aside.stage} of ${aside.cycle})`;
