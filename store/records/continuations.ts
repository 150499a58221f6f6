import { type Kysely, sql } from 'kysely';
import type { Records } from '../../activities/ports.js';
import type { Digest } from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { json } from '../sql.js';
import { lockCycle, noteOutcomes } from './events.js';
import { manifests } from './manifests.js';
import { insertWaves } from './planning.js';

/** A stage that goes on: with nodes that it carries over to their next window, or with those that failed. */
export const continuations = (db: Kysely<Database>): Pick<Records, 'continuation' | 'continueNodes'> => ({
  continuation: (...round) => manifestOf(db, ...round),

  continueNodes: (manifest) =>
    db.transaction().execute(async (trx) => {
      const { cycle, stage, waves, windows, leftOut, continues } = manifest;
      const { round, of } = continues;
      await lockCycle(trx, cycle);
      // An attempt that was given up and comes late must not move nodes on which the stage is at work.
      const kept = await manifestOf(trx, cycle, stage, round);
      if (kept !== null) return kept;
      const digest = await manifests(trx).saveManifest(manifest);
      await trx.insertInto('continuations').values({ cycle, stage, round, manifest: digest }).execute();
      await insertWaves(trx, manifest);
      const opens = new Map(windows.map((window) => [window.window, window.opens]));
      const moved = waves.flatMap((wave) =>
        wave.batches.flatMap((batch) =>
          batch.nodes.map((node) => ({
            node,
            wave: wave.number,
            batch: batch.number,
            reason: `${of === 'failed' ? 'To be tried again in' : 'Carried over to'} window ${wave.window} of ${opens.get(wave.window)}.`,
          })),
        ),
      );
      await sql`
        update cycle_nodes as node set
          wave = moved.wave, batch = moved.batch, step = null, touched = false, problem = null, absent = '[]',
          earlier = case when node.outcome is null then node.earlier
            else jsonb_build_object('outcome', node.outcome, 'reason', node.reason) end,
          outcome = null, reason = moved.reason, before = coalesce(node.before, scan.patches)
        from jsonb_to_recordset(${json(moved)}) as moved (node text, wave integer, batch integer, reason text)
        left join node_scans as scan on scan.node = moved.node
        where node.cycle = ${cycle} and node.stage = ${stage} and node.node = moved.node`.execute(trx);
      await sql`
        update cycle_nodes as node set outcome = gone.outcome, reason = gone.reason
        from jsonb_to_recordset(${json(leftOut)}) as gone (node text, outcome text, reason text)
        where node.cycle = ${cycle} and node.stage = ${stage} and node.node = gone.node
          and node.outcome is null and not node.touched`.execute(trx);
      await noteOutcomes(trx, cycle, stage);
      return digest;
    }),
});

const manifestOf = async (
  db: Kysely<Database>,
  ...[cycle, stage, round]: Parameters<Records['continuation']>
): Promise<Digest | null> => {
  const row = await db
    .selectFrom('continuations')
    .select('manifest')
    .where('cycle', '=', cycle)
    .where('stage', '=', stage)
    .where('round', '=', round)
    .executeTakeFirst();
  return row?.manifest ?? null;
};
