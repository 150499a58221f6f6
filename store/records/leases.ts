import { type Kysely, sql } from 'kysely';
import type { Records } from '../../activities/ports.js';
import type { Database } from '../schema.js';
import { anyOf } from '../sql.js';

type Leases = Pick<Records, 'lease' | 'release' | 'releaseAll'>;

/** Which batch a node belongs to now. The table's key is the node: nobody can have what somebody has. */
export const leases = (db: Kysely<Database>): Leases => ({
  lease: (request) =>
    db.transaction().execute(async (trx) => {
      const { owner, cycle, stage, wave, batch } = request;
      // In the same order for all: two batches that want the same nodes wait for one another's end, and not both for both.
      const nodes = [...request.nodes].sort();
      await sql`
        insert into node_leases (node, owner, cycle, stage, wave, batch)
        select node, ${owner}, ${cycle}, ${stage}, ${wave}, ${batch} from unnest(${nodes}::text[]) as node
        on conflict (node) do nothing`.execute(trx);
      const held = await trx.selectFrom('node_leases').selectAll().where(anyOf('node', nodes)).execute();
      const others = held.filter(
        (lease) => !(lease.cycle === cycle && lease.stage === stage && lease.wave === wave && lease.batch === batch),
      );
      if (others.length === 0) return [];
      await ofBatch(trx, request).where(anyOf('node', nodes)).execute();
      return [...new Set(others.map((lease) => lease.owner))];
    }),

  release: async (batch) => {
    await ofBatch(db, batch).execute();
  },

  releaseAll: async (owner) => {
    await db.deleteFrom('node_leases').where('owner', '=', owner).execute();
  },
});

const ofBatch = (db: Kysely<Database>, { cycle, stage, wave, batch }: Parameters<Records['release']>[0]) =>
  db
    .deleteFrom('node_leases')
    .where('cycle', '=', cycle)
    .where('stage', '=', stage)
    .where('wave', '=', wave)
    .where('batch', '=', batch);
