import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { documentSchemas } from '../../domain/documents/parse.js';
import { readText } from '../../domain/documents/text.js';
import type { PlanName } from '../../domain/ids.js';
import type { DocumentKind, DocumentVersion } from '../../store/index.js';
import { StoreConflict } from '../../store/index.js';
import { note, now } from '../audit.js';
import type { Context } from '../context.js';
import { readCursor, writeCursor } from '../cursor.js';
import { COLLECTIONS, KIND_NAMES, plansThatUse, readDocument, withDefaults } from '../documents.js';
import { Problem } from '../errors.js';
import { checkRequest } from '../faults.js';
import type { Identity } from '../identity.js';
import { identityOf } from '../plugins/identify.js';
import { documentName, pageQuery } from '../schemas/common.js';
import { document, documentPage, writtenDocument } from '../schemas/documents.js';
import { problems } from '../schemas/problem.js';

const params = z.object({ name: documentName });
const etag = (version: number): string => `"${version}"`;
const conditionHeaders = z.looseObject({
  'if-match': z
    .string()
    .regex(/^"\d{1,9}"$/)
    .optional()
    .meta({ description: 'the ETag of the version that is to be replaced, in quotes', examples: ['"3"'] }),
  'if-none-match': z
    .string()
    .regex(/^\*$/)
    .optional()
    .meta({ description: '*: only where there is no such document yet', examples: ['*'] }),
});
const conditionOf = (headers: z.infer<typeof conditionHeaders>) => ({
  ...(headers['if-match'] !== undefined && { ifMatch: Number(headers['if-match'].slice(1, -1)) }),
  ...(headers['if-none-match'] !== undefined && { ifNoneMatch: true }),
});

/** Accounts, windows, baselines and plans: declarative documents, every write a version. */
export const documentRoutes: FastifyPluginAsyncZod<Context> = async (app, context) => {
  readBodiesAsText(app);
  // A document is checked by its reader, which knows its place; the schema of the body tells what it checks.
  app.setValidatorCompiler<z.ZodType>((route) =>
    route.httpPart === 'body' ? (value: unknown) => ({ value }) : checkRequest(route),
  );
  for (const [collection, kind] of Object.entries(COLLECTIONS)) collectionRoutes(app, { ...context, collection, kind });
};

