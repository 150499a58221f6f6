import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { NodeResult, Operation, Records } from '../../activities/ports.js';
import type { CycleId, StageName } from '../../domain/ids.js';
import { StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { anyOf, json } from '../sql.js';
import { recordProblems } from './nodes.js';

type Operations = Pick<Records, 'intend' | 'maySend' | 'withdraw' | 'sent' | 'ended' | 'operation' | 'watched'>;

/** Keyed effects, from their recorded intent to their end. */
export const operations = (db: Kysely<Database>): Operations => ({
  intend: async (operation) => {
    const own = await db
      .insertInto('operations')
      .values({
        key: operation.key,
        run: operation.run,
        cycle: operation.cycle,
        stage: operation.stage,
        account: operation.account,
        region: operation.region,
        kind: operation.kind,
        batch: operation.batch,
        step: operation.step,
        nodes: json(operation.nodes),
        status: 'intended',
        intended_at: operation.intendedAt,
        timeout: operation.timeout,
        failure_is_problem: operation.failureIsProblem,
        external_ids: json([]),
        results: json([]),
      })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({ attempt: sql<number>`operations.attempt + 1` })
          .where('operations.status', '=', 'intended'),
      )
      .returningAll()
      .executeTakeFirst();
    const row = own ?? (await find(db, operation.key).executeTakeFirstOrThrow());
    return { operation: fromRow(row), fresh: own?.attempt === 1, attempt: row.attempt };
  },

  maySend: async (key, attempt) => {
    const row = await find(db, key).where('attempt', '=', attempt).where('status', '=', 'intended').executeTakeFirst();
    return row !== undefined;
  },

  withdraw: async (key, attempt) => {
    await db
      .deleteFrom('operations')
      .where('key', '=', key)
      .where('attempt', '=', attempt)
      .where('status', '=', 'intended')
      .execute();
  },

  sent: async (key, externalIds, deadline, refused = []) => {
    const updated = await db
      .updateTable('operations')
      .set({
        status: 'sent',
        external_ids: json(externalIds),
        results: json(refused),
        sent_at: sql`coalesce(sent_at, now())`,
        deadline: sql`coalesce(deadline, ${deadline})`,
      })
      .where('key', '=', key)
      .where('status', '<>', 'ended')
      .returning('key')
      .executeTakeFirst();
    if (!updated) await mustExist(db, key);
  },

  ended: (key, watch, results) =>
    db.transaction().execute(async (trx) => {
      const operation = await trx
        .updateTable('operations')
        .set({ status: 'ended', ended_by_watch: watch, results: json(results), ended_at: sql`now()` })
        .where('key', '=', key)
        .where('status', '<>', 'ended')
        .returning(['cycle', 'stage', 'step', 'failure_is_problem'])
        .executeTakeFirst();
      if (!operation) return mustExist(trx, key);
      const { cycle, stage, step } = operation;
      if (cycle === null || stage === null || results.length === 0) return;
      await recordSteps(trx, cycle, stage, step, key, results);
      if (operation.failure_is_problem) await recordProblems(trx, cycle, stage, problemsOf(step, results));
    }),

  operation: async (key) => {
    const row = await find(db, key).executeTakeFirst();
    return row ? fromRow(row) : null;
  },

  watched: async (run, watch, awaited) => {
    const rows = await db
      .selectFrom('operations')
      .selectAll()
      .where('run', '=', run)
      .where((where) =>
        where.or([where('status', '<>', 'ended'), where('ended_by_watch', '=', watch), anyOf('key', awaited)]),
      )
      .orderBy('intended_at')
      .orderBy('key')
      .execute();
    return rows.map(fromRow);
  },
});

const problemsOf = (step: string, results: readonly NodeResult[]) =>
  results
    .filter((result) => result.status !== 'success')
    .map((result) => ({
      node: result.node,
      step,
      code: codeOf(result),
      message: result.detail,
    }));

const codeOf = ({ status, gone }: NodeResult): string => {
  if (gone) return 'gone';
  return status === 'undeliverable' || status === 'timed-out' ? 'unreachable' : 'failed';
};

/** Of a node that is tried again the last word stays; of its snapshots the first, since that is what it goes back to. */
const recordSteps = (
  trx: Transaction<Database>,
  cycle: CycleId,
  stage: StageName,
  step: string,
  key: string,
  results: readonly NodeResult[],
) =>
  sql`
  insert into node_steps (cycle, stage, node, step, status, detail, output_url, operation, ended_at)
  select ${cycle}, ${stage}, result.node, ${step}, result.status, result.detail, result."outputUrl", ${key}, now()
  from jsonb_to_recordset(${json(results)}) as result (node text, status text, detail text, "outputUrl" text)
  on conflict (cycle, stage, node, step) do update set
    status = excluded.status, detail = excluded.detail, output_url = excluded.output_url,
    operation = excluded.operation, ended_at = excluded.ended_at
    where (node_steps.step, node_steps.status) is distinct from ('snapshot', 'success')`.execute(trx);

const find = (db: Kysely<Database>, key: string) => db.selectFrom('operations').selectAll().where('key', '=', key);

const mustExist = async (db: Kysely<Database>, key: string): Promise<void> => {
  const row = await db.selectFrom('operations').select('key').where('key', '=', key).executeTakeFirst();
  if (!row) throw new StoreNotFound(`No operation was intended under the key ${key}.`);
};

const fromRow = (row: Selectable<Database['operations']>): Operation => ({
  key: row.key,
  run: row.run,
  cycle: row.cycle,
  stage: row.stage,
  account: row.account,
  region: row.region,
  kind: row.kind,
  batch: row.batch,
  step: row.step,
  nodes: row.nodes,
  status: row.status,
  externalIds: row.external_ids,
  intendedAt: row.intended_at,
  timeout: row.timeout,
  deadline: row.deadline,
  failureIsProblem: row.failure_is_problem,
  endedByWatch: row.ended_by_watch,
  results: row.results,
});
