import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { NodeProgress, Records } from '../../activities/ports.js';
import type { Outcome } from '../../domain/cycle.js';
import type { CycleId, NodeId, StageName } from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { anyOf, json } from '../sql.js';
import { lockCycle, noteOutcomes } from './events.js';

type Nodes = Pick<
  Records,
  | 'batchNodes'
  | 'patchesBefore'
  | 'stepBegan'
  | 'nodeProblems'
  | 'nodeVerdicts'
  | 'carryRest'
  | 'skipRest'
  | 'stageNodes'
  | 'outcomeCounts'
>;

/** Each node's way through a stage. A batch of nodes is one statement. */
export const nodes = (db: Kysely<Database>): Nodes => ({
  batchNodes: async (cycle, stage, wave, batch) => {
    const rows = await ofStage(db, cycle, stage).where('wave', '=', wave).where('batch', '=', batch).execute();
    return rows.map(fromRow);
  },
  patchesBefore: async (cycle, stage, ids) => {
    const rows = await db
      .selectFrom('cycle_nodes')
      .select(['node', 'before'])
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .where(anyOf('node', ids))
      .execute();
    return new Map(rows.flatMap(({ node, before }) => (before ? [[node, before] as const] : [])));
  },
  stageNodes: async (cycle, stage) => (await ofStage(db, cycle, stage).execute()).map(fromRow),

  stepBegan: (cycle, stage, ids, step, touches) =>
    db.transaction().execute(async (trx) => {
      await sql`
        insert into node_steps (cycle, stage, node, step, status)
        select ${cycle}, ${stage}, node, ${step}, 'began' from unnest(${[...ids]}::text[]) as node
        on conflict (cycle, stage, node, step) do nothing`.execute(trx);
      await sql`
        update cycle_nodes set step = ${step}, touched = touched or ${touches}
        where cycle = ${cycle} and stage = ${stage} and node = any(${[...ids]}::text[])`.execute(trx);
    }),

  nodeProblems: async (cycle, stage, problems) => {
    await recordProblems(db, cycle, stage, problems);
  },

  nodeVerdicts: (cycle, stage, verdicts) =>
    db.transaction().execute(async (trx) => {
      await lockCycle(trx, cycle);
      const changed = await sql`
        update cycle_nodes as node set
          outcome = verdict.outcome, reason = verdict.reason, absent = verdict.absent, earlier = null,
          surplus = node.surplus || verdict.surplus,
          brought = case when verdict.brought is not null then coalesce(node.brought, '[]') || verdict.brought
            when node.before is not null then node.brought end,
          before = case when verdict.brought is null or (node.earlier is not null and verdict.brought = '[]')
            then node.before end
        from jsonb_to_recordset(${json(verdicts)}) as verdict
          (node text, outcome text, reason text, surplus jsonb, absent jsonb, brought jsonb)
        where node.cycle = ${cycle} and node.stage = ${stage} and node.node = verdict.node
          and node.outcome is null`.execute(trx);
      if (changed.numAffectedRows) await noteOutcomes(trx, cycle, stage);
    }),

  carryRest: async (cycle, stage, wave, reason) => {
    const { numAffectedRows } = await sql`
      update cycle_nodes set reason = ${reason}
      where cycle = ${cycle} and stage = ${stage} and wave = ${wave} and outcome is null and not touched`.execute(db);
    return Number(numAffectedRows ?? 0);
  },

  skipRest: (cycle, stage, wave, reason) =>
    db.transaction().execute(async (trx) => {
      await lockCycle(trx, cycle);
      const inScope = wave === null ? sql`true` : sql`wave = ${wave}`;
      const changed = await sql`
        update cycle_nodes set
          outcome = coalesce(earlier->>'outcome', case when reason is null then 'skipped' else 'carried-over' end),
          reason = coalesce(earlier->>'reason' || ' It was not tried again: ', '') || ${reason}
        where cycle = ${cycle} and stage = ${stage} and ${inScope} and outcome is null and not touched`.execute(trx);
      if (changed.numAffectedRows) await noteOutcomes(trx, cycle, stage);
      // Counted, not taken from the update: a repeated call answers the same.
      const { rows } = await sql<{ skipped: number }>`
        select count(*)::integer as skipped from cycle_nodes
        where cycle = ${cycle} and stage = ${stage} and ${inScope} and wave > 0
          and outcome in ('skipped', 'carried-over') and reason = ${reason}`.execute(trx);
      return rows[0]?.skipped ?? 0;
    }),

  outcomeCounts: async (cycle, stage) => {
    const rows = await db
      .selectFrom('cycle_nodes')
      .select(['outcome', sql<number>`count(*)::integer`.as('counted')])
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .where('outcome', 'is not', null)
      .groupBy('outcome')
      .execute();
    const counts: Partial<Record<Outcome, number>> = {};
    for (const { outcome, counted } of rows) if (outcome !== null) counts[outcome] = counted;
    return counts;
  },
});

/** Records what went wrong with nodes that have had no problem before: the first one stays. */
export const recordProblems = (
  db: Kysely<Database> | Transaction<Database>,
  cycle: CycleId,
  stage: StageName,
  problems: readonly { node: NodeId; step: string; code: string; message: string }[],
) =>
  sql`
  update cycle_nodes as node set
    problem = jsonb_build_object('step', found.step, 'code', found.code, 'message', found.message)
  from (select distinct on (node) node, step, code, message
        from jsonb_to_recordset(${json(problems)}) as listed (node text, step text, code text, message text)
        order by node) as found
  where node.cycle = ${cycle} and node.stage = ${stage} and node.node = found.node and node.problem is null`.execute(
    db,
  );

const ofStage = (db: Kysely<Database>, cycle: CycleId, stage: StageName) =>
  db
    .selectFrom('cycle_nodes')
    .select(['node', 'account', 'region', 'wave', 'batch', 'step', 'touched', 'problem', 'outcome', 'reason'])
    .select(sql<number>`jsonb_array_length(surplus)`.as('untested'))
    .where('cycle', '=', cycle)
    .where('stage', '=', stage)
    .orderBy('wave')
    .orderBy('batch')
    .orderBy('node');

type ProgressRow = Pick<Selectable<Database['cycle_nodes']>, Exclude<keyof NodeProgress, 'untested'>> &
  Pick<NodeProgress, 'untested'>;
const fromRow = (row: ProgressRow): NodeProgress => row;
