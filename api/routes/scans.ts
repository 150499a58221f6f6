import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type AccountId, type Region, workflowIds } from '../../domain/ids.js';
import { note } from '../audit.js';
import type { Context } from '../context.js';
import { Problem } from '../errors.js';
import { requestKey } from '../idempotency.js';
import { identityOf } from '../plugins/identify.js';
import { idempotentHeaders } from '../schemas/common.js';
import { problems } from '../schemas/problem.js';
import { scan, scanBody, startedScan } from '../schemas/records.js';
import { scanStatus, startScan } from '../temporal/runs.js';

const tags = ['Fleet'];

/** Scans on demand: they find out, and change nothing on a node. */
export const scanRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal }) => {
  app.post(
    '/scans',
    {
      config: { may: 'steer' },
      schema: {
        tags,
        summary: 'Scan the fleet, or some of its locations',
        headers: idempotentHeaders,
        body: scanBody,
        response: { 202: startedScan, ...problems(400, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const who = identityOf(request);
      const id = await requestKey(store, request);
      const locations =
        request.body.locations?.map(({ account, region }) => ({
          account: account as AccountId,
          region: region as Region,
        })) ?? null;
      await startScan(temporal, { id, requestedBy: who.name, locations });
      await note(store, who, {
        key: `scan/${id}`,
        action: 'start scan',
        subject: `scans/${id}`,
        result: 'done',
        reason: locations ? `${locations.length} locations` : 'all locations',
      });
      const self = `/v1/scans/${id}`;
      return reply
        .code(202)
        .header('location', self)
        .send({ id, workflowId: workflowIds.fleetScan(id), links: { self } });
    },
  );

  app.get(
    '/scans/:id',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'One scan',
        params: z.object({ id: z.uuid().meta({ description: 'the id of a scan: a UUID' }) }),
        response: { 200: scan, ...problems(400, 404) },
      },
    },
    async ({ params: { id } }) => {
      const found = await scanStatus(temporal, id);
      if (!found) throw new Problem('not-found', `There is no scan ${id}.`);
      return {
        id,
        status: found.status,
        reason: found.status === 'failed' ? found.reason : null,
        result: found.status === 'completed' ? found.result : null,
      };
    },
  );
};
