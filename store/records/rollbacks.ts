import { type Kysely, sql, type Transaction } from 'kysely';
import type { RollbackBatchId, RollbackId, Rollbacks, RollbackWave } from '../../activities/rollback-ports.js';
import type { NodePatch, PinnedPatch } from '../../domain/fleet.js';
import type { CycleId, NodeId } from '../../domain/ids.js';
import type { RollbackFact } from '../../domain/rollback.js';
import type { Database } from '../schema.js';
import { anyOf, json, text } from '../sql.js';
import { lockCycle, noteEvent, noteOutcomes } from './events.js';

/** Rollbacks of cycles, and what became of their nodes. */
export const rollbacks = (db: Kysely<Database>): Rollbacks => ({
  rollbackFacts: async (cycle) => {
    const { rows } = await sql<RollbackFact>`
      select node.stage, node.node, node.account, node.region, node.wave, node.batch, node.step, node.touched, node.outcome,
        exists (select from node_steps as taken
          where taken.cycle = node.cycle and taken.stage = node.stage and taken.node = node.node
            and taken.step = 'snapshot' and taken.status in ('began', 'success')) as snapshotted,
        (select max(expired_at) from expired_snapshots as expired
          where expired.cycle = node.cycle and expired.stage = node.stage and expired.node = node.node) as expired,
        (jsonb_array_length(coalesce(node.brought, '[]')) > 0 or node.before is not null)
          and exists (select from node_steps as installed
            where installed.cycle = node.cycle and installed.stage = node.stage and installed.node = node.node
              and installed.step = 'install') as brought
      from cycle_nodes as node
      join cycle_stages as stage on stage.cycle = node.cycle and stage.name = node.stage
      where node.cycle = ${cycle}
      order by stage.position, node.wave, node.batch, node.node`.execute(db);
    return rows;
  },

  openRollback: ({ cycle, key, scope, plan, by, reason, now }) =>
    db.transaction().execute(async (trx) => {
      await lockCycle(trx, cycle);
      const known = await trx
        .selectFrom('rollbacks')
        .select(['number', 'key', 'status'])
        .where('cycle', '=', cycle)
        .orderBy('number')
        .execute();
      const again = known.find((rollback) => rollback.key === key);
      if (again) return { kind: 'again', number: again.number };
      const running = known.find(({ status }) => status === 'running');
      if (running) return { kind: 'busy', number: running.number };
      const number = (known.at(-1)?.number ?? 0) + 1;
      await trx
        .insertInto('rollbacks')
        .values({
          cycle,
          number,
          key,
          scope: json(scope),
          by,
          reason: text(reason),
          status: 'running',
          began_at: now,
        })
        .execute();
      const nodes = [
        ...plan.targets.map((target) => ({ ...target, outcome: null, reason: null })),
        ...plan.left.map((left) => ({ ...left, outcome: 'left' })),
      ];
      await sql`
        insert into rollback_nodes (cycle, number, stage, node, account, region, wave, batch, outcome, reason)
        select ${cycle}, ${number}::integer, stage, node, account, region, wave, batch, outcome, reason
        from jsonb_to_recordset(${json(nodes)}) as node (stage text, node text, account text, region text, wave integer,
          batch integer, outcome text, reason text)`.execute(trx);
      await noteRollback(trx, { cycle, number });
      return { kind: 'opened', number };
    }),

  rollbackWaves: async ({ cycle, number }) => {
    const { rows } = await sql<RollbackWave>`
      select node.stage, node.wave, node.account, node.region, wave.zone,
        ${limitOf(cycle)} as "maxUnavailable",
        jsonb_agg(jsonb_build_object('number', node.batch, 'nodes', node.nodes) order by node.batch) as batches
      from (select stage, wave, account, region, batch, count(*)::integer as nodes from rollback_nodes
            where cycle = ${cycle} and number = ${number} and outcome is null
            group by stage, wave, account, region, batch) as node
      join cycle_stages as stage on stage.cycle = ${cycle} and stage.name = node.stage
      join cycle_waves as wave on wave.cycle = ${cycle} and wave.stage = node.stage and wave.number = node.wave
      group by stage.position, node.stage, node.wave, node.account, node.region, wave.zone
      order by stage.position desc, node.wave desc`.execute(db);
    return rows;
  },

  rollbackNodes: async (batch) => {
    const rows = await ofBatch(db, batch)
      .innerJoin('cycle_nodes as node', (join) =>
        join
          .onRef('node.cycle', '=', 'rolled.cycle')
          .onRef('node.stage', '=', 'rolled.stage')
          .onRef('node.node', '=', 'rolled.node'),
      )
      .leftJoin('node_steps as taken', (join) =>
        join
          .onRef('taken.cycle', '=', 'rolled.cycle')
          .onRef('taken.stage', '=', 'rolled.stage')
          .onRef('taken.node', '=', 'rolled.node')
          .on('taken.step', '=', 'snapshot'),
      )
      .select([
        'rolled.node',
        'rolled.account',
        'rolled.region',
        'node.os',
        'rolled.snapshot',
        'taken.operation as takenBy',
        'rolled.outcome',
        'rolled.lost',
        'rolled.detached',
      ])
      .orderBy('rolled.node')
      .execute();
    // Targets of a manifest have an operating system: without one, nothing is installed.
    return rows.flatMap(({ os, ...row }) => (os === null ? [] : [{ ...row, os }]));
  },

  rollbackFound: async ({ cycle, number }, stage, found) => {
    await sql`
      update rollback_nodes as node set snapshot = found.snapshot, data = found.data, zone_name = found."zoneName"
      from jsonb_to_recordset(${json(found)}) as found (node text, snapshot text, data jsonb, "zoneName" text)
      where node.cycle = ${cycle} and node.number = ${number} and node.stage = ${stage} and node.node = found.node
        and node.snapshot is null`.execute(db);
  },

  snapshotsTaken: async (cycle, stage, nodes) => {
    const rows = await db
      .selectFrom('node_steps')
      .select(['node', 'operation as takenBy'])
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .where('step', '=', 'snapshot')
      .where('status', '=', 'success')
      .where(anyOf('node', nodes))
      .orderBy('node')
      .execute();
    return rows.flatMap(({ node, takenBy }) => (takenBy === null ? [] : [{ node, takenBy }]));
  },

  broughtTo: async (cycle, stage, nodes) => {
    const rows = await db
      .selectFrom('cycle_nodes')
      .select(['node', 'brought', 'before'])
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .where(anyOf('node', nodes))
      .execute();
    return new Map<NodeId, { brought: readonly PinnedPatch[] | null; before: readonly NodePatch[] | null }>(
      rows.map(({ node, brought, before }) => [node, { brought, before }]),
    );
  },

  rollbackVerdicts: (rollback, stage, verdicts) =>
    db.transaction().execute(async (trx) => {
      const { cycle, number } = rollback;
      await lockCycle(trx, cycle);
      const { rows } = await sql<{ node: NodeId }>`
        update rollback_nodes as node set
          outcome = verdict.outcome, reason = verdict.reason, lost = verdict.lost, detached = verdict.detached
        from jsonb_to_recordset(${json(verdicts)}) as verdict
          (node text, outcome text, reason text, lost boolean, detached boolean)
        where node.cycle = ${cycle} and node.number = ${number} and node.stage = ${stage} and node.node = verdict.node
          and node.outcome is null
        returning node.node`.execute(trx);
      if (rows.length === 0) return;
      await sql`
        update cycle_nodes as node set outcome = rolled.outcome, reason = rolled.reason
        from rollback_nodes as rolled
        where rolled.cycle = ${cycle} and rolled.number = ${number} and rolled.stage = ${stage}
          and rolled.outcome in ('rolled-back', 'failed') and rolled.node = any(${rows.map(({ node }) => node)}::text[])
          and node.cycle = ${cycle} and node.stage = ${stage} and node.node = rolled.node`.execute(trx);
      await noteOutcomes(trx, cycle, stage);
      await noteRollback(trx, rollback);
    }),

  endRollback: ({ cycle, number }, { reasonForRest, now }) =>
    db.transaction().execute(async (trx) => {
      await lockCycle(trx, cycle);
      await sql`
        update rollback_nodes set outcome = 'left', reason = ${text(reasonForRest)}
        where cycle = ${cycle} and number = ${number} and outcome is null`.execute(trx);
      const counts = await countsOf(trx, { cycle, number });
      const status = counts.failed + counts.left > 0 ? 'failed' : 'rolled-back';
      const message = await messageOf(trx, { cycle, number }, counts);
      const ended = await trx
        .updateTable('rollbacks')
        .set({ status, message, ended_at: now })
        .where('cycle', '=', cycle)
        .where('number', '=', number)
        .where('status', '=', 'running')
        .returning('number')
        .executeTakeFirst();
      if (ended) await noteRollback(trx, { cycle, number });
      return { status, message };
    }),
});

