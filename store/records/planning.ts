import { type Kysely, sql, type Transaction } from 'kysely';
import type { Records } from '../../activities/ports.js';
import { digestOf } from '../../domain/digest.js';
import type { OperatingSystem } from '../../domain/fleet.js';
import type { Instant } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { json } from '../sql.js';
import { lockCycle, noteOutcomes } from './events.js';

/**
 * Writes a stage's waves and nodes as its manifest has them. A stage that is prepared anew before anything was touched gets
 * those of its new manifest; what was touched stays as it is.
 */
export const planning = (db: Kysely<Database>): Pick<Records, 'planNodes' | 'selectedBefore' | 'batchDurations'> => ({
  batchDurations: async (plan, stage) => {
    const { rows } = await sql<{ os: OperatingSystem; milliseconds: number }>`
      select node.os, percentile_cont(0.9) within group (order by batch.milliseconds)::double precision as milliseconds
      from (
        select operation.cycle, operation.run, operation.batch, min(operation.nodes->>0) as node,
          (extract(epoch from max(operation.ended_at) - min(operation.intended_at)) * 1000)::double precision as milliseconds
        from operations as operation
        join cycles on cycles.id = operation.cycle
        where cycles.plan = ${plan} and operation.stage = ${stage} and operation.batch > 0
        group by operation.cycle, operation.run, operation.batch
        having bool_or(operation.step = 'install') and bool_and(operation.status = 'ended')
        order by max(operation.ended_at) desc limit 200
      ) as batch
      join cycle_nodes as node on node.cycle = batch.cycle and node.stage = ${stage} and node.node = batch.node
      where node.os is not null
      group by node.os having count(*) >= 3`.execute(db);
    return new Map(rows.map(({ os, milliseconds }) => [os, Math.round(milliseconds)]));
  },
  selectedBefore: async (cycle, stage) => {
    const { rows } = await sql<{ selected: number }>`
      select count(*)::integer as selected
      from cycles as this
      join cycles as earlier on earlier.plan = this.plan and earlier.number < this.number
      join cycle_nodes as node on node.cycle = earlier.id and node.stage = ${stage}
      where this.id = ${cycle}
      group by earlier.number order by earlier.number desc limit 1`.execute(db);
    return rows[0]?.selected ?? null;
  },

  planNodes: (cycle, stage, manifest, scannedSince) =>
    db.transaction().execute(async (trx) => {
      await lockCycle(trx, cycle);
      const digest = digestOf(manifest);
      const row = await trx
        .selectFrom('cycle_stages')
        .select('planned_for')
        .where('cycle', '=', cycle)
        .where('name', '=', stage)
        .executeTakeFirst();
      if (!row) throw new StoreNotFound(`The cycle ${cycle} has no stage ${stage}.`);
      if (row.planned_for === digest) return;
      await trx.deleteFrom('cycle_waves').where('cycle', '=', cycle).where('stage', '=', stage).execute();
      await trx
        .deleteFrom('cycle_nodes')
        .where('cycle', '=', cycle)
        .where('stage', '=', stage)
        .where('touched', '=', false)
        .execute();
      await insertWaves(trx, manifest);
      await insertNodes(trx, manifest, scannedSince);
      await trx
        .updateTable('cycle_stages')
        .set({ planned_for: digest })
        .where('cycle', '=', cycle)
        .where('name', '=', stage)
        .execute();
      await noteOutcomes(trx, cycle, stage);
    }),
});

/** An empty manifest has no windows; a wave whose window it does not list opens when it was prepared. */
export const insertWaves = (trx: Transaction<Database>, { cycle, stage, waves, windows, preparedAt }: Manifest) => {
  const rows = waves.map((wave) => {
    const occurrence = windows.find(({ window }) => window === wave.window);
    return {
      number: wave.number,
      window: wave.window,
      opens: occurrence?.opens ?? preparedAt,
      closes: occurrence?.closes ?? null,
      cutoff: occurrence?.cutoff ?? null,
      account: wave.account,
      region: wave.region,
      zone: wave.zone,
      zone_name: wave.zoneName,
      nodes: wave.batches.reduce((sum, batch) => sum + batch.nodes.length, 0),
    };
  });
  return sql`
    insert into cycle_waves
      (cycle, stage, number, "window", opens, closes, cutoff, account, region, zone, zone_name, nodes, status)
    select ${cycle}, ${stage}, number, "window", opens, closes, cutoff, account, region, zone, zone_name, nodes, 'pending'
    from jsonb_to_recordset(${json(rows)}) as wave (number integer, "window" text, opens timestamptz, closes timestamptz,
      cutoff timestamptz, account text, region text, zone text, zone_name text, nodes integer)`.execute(trx);
};

/** The patches before are copied within the database: a stage's are hundreds of megabytes. */
const insertNodes = (
  trx: Transaction<Database>,
  { cycle, stage, waves, targets, leftOut }: Manifest,
  scannedSince: Instant | undefined,
) => {
  const place = new Map(
    waves.flatMap((wave) =>
      wave.batches.flatMap((batch) => batch.nodes.map((node) => [node, { wave: wave.number, batch: batch.number }])),
    ) as [string, { wave: number; batch: number }][],
  );
  const rows = [
    ...targets.map(({ node, name, account, region, os }) => ({
      node,
      name,
      account,
      region,
      os,
      ...(place.get(node) ?? { wave: 0, batch: 0 }),
      outcome: null,
      reason: null,
    })),
    ...leftOut.map(({ node, name, account, region, outcome, reason }) => ({
      node,
      name,
      account,
      region,
      os: null,
      wave: 0,
      batch: 0,
      outcome,
      reason,
    })),
  ];
  return sql`
    insert into cycle_nodes (cycle, stage, node, name, account, region, os, wave, batch, outcome, reason, before)
    select ${cycle}, ${stage}, node.node, name, node.account, node.region, os, wave, batch, outcome, reason,
      case when outcome is null then scan.patches end
    from jsonb_to_recordset(${json(rows)}) as node (node text, name text, account text, region text, os text,
      wave integer, batch integer, outcome text, reason text)
    left join node_scans as scan on scan.node = node.node and scan.scanned_at >= ${scannedSince ?? '-infinity'}::timestamptz
    on conflict do nothing`.execute(trx);
};
