import { sql, type Transaction } from 'kysely';
import type { CycleId, StageName } from '../../domain/ids.js';
import { StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { json } from '../sql.js';

/*
 * What has changed on a cycle, in the order in which it was committed: whoever writes an event first locks the cycle's row,
 * so that a reader who has seen number n never misses a smaller one. The lock comes before all others: no deadlocks.
 */

/** Locks the cycle until the end of the transaction. @throws StoreNotFound when there is no such cycle. */
export const lockCycle = async (trx: Transaction<Database>, cycle: CycleId) => {
  const row = await trx.selectFrom('cycles').selectAll().where('id', '=', cycle).forUpdate().executeTakeFirst();
  if (!row) throw new StoreNotFound(`There is no cycle ${cycle}.`);
  return row;
};

export const noteEvent = (trx: Transaction<Database>, cycle: CycleId, kind: string, body: unknown) =>
  trx
    .insertInto('cycle_events')
    .values({ cycle, kind, body: json(body) })
    .execute();

/** Notes how many of a stage's nodes have which outcome. */
export const noteOutcomes = (trx: Transaction<Database>, cycle: CycleId, stage: StageName) =>
  sql`
  insert into cycle_events (cycle, kind, body)
  select ${cycle}, 'nodes', jsonb_build_object(
    'stage', ${stage}::text,
    'total', coalesce(sum(counted), 0),
    'outcomes', coalesce(jsonb_object_agg(outcome, counted) filter (where outcome is not null), '{}'))
  from (select outcome, count(*)::integer as counted from cycle_nodes
        where cycle = ${cycle} and stage = ${stage} group by outcome) as counts`.execute(trx);
