import type { Kysely } from 'kysely';
import type { Records } from '../../activities/ports.js';
import type { Database } from '../schema.js';
import { text } from '../sql.js';

/** Who did what, when; rows are only ever added. */
export const audit = (db: Kysely<Database>): Pick<Records, 'audit'> => ({
  audit: async ({ key, at, who, action, subject, result, reason }) => {
    await db
      .insertInto('audit')
      .values({ key, at, who, action, subject, result, reason: text(reason) })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
  },
});
