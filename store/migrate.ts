import { type Kysely, sql } from 'kysely';
import { StoreOfNewerRelease } from './errors.js';
import { MIGRATIONS } from './migrations/index.js';
import type { Database } from './schema.js';

/** Any number that no other program on this database uses for its advisory locks. */
const MIGRATION_LOCK = 7_284_118_843;

/**
 * Brings the database to this release's schema, in one transaction and under a lock, so that processes that start
 * together do it once. Answers with the names of the migrations that ran: none the second time.
 * @throws StoreOfNewerRelease when the database is of a newer release than this program.
 */
export const migrate = (db: Kysely<Database>): Promise<string[]> =>
  db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx);
    await sql`create table if not exists migrations (
      number integer primary key, name text not null, at timestamptz not null default now())`.execute(trx);
    const applied = new Set((await trx.selectFrom('migrations').select('number').execute()).map((row) => row.number));
    const newest = Math.max(0, ...MIGRATIONS.map((migration) => migration.number));
    const unknown = [...applied].find((number) => number > newest);
    if (unknown !== undefined)
      throw new StoreOfNewerRelease(
        `The database has migration ${unknown}, this release knows ${newest}: use the newer release.`,
      );
    const due = MIGRATIONS.filter((migration) => !applied.has(migration.number));
    for (const { number, name, sql: statements } of due) {
      for (const statement of statements.split(';\n').filter((text) => text.trim() !== ''))
        await sql.raw(statement).execute(trx);
      await trx.insertInto('migrations').values({ number, name }).execute();
    }
    return due.map((migration) => migration.name);
  });
