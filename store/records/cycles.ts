import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Records } from '../../activities/ports.js';
import { type CycleRequest, hasEnded, isOver } from '../../domain/cycle.js';
import type { ResolvedPlan } from '../../domain/documents/types.js';
import { type CycleId, cycleId, workflowIds } from '../../domain/ids.js';
import { StoreNotFound } from '../errors.js';
import type { Database } from '../schema.js';
import { json, text } from '../sql.js';
import { lockCycle, noteEvent } from './events.js';
import { standingHalt } from './halts.js';

type Cycles = Pick<Records, 'reserveCycle' | 'cycleChanged' | 'outageChanged' | 'stageChanged' | 'waveChanged'>;

/** The projection of cycles, stages and waves: what lists and one cycle are read from. */
export const cycles = (db: Kysely<Database>): Cycles => ({
  reserveCycle: (request) =>
    db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`reserve/${request.plan}`}, 0))`.execute(trx);
      const again = await trx
        .selectFrom('cycles')
        .selectAll()
        .where('plan', '=', request.plan)
        .where('idempotency_key', '=', request.idempotencyKey)
        .executeTakeFirst();
      if (again) return { kind: 'again', request: requestOf(again) };

      const plan = await trx
        .selectFrom('documents')
        .select(['version', 'resolved'])
        .where('kind', '=', 'plan')
        .where('name', '=', request.plan)
        .where('newest', '=', true)
        .where('deleted', '=', false)
        .executeTakeFirst();
      if (!plan) return { kind: 'no-plan' };

      const halt = await standingHalt(trx);
      if (halt) return { kind: 'halted', halt };

      const running = await trx
        .selectFrom('cycles')
        .select('id')
        .where('plan', '=', request.plan)
        .where('mode', '=', 'standard')
        .where('status', 'in', ['running', 'paused'])
        .executeTakeFirst();
      if (running) return { kind: 'busy', cycle: running.id };

      const last = await trx
        .selectFrom('cycles')
        .select(sql<number>`coalesce(max(number), 0)`.as('number'))
        .where('plan', '=', request.plan)
        .executeTakeFirstOrThrow();
      const number = last.number + 1;
      const row = await trx
        .insertInto('cycles')
        .values({
          id: cycleId(request.plan, number),
          plan: request.plan,
          number,
          plan_version: plan.version,
          mode: request.mode,
          status: 'running',
          requested_by: request.requestedBy,
          reason: text(request.reason),
          reference: request.reference === null ? null : text(request.reference),
          idempotency_key: request.idempotencyKey,
          workflow_id: workflowIds.cycle(request.plan, number),
          started_at: request.now,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      // Written by putDocument for a plan, which takes nothing else.
      const { stages } = plan.resolved as Omit<ResolvedPlan, 'version'>;
      await trx
        .insertInto('cycle_stages')
        .values(
          stages.map(({ name }, position) => ({
            cycle: row.id,
            name,
            position,
            status: 'pending' as const,
            decisions: json([]),
          })),
        )
        .execute();
      await noteEvent(trx, row.id, 'cycle', { status: row.status, waitingFor: null, message: null });
      return { kind: 'reserved', request: requestOf(row) };
    }),

  cycleChanged: (cycle, change) =>
    db.transaction().execute(async (trx) => {
      const before = await lockCycle(trx, cycle);
      // A late repetition must not bring a cycle back that has ended, nor what it waited for.
      const late = hasEnded(before.status) && (change.status === undefined || !hasEnded(change.status));
      const status = late ? before.status : (change.status ?? before.status);
      const waitingFor = change.waitingFor === undefined || late ? before.waiting_for : change.waitingFor;
      const message = change.message === undefined || late ? before.message : change.message;
      const endedAt = change.endedAt === undefined || late ? before.ended_at : change.endedAt;
      const updated = await trx
        .updateTable('cycles')
        .set({
          status,
          waiting_for: waitingFor === null ? null : json(waitingFor),
          message: message === null ? null : text(message),
          ended_at: endedAt,
        })
        .where('id', '=', cycle)
        .where(
          sql<boolean>`(status, waiting_for, message, ended_at) is distinct from
            (${status}::text, ${waitingFor === null ? null : json(waitingFor)}::jsonb, ${message}::text, ${endedAt}::timestamptz)`,
        )
        .returning('id')
        .executeTakeFirst();
      if (!updated) return;
      await noteEvent(trx, cycle, 'cycle', { status, waitingFor, message });
      if (hasEnded(status)) await trx.deleteFrom('selections').where('cycle', '=', cycle).execute();
    }),

  outageChanged: (cycle, waitingFor) =>
    db.transaction().execute(async (trx) => {
      const { status, message, waiting_for: before } = await lockCycle(trx, cycle);
      if (hasEnded(status) || before?.kind === 'approval' || before?.kind === 'operator') return;
      if (waitingFor === null && (before?.kind !== 'aws' || (await aWaveWaits(trx, cycle)))) return;
      const updated = await trx
        .updateTable('cycles')
        .set({ waiting_for: waitingFor === null ? null : json(waitingFor) })
        .where('id', '=', cycle)
        .where(sql<boolean>`waiting_for is distinct from ${waitingFor === null ? null : json(waitingFor)}::jsonb`)
        .returning('id')
        .executeTakeFirst();
      if (updated) await noteEvent(trx, cycle, 'cycle', { status, waitingFor, message });
    }),

  stageChanged: (cycle, stage, change) =>
    db.transaction().execute(async (trx) => {
      const { status } = await lockCycle(trx, cycle);
      const before = await stageRow(trx, cycle, stage);
      const late = hasEnded(status) && change.status !== undefined && !isOver(change.status);
      const after = {
        status: late ? before.status : (change.status ?? before.status),
        manifest: change.manifest ?? before.manifest,
        patchSet: change.patchSet === undefined ? before.patch_set : change.patchSet,
        proven: change.proven ?? before.proven,
        decisions: change.decisions ?? before.decisions,
        soakUntil: change.soakUntil === undefined ? before.soak_until : change.soakUntil,
        message: change.message === undefined ? before.message : change.message,
      };
      const updated = await sql`
        update cycle_stages set status = ${after.status}, manifest = ${after.manifest}, patch_set = ${after.patchSet},
          proven = ${after.proven}, decisions = ${json(after.decisions)}, soak_until = ${after.soakUntil}, message = ${after.message}
        where cycle = ${cycle} and name = ${stage}
          and (status, manifest, patch_set, proven, decisions, soak_until, message) is distinct from
            (${after.status}::text, ${after.manifest}::text, ${after.patchSet}::text, ${after.proven}::text, ${json(after.decisions)},
             ${after.soakUntil}::timestamptz, ${after.message}::text)`.execute(trx);
      if (updated.numAffectedRows) await noteEvent(trx, cycle, 'stage', { stage, ...after });
    }),

  waveChanged: (cycle, stage, wave, status) =>
    db.transaction().execute(async (trx) => {
      const before = await lockCycle(trx, cycle);
      if (hasEnded(before.status) && !isOver(status)) return;
      const updated = await trx
        .updateTable('cycle_waves')
        .set({ status })
        .where('cycle', '=', cycle)
        .where('stage', '=', stage)
        .where('number', '=', wave)
        .where('status', '<>', status)
        .returning(['account', 'region', 'zone'])
        .executeTakeFirst();
      if (updated) await noteEvent(trx, cycle, 'wave', { stage, wave, status, ...updated });
    }),
});

const aWaveWaits = async (trx: Transaction<Database>, cycle: CycleId): Promise<boolean> => {
  const waiting = await trx
    .selectFrom('cycle_waves')
    .select('number')
    .where('cycle', '=', cycle)
    .where('status', '=', 'waiting-aws')
    .executeTakeFirst();
  return waiting !== undefined;
};

const stageRow = async (trx: Transaction<Database>, cycle: string, stage: string) => {
  const row = await sql<Selectable<Database['cycle_stages']>>`
    select * from cycle_stages where cycle = ${cycle} and name = ${stage}`.execute(trx);
  const found = row.rows[0];
  if (!found) throw new StoreNotFound(`The cycle ${cycle} has no stage ${stage}.`);
  return found;
};

const requestOf = (row: Selectable<Database['cycles']>): CycleRequest => ({
  cycle: row.id,
  number: row.number,
  plan: row.plan,
  planVersion: row.plan_version,
  mode: row.mode,
  requestedBy: row.requested_by,
  reason: row.reason,
  reference: row.reference,
});
