import { type Kysely, sql } from 'kysely';
import type { SetAsides } from '../../activities/ports.js';
import type { Database } from '../schema.js';
import { anyOf, json } from '../sql.js';

/** Nodes that every cycle leaves alone. */
export const setAsides = (db: Kysely<Database>): SetAsides => ({
  setAside: async (nodes) => {
    await sql`
      insert into set_aside (node, account, region, since, cycle, stage, reason)
      select node, account, region, since, cycle, stage, reason
      from jsonb_to_recordset(${json(nodes)}) as aside (node text, account text, region text, since timestamptz,
        cycle text, stage text, reason text)
      on conflict (node) do nothing`.execute(db);
  },
  setAsideAmong: async (nodes) => {
    const rows = await db.selectFrom('set_aside').selectAll().where(anyOf('node', nodes)).execute();
    return new Map(rows.map((row) => [row.node, row]));
  },
  readmit: async (node, since) => {
    await db.deleteFrom('set_aside').where('node', '=', node).where('since', '=', since).execute();
  },
});
