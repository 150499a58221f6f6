import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { DIMENSIONS } from '../../domain/compliance.js';
import type { NodeId } from '../../domain/ids.js';
import type { FleetFilter, FleetNode } from '../../store/index.js';
import type { Context } from '../context.js';
import { csvRow } from '../csv.js';
import { writeCursor } from '../cursor.js';
import { filterOf, positionOf } from '../inventory.js';
import { list, page, pageQuery } from '../schemas/common.js';
import { filterQuery } from '../schemas/fleet-filter.js';
import { problems } from '../schemas/problem.js';
import { complianceSummary, nodeCompliance } from '../schemas/records.js';

const tags = ['Fleet'];
const EXPORTED_AT_ONCE = 500;

/** How the nodes of the inventory stand to their baselines; the numbers add up to the inventory. */
export const complianceRoutes: FastifyPluginAsyncZod<Context> = async (app, { store }) => {
  app.get(
    '/compliance',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'How many nodes comply, do not, or are unknown',
        querystring: z.strictObject({
          by: z
            .enum(DIMENSIONS)
            .optional()
            .meta({ examples: ['account'] }),
          ...filterQuery,
        }),
        response: { 200: complianceSummary, ...problems(400) },
      },
    },
    async ({ query: { by, ...filter } }) => {
      const wanted = filterOf(filter);
      const [counts, groups] = await Promise.all([
        store.compliance(wanted),
        by === undefined ? [] : store.complianceBy(by, wanted),
      ]);
      return { ...counts, by: by ?? null, groups };
    },
  );

  app.get(
    '/compliance/nodes',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'The compliance of every node',
        querystring: z.strictObject({ ...filterQuery, ...pageQuery }),
        response: { 200: page(nodeCompliance), ...problems(400) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const { items, next } = await store.fleetNodes(filterOf(filter), positionOf(cursor, limit));
      return { items: items.map(complianceRow), next: writeCursor(next) };
    },
  );

  app.get(
    '/compliance/export',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'The compliance of all nodes, as a file',
        querystring: z.strictObject({
          format: z
            .enum(['csv', 'json'])
            .default('csv')
            .meta({ description: 'csv or json', examples: ['csv'], 'x-not-yet': ['html'] }),
          ...filterQuery,
        }),
        response: {
          200: {
            description: 'A row for each node',
            content: {
              'text/csv': { schema: z.string() },
              'application/json': { schema: list(nodeCompliance) },
            },
          },
          ...problems(400),
        },
      },
    },
    async ({ query: { format, ...filter } }, reply) => {
      const rows = allRows(filterOf(filter));
      reply.header('content-disposition', `attachment; filename="compliance.${format}"`);
      if (format === 'json') {
        const all: Row[] = [];
        for await (const row of rows) all.push(row);
        return reply.type('application/json').send(all);
      }
      return reply.type('text/csv; charset=utf-8').send(Readable.from(csvOf(rows)) as unknown as string);
    },
  );

  async function* allRows(filter: FleetFilter): AsyncGenerator<Row> {
    let after: NodeId | null = null;
    do {
      const { items, next } = await store.fleetNodes(filter, { limit: EXPORTED_AT_ONCE, ...(after && { after }) });
      yield* items.map(complianceRow);
      after = next;
    } while (after !== null);
  }
};

type Row = z.infer<typeof nodeCompliance>;

const complianceRow = (node: FleetNode): Row => ({
  node: node.id,
  name: node.name,
  account: node.account,
  region: node.region,
  patchGroup: node.patchGroup,
  environment: node.environment,
  os: node.os,
  compliance: node.compliance,
  missing: node.scan?.missing ?? null,
  failed: node.scan?.failed ?? null,
  pendingReboot: node.scan?.pendingReboot ?? null,
  scannedAt: node.scannedAt,
});

const COLUMNS = Object.keys(nodeCompliance.shape) as (keyof Row)[];

async function* csvOf(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  yield csvRow(COLUMNS);
  for await (const row of rows) yield csvRow(COLUMNS.map((column) => row[column]));
}
