import { randomUUID } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { ImportRequest } from '../../domain/import/import.js';
import { refuseUnknownAccounts } from '../accounts.js';
import { note } from '../audit.js';
import type { Context } from '../context.js';
import { identityOf } from '../plugins/identify.js';
import { importBody, imported } from '../schemas/import.js';
import { problems } from '../schemas/problem.js';
import { importEstate } from '../temporal/questions.js';

/** Documents for what AWS does today: for a person to read, change and apply. */
export const importRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal }) => {
  app.post(
    '/import',
    {
      config: { may: 'write' },
      schema: {
        tags: ['Documents'],
        summary: 'Documents for existing maintenance windows, baselines and patch groups, and what did not come over',
        description: 'Waits for the answer, five minutes at most. Reads only: nothing is written, here or in AWS.',
        body: importBody,
        response: { 200: imported, ...problems(400, 404, 413, 415) },
      },
    },
    async (request) => {
      const asked: ImportRequest = { accounts: request.body?.accounts ?? null, regions: request.body?.regions ?? null };
      await refuseUnknownAccounts(store, asked.accounts);
      const found = await importEstate(temporal, asked, randomUUID());
      await note(store, identityOf(request), {
        action: 'import',
        subject: asked.accounts?.join(', ') ?? 'all accounts',
        result: 'done',
        reason: `${found.written.windows} windows, ${found.written.baselines} baselines, ${found.written.plans} plans, ${found.findings.length} findings`,
      });
      return found;
    },
  );
};
