import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Records } from '../../activities/ports.js';
import { digestOf } from '../../domain/digest.js';
import type { AccountDocument, MaintenanceWindow, PatchBaseline, ResolvedPlan } from '../../domain/documents/types.js';
import type { Digest, Instant } from '../../domain/ids.js';
import { StoreConflict, StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { json } from '../sql.js';

/** The kinds of documents, and what each means once every default is written out. The version is the store's. */
export interface DocumentKinds {
  readonly account: AccountDocument;
  readonly window: Omit<MaintenanceWindow, 'version'>;
  readonly baseline: Omit<PatchBaseline, 'version'>;
  readonly plan: Omit<ResolvedPlan, 'version'>;
}
export type DocumentKind = keyof DocumentKinds;

/** A document as its author wrote it, and with every default written out. */
export interface DocumentBody<Kind extends DocumentKind> {
  readonly written: unknown;
  readonly resolved: DocumentKinds[Kind];
}

/** One version of a document. A deletion is a version too, with the body of the one before it. */
export interface DocumentVersion<Kind extends DocumentKind = DocumentKind> extends DocumentBody<Kind> {
  readonly kind: Kind;
  readonly name: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly digest: Digest;
  readonly by: string;
  readonly at: Instant;
}

/** What must hold for a write: the newest version is this one (`If-Match`), or there is none (`If-None-Match: *`). */
export interface WriteCondition {
  readonly ifMatch?: number;
  readonly ifNoneMatch?: boolean;
}

export interface Documents extends Pick<Records, 'account' | 'accounts' | 'plan' | 'windows' | 'baseline'> {
  /**
   * Writes a new version. The body of the newest version again makes no new version (`changed: false`).
   * `created`: there was none, or it had been deleted.
   * @throws StoreConflict when the condition does not hold, or when another Account document has the same AWS account.
   */
  putDocument<Kind extends DocumentKind>(
    kind: Kind,
    name: string,
    body: DocumentBody<Kind>,
    by: string,
    condition?: WriteCondition,
  ): Promise<{ version: number; created: boolean; changed: boolean }>;
  /** @returns false when there is nothing to delete. @throws StoreConflict when the condition does not hold. */
  deleteDocument(kind: DocumentKind, name: string, by: string, condition?: WriteCondition): Promise<boolean>;
  /** The newest version, null when there is none or it is deleted; or the version named, deleted or not. */
  document<Kind extends DocumentKind>(
    kind: Kind,
    name: string,
    version?: number,
  ): Promise<DocumentVersion<Kind> | null>;
  /** The newest versions of a kind that are not deleted, by name. */
  documents<Kind extends DocumentKind>(kind: Kind): Promise<DocumentVersion<Kind>[]>;
  /** Every version, the newest first. */
  documentHistory<Kind extends DocumentKind>(kind: Kind, name: string): Promise<DocumentVersion<Kind>[]>;
}

const ACCOUNT_ID_INDEX = 'documents_account_id';

export const documents = (db: Kysely<Database>): Documents => {
  const newest = async <Kind extends DocumentKind>(kind: Kind): Promise<DocumentVersion<Kind>[]> => {
    const rows = await db
      .selectFrom('documents')
      .selectAll()
      .where('kind', '=', kind)
      .where('newest', '=', true)
      .where('deleted', '=', false)
      .orderBy('name')
      .execute();
    return rows.map((row) => fromRow(kind, row));
  };
  const document = async <Kind extends DocumentKind>(kind: Kind, name: string, version?: number) => {
    const query = db.selectFrom('documents').selectAll().where('kind', '=', kind).where('name', '=', name);
    const row = await (version === undefined
      ? query.where('newest', '=', true).where('deleted', '=', false)
      : query.where('version', '=', version)
    ).executeTakeFirst();
    return row ? fromRow(kind, row) : null;
  };
  const write = <Kind extends DocumentKind>(
    kind: Kind,
    name: string,
    by: string,
    condition: WriteCondition,
    next: (before: DocumentVersion<Kind> | null) => (DocumentBody<Kind> & { deleted: boolean }) | null,
  ) =>
    db.transaction().execute(async (trx) => {
      const before = await lockNewest(trx, kind, name);
      checkCondition(kind, name, condition, before?.deleted === false ? before.version : null);
      const body = next(before);
      if (body === null) return { version: before?.version ?? 0, created: false, changed: false };
      const digest = digestOf({ written: body.written, resolved: body.resolved });
      const created = before === null || before.deleted;
      if (!created && !body.deleted && before.digest === digest)
        return { version: before.version, created: false, changed: false };
      const version = (before?.version ?? 0) + 1;
      await trx
        .updateTable('documents')
        .set({ newest: false })
        .where('kind', '=', kind)
        .where('name', '=', name)
        .where('newest', '=', true)
        .execute();
      await trx
        .insertInto('documents')
        .values({
          kind,
          name,
          version,
          newest: true,
          deleted: body.deleted,
          written: json(body.written),
          resolved: json(body.resolved),
          digest,
          by,
        })
        .execute();
      return { version, created, changed: true };
    });

  return {
    putDocument: (kind, name, body, by, condition = {}) =>
      write(kind, name, by, condition, () => ({ ...body, deleted: false })).catch((error: unknown) => {
        if (isUniqueViolation(error, ACCOUNT_ID_INDEX))
          throw new StoreConflict(
            'Another Account document already has this AWS account id: change or delete that one.',
          );
        throw error;
      }),
    deleteDocument: async (kind, name, by, condition = {}) => {
      const { changed } = await write(kind, name, by, condition, (before) =>
        before === null || before.deleted ? null : { ...before, deleted: true },
      );
      return changed;
    },
    document,
    documents: newest,
    documentHistory: async (kind, name) => {
      const rows = await db
        .selectFrom('documents')
        .selectAll()
        .where('kind', '=', kind)
        .where('name', '=', name)
        .orderBy('version', 'desc')
        .execute();
      return rows.map((row) => fromRow(kind, row));
    },

    account: async (id) => {
      const found = (await newest('account')).find(({ resolved }) => resolved.id === id);
      if (!found) throw new StoreNotFound(`No Account document has the AWS account id ${id}: apply one.`);
      return found.resolved;
    },
    accounts: async () => (await newest('account')).map(({ resolved }) => resolved),
    plan: async (name, version) => {
      const found = await document('plan', name, version);
      return found && { ...found.resolved, version: found.version };
    },
    windows: async () => (await newest('window')).map(({ resolved, version }) => ({ ...resolved, version })),
    baseline: async (name) => {
      const found = await document('baseline', name);
      return found && { ...found.resolved, version: found.version };
    },
  };
};

/** The newest version, under a lock that lasts as long as the transaction and covers a name that is not there yet. */
const lockNewest = async <Kind extends DocumentKind>(trx: Transaction<Database>, kind: Kind, name: string) => {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`document/${kind}/${name}`}, 0))`.execute(trx);
  const row = await trx
    .selectFrom('documents')
    .selectAll()
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('newest', '=', true)
    .executeTakeFirst();
  return row ? fromRow(kind, row) : null;
};

const checkCondition = (kind: string, name: string, condition: WriteCondition, version: number | null): void => {
  if (condition.ifNoneMatch && version !== null)
    throw new StoreConflict(`There is already a ${kind} ${name} (version ${version}).`);
  if (condition.ifMatch !== undefined && condition.ifMatch !== version)
    throw new StoreConflict(
      version === null
        ? `There is no ${kind} ${name}, but version ${condition.ifMatch} was expected.`
        : `The newest version of ${kind} ${name} is ${version}, not ${condition.ifMatch}: read it again.`,
    );
};

const fromRow = <Kind extends DocumentKind>(
  kind: Kind,
  row: Selectable<Database['documents']>,
): DocumentVersion<Kind> => ({
  kind,
  name: row.name,
  version: row.version,
  deleted: row.deleted,
  digest: row.digest,
  by: row.by,
  at: row.at,
  written: row.written,
  // Written by putDocument, which takes nothing else for this kind.
  resolved: row.resolved as DocumentKinds[Kind],
});

const isUniqueViolation = (error: unknown, index: string): boolean =>
  typeof error === 'object' && error !== null && 'constraint' in error && error.constraint === index;
