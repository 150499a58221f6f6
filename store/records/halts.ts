import { type Kysely, type Selectable, sql } from 'kysely';
import type { Halts } from '../../activities/ports.js';
import type { Halt } from '../../domain/halt.js';
import type { Database } from '../schema.js';
import { text } from '../sql.js';

/** Halts, a row each. Only the last one may stand: none begins before the one before it was lifted. */
export const halts = (db: Kysely<Database>): Halts => ({
  halt: ({ by, reason, at }) =>
    db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('halt', 0))`.execute(trx);
      const last = await lastHalt(trx);
      if (last && last.lifted_at === null) return haltOf(last);
      const begun = { number: (last?.number ?? 0) + 1, by, reason: text(reason), at };
      await trx
        .insertInto('halts')
        .values({ ...begun, lifted_at: null })
        .execute();
      return begun;
    }),

  unhalt: async (at) => {
    await db.updateTable('halts').set({ lifted_at: at }).where('lifted_at', 'is', null).execute();
    const last = await lastHalt(db);
    return last ? lastLifted(last) : 0;
  },

  halted: async () => {
    const last = await lastHalt(db);
    if (!last) return { halt: null, lifted: 0 };
    return { halt: last.lifted_at === null ? haltOf(last) : null, lifted: lastLifted(last) };
  },
});

type Row = Selectable<Database['halts']>;

/** The halt that stands; null where none does. */
export const standingHalt = async (db: Kysely<Database>): Promise<Halt | null> => {
  const last = await lastHalt(db);
  return last && last.lifted_at === null ? haltOf(last) : null;
};

const lastHalt = (db: Kysely<Database>): Promise<Row | undefined> =>
  db.selectFrom('halts').selectAll().orderBy('number', 'desc').limit(1).executeTakeFirst();

const haltOf = ({ number, by, reason, at }: Row): Halt => ({ number, by, reason, at });
const lastLifted = ({ number, lifted_at }: Row): number => (lifted_at === null ? number - 1 : number);