/** How many nodes of the wave may be out of service, as the newest manifest that has a wave of that number says. */
const limitOf = (cycle: CycleId) => sql<number>`coalesce((
  select (planned->>'maxUnavailable')::integer from manifests, jsonb_array_elements(body->'waves') as planned
  where manifests.cycle = ${cycle} and manifests.stage = node.stage and (planned->>'number')::integer = node.wave
  order by manifests.at desc limit 1), 1)`;

const ofBatch = (db: Kysely<Database>, { cycle, number, stage, wave, batch }: RollbackBatchId) =>
  db
    .selectFrom('rollback_nodes as rolled')
    .where('rolled.cycle', '=', cycle)
    .where('rolled.number', '=', number)
    .where('rolled.stage', '=', stage)
    .where('rolled.wave', '=', wave)
    .where('rolled.batch', '=', batch);

interface Counts {
  readonly total: number;
  readonly rolledBack: number;
  readonly failed: number;
  readonly left: number;
}

const countsOf = async (trx: Transaction<Database>, { cycle, number }: RollbackId): Promise<Counts> => {
  const { rows } = await sql<Counts>`
    select count(*)::integer as total,
      count(*) filter (where outcome = 'rolled-back')::integer as "rolledBack",
      count(*) filter (where outcome = 'failed')::integer as failed,
      count(*) filter (where outcome = 'left')::integer as "left"
    from rollback_nodes where cycle = ${cycle} and number = ${number}`.execute(trx);
  return rows[0] ?? { total: 0, rolledBack: 0, failed: 0, left: 0 };
};