/** Both media types are read by the reader of documents, which refuses what could be misread, or multiplies. */
const readBodiesAsText = (app: App): void => {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  for (const [format, types] of [
    ['json', ['application/json']],
    ['yaml', ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml']],
  ] as const) {
    app.addContentTypeParser([...types], { parseAs: 'string' }, async (_request: unknown, body: string | Buffer) => {
      const values = readText(body.toString(), format);
      if (values.length === 1) return values[0];
      throw new Problem('invalid-input', `Here is place for one document, and the body has ${values.length}.`, {
        faults: [{ path: '', message: 'several documents', expected: 'one document' }],
      });
    });
  }
};

type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

const collectionRoutes = (
  app: App,
  { store, schedules, collection, kind }: Context & { readonly collection: string; readonly kind: DocumentKind },
): void => {
  const title = KIND_NAMES[kind];
  const tags = ['Documents'];
  const path = `/${collection}/:name`;

  app.get(
    `/${collection}`,
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: `All documents of the kind ${title}`,
        querystring: z.strictObject(pageQuery),
        response: { 200: documentPage, ...problems(400) },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const after = readCursor(cursor, z.string()) ?? '';
      const rest = (await store.documents(kind)).filter(({ name }) => name > after);
      const items = rest.slice(0, limit).map(({ name, version, by, at, written }) => ({
        name,
        version,
        by,
        at,
        document: asDocument(written),
      }));
      return { items, next: writeCursor(rest.length > limit ? (items.at(-1)?.name ?? null) : null) };
    },
  );

  app.get(
    path,
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: `One ${title}`,
        description: 'As it was written, its version as ETag; with `expand=defaults` every default is written out.',
        params,
        querystring: z.strictObject({
          expand: z
            .enum(['defaults'])
            .optional()
            .meta({ description: 'defaults', examples: ['defaults'] }),
        }),
        response: { 200: document, ...problems(400, 404) },
      },
    },
    async ({ params: { name }, query: { expand } }, reply) => {
      const found = await existing(name);
      reply.header('etag', etag(found.version));
      return asDocument(expand === 'defaults' ? withDefaults(kind, found) : found.written);
    },
  );

  app.put(
    path,
    {
      config: { may: 'write' },
      schema: {
        tags,
        summary: `Write a ${title}`,
        description: 'Makes a new version. A plan with a `start` is given its schedule, and one without loses it.',
        consumes: ['application/json', 'application/yaml'],
        params,
        headers: conditionHeaders,
        body: documentSchemas[title],
        response: { 200: writtenDocument, 201: writtenDocument, ...problems(400, 409, 412, 413, 415) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const body = await readDocument(store, kind, name, request.body);
      const who = identityOf(request);
      const { version, created, changed } = await conditional(request.headers, () =>
        store.putDocument(kind, name, body, who.name, conditionOf(request.headers)),
      );
      reply.header('etag', etag(version));
      if (changed) await noted(who, 'write', name, version);
      if (kind === 'baseline' && created) await resolvePlansAgain(who, name);
      if (kind === 'plan') await followPlan(name as PlanName, version);
      if (created) reply.header('location', `/v1/${collection}/${name}`);
      return reply.code(created ? 201 : 200).send({ kind: title, name, version, changed });
    },
  );

  app.delete(
    path,
    {
      config: { may: 'write' },
      schema: {
        tags,
        summary: `Delete a ${title}`,
        description: 'Refused while something needs it. Its versions stay readable in the reports of its cycles.',
        params,
        headers: conditionHeaders,
        response: { 204: z.undefined().describe('Deleted'), ...problems(400, 404, 409, 412) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const who = identityOf(request);
      await refuseIfNeeded(name);
      const deleted = await conditional(request.headers, () =>
        store.deleteDocument(kind, name, who.name, conditionOf(request.headers)),
      );
      // Also where the document has gone already: a deletion whose schedule stayed behind is finished by repeating it.
      if (kind === 'plan') await follow(() => schedules.remove(name as PlanName), 'The plan is deleted');
      if (!deleted) throw new Problem('not-found', `There is no ${title} ${name}.`);
      await noted(who, 'delete', name, null);
      return reply.code(204).send();
    },
  );

  const existing = async (name: string): Promise<DocumentVersion> => {
    const found = await store.document(kind, name);
    if (!found) throw new Problem('not-found', `There is no ${title} ${name}.`);
    return found;
  };

  const noted = (who: Identity, action: string, name: string, version: number | null) =>
    note(store, who, {
      action: `${action} ${title}`,
      subject: `${collection}/${name}`,
      result: 'done',
      reason: version === null ? 'deleted' : `version ${version}`,
    });

  /** The schedule is made to follow the newest version there is, which may be somebody else's by now. */
  const followPlan = (name: PlanName, version: number): Promise<void> =>
    follow(async () => {
      const start = (await store.plan(name))?.start ?? null;
      if (start) await schedules.write(name, start, now());
      else await schedules.remove(name);
    }, `The plan is written as version ${version}`);

  /**
   * A stage without a baseline takes the one that bears its name, so a new baseline may change what plans mean: those
   * get a new version. Cycles that run keep theirs.
   */
  const resolvePlansAgain = async (who: Identity, baseline: string): Promise<void> => {
    for (const plan of await store.documents('plan')) {
      const body = await readDocument(store, 'plan', plan.name, plan.written);
      const { version, changed } = await store.putDocument('plan', plan.name, body, who.name);
      if (!changed) continue;
      await note(store, who, {
        action: 'write PatchPlan',
        subject: `plans/${plan.name}`,
        result: 'done',
        reason: `version ${version}: there is a baseline ${baseline} now`,
      });
    }
  };

  const refuseIfNeeded = async (name: string): Promise<void> => {
    if (kind !== 'plan') {
      const plans = await plansThatUse(store, kind, name);
      if (plans.length > 0) throw new Problem('in-use', `${title} ${name} is named by ${list('plan', plans)}.`);
      return;
    }
    for (const status of ['running', 'paused'] as const) {
      const [cycle] = (await store.cycles({ plan: name as PlanName, status, limit: 1 })).items;
      if (cycle) throw new Problem('in-use', `Cycle ${cycle.id} of plan ${name} has not ended.`);
    }
  };
};

/** What was written has been checked before it was stored. */
const asDocument = (written: unknown) => written as z.infer<typeof document>;

const list = (what: string, names: readonly string[]): string =>
  `${names.length === 1 ? what : `${what}s`} ${names.slice(0, 10).join(', ')}${names.length > 10 ? ' and others' : ''}`;

/** A conflict under a condition of the caller is theirs: the document is not what they think it is. */
async function conditional<Result>(
  headers: z.infer<typeof conditionHeaders>,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const conditions = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
    if (!(error instanceof StoreConflict) || !conditions) throw error;
    throw new Problem('changed-meanwhile', error.message, { cause: error });
  }
}

/** The document is the truth and the schedule follows it: where Temporal does not answer, the answer says how far it came. */
async function follow(change: () => Promise<void>, done: string): Promise<void> {
  try {
    await change();
  } catch (error) {
    throw new Problem('schedule-behind', `${done}, and its schedule does not follow yet.`, { cause: error });
  }
}
