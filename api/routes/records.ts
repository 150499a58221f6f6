import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../context.js';
import { readCursor, writeCursor } from '../cursor.js';
import { Problem } from '../errors.js';
import { cycleId, digest, pageQuery } from '../schemas/common.js';
import { problems } from '../schemas/problem.js';
import { auditPage, manifest, patchSet, report } from '../schemas/records.js';

const tags = ['Records'];
const byDigest = z.object({ digest });

/** What was fixed and may be shown to an auditor: manifests, patch sets, reports, who did what. */
export const recordRoutes: FastifyPluginAsyncZod<Context> = async (app, { store }) => {
  app.get(
    '/manifests/:digest',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'What a stage is about to do: what an approver approves',
        params: byDigest,
        response: { 200: manifest, ...problems(400, 404) },
      },
    },
    async ({ params }) => store.manifest(params.digest),
  );

  app.get(
    '/patch-sets/:digest',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'The exact patches that a stage has proven',
        params: byDigest,
        response: { 200: patchSet, ...problems(400, 404) },
      },
    },
    async ({ params }) => store.patchSet(params.digest),
  );

  app.get(
    '/cycles/:id/report',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'All of a cycle, for an auditor',
        params: z.object({ id: cycleId }),
        response: { 200: report, ...problems(404) },
      },
    },
    async ({ params: { id } }) => {
      const found = await store.cycleReport(id);
      if (!found) throw new Problem('not-found', `There is no cycle ${id}.`);
      return found;
    },
  );

  app.get(
    '/audit',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'Who did what, when; the newest first',
        querystring: z.strictObject({
          who: z.string().max(200).optional().meta({ description: 'a person' }),
          subject: z
            .string()
            .max(500)
            .optional()
            .meta({ description: 'what it was done to', examples: ['storefront-12'] }),
          ...pageQuery,
        }),
        response: { 200: auditPage, ...problems(400) },
      },
    },
    async ({ query: { who, subject, limit, cursor } }) => {
      const before = readCursor(cursor, z.int());
      const { items, next } = await store.auditEntries({
        ...(who !== undefined && { who }),
        ...(subject !== undefined && { subject }),
        ...(before !== undefined && { before }),
        limit,
      });
      return { items, next: writeCursor(next) };
    },
  );
};