const NAMED = 5;
/** `3 nodes rolled back; 1 failed: web-01; 2 left as they are: till-01, till-02`. */
async function messageOf(trx: Transaction<Database>, { cycle, number }: RollbackId, counts: Counts): Promise<string> {
  const named = async (outcome: 'failed' | 'left', count: number, what: string): Promise<string[]> => {
    if (count === 0) return [];
    const rows = await trx
      .selectFrom('rollback_nodes')
      .select('node')
      .where('cycle', '=', cycle)
      .where('number', '=', number)
      .where('outcome', '=', outcome)
      .orderBy('node')
      .limit(NAMED)
      .execute();
    const more = count > rows.length ? ` and ${count - rows.length} more` : '';
    return [`${count} ${what}: ${rows.map(({ node }) => node).join(', ')}${more}`];
  };
  return [
    `${counts.rolledBack} of ${counts.total} nodes rolled back`,
    ...(await named('failed', counts.failed, 'failed')),
    ...(await named('left', counts.left, 'left as they are')),
  ].join('; ');
}

/** Tells those who watch the cycle how far the rollback is. */
const noteRollback = async (trx: Transaction<Database>, rollback: RollbackId): Promise<void> => {
  const { cycle, number } = rollback;
  const { status, message } = await trx
    .selectFrom('rollbacks')
    .select(['status', 'message'])
    .where('cycle', '=', cycle)
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  await noteEvent(trx, cycle, 'rollback', { rollback: number, status, message, ...(await countsOf(trx, rollback)) });
};
