import { type Kysely, sql } from 'kysely';
import type { KnownStage, SnapshotRecords } from '../../activities/snapshot-ports.js';
import { hasEnded, isOver } from '../../domain/cycle.js';
import type { Instant } from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { anyOf, json } from '../sql.js';

/** Which snapshots are past their retention, and what became of them. */
export const snapshots = (db: Kysely<Database>): SnapshotRecords => ({
  installation: async () => (await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()).id,

  stageEnds: async (cycles) => {
    const rows = await db
      .selectFrom('cycle_stages as stage')
      .innerJoin('cycles as cycle', 'cycle.id', 'stage.cycle')
      .leftJoin('tails as tail', (join) =>
        join.onRef('tail.cycle', '=', 'stage.cycle').onRef('tail.stage', '=', 'stage.name'),
      )
      .where(anyOf('stage.cycle', cycles))
      .select([
        'stage.cycle',
        'stage.name',
        'stage.status as stageStatus',
        'cycle.status as cycleStatus',
        'cycle.workflow_id',
        // The sooner of the two, where there are two: a cycle may end in the middle of a soak. A tail goes on after both.
        sql<Instant | null>`greatest(least(stage.soak_until, cycle.ended_at), tail.ended_at)`.as('ended'),
        sql<boolean>`tail.cycle is not null and tail.ended_at is null`.as('tailRuns'),
        sql<boolean>`exists (select from rollbacks where rollbacks.cycle = stage.cycle and rollbacks.status = 'running')`.as(
          'rollbackRuns',
        ),
      ])
      .execute();
    return rows.map(
      ({ cycle, name, stageStatus, cycleStatus, workflow_id, ended, tailRuns, rollbackRuns }): KnownStage => {
        const over = !tailRuns && (isOver(stageStatus) || hasEnded(cycleStatus));
        return {
          cycle,
          stage: name,
          since: over ? ended : null,
          rollbackRuns,
          runningAs: hasEnded(cycleStatus) ? null : workflow_id,
        };
      },
    );
  },

  snapshotsExpire: ({ account, region }, expiring, now) =>
    db.transaction().execute(async (trx) => {
      const cycles = [...new Set(expiring.map(({ cycle }) => cycle))].sort();
      // The same lock as a rollback's that opens: either it sees what expires, or this sees the rollback.
      await sql`select from cycles where id = any(${cycles}::text[]) order by id for update`.execute(trx);
      const { rows } = await sql<{ snapshot: string }>`
        insert into expired_snapshots (snapshot, account, region, cycle, stage, node, volume, gib, taken_at, due_at, expired_at)
        select "snapshotId", ${account}, ${region}, cycle, stage, node, volume, gib, "takenAt", due, ${now}
        from jsonb_to_recordset(${json(expiring)}) as expiring ("snapshotId" text, cycle text, stage text, node text,
          volume text, gib integer, "takenAt" timestamptz, due timestamptz)
        where not exists (select from rollbacks where rollbacks.cycle = expiring.cycle and rollbacks.status = 'running')
        on conflict (snapshot) do update set due_at = excluded.due_at
        returning snapshot`.execute(trx);
      return rows.map(({ snapshot }) => snapshot);
    }),

  snapshotDeleted: async (snapshotId, now) => {
    await db
      .updateTable('expired_snapshots')
      .set({ deleted_at: now })
      .where('snapshot', '=', snapshotId)
      .where('deleted_at', 'is', null)
      .execute();
  },

  snapshotStays: async (snapshotId) => {
    await db.deleteFrom('expired_snapshots').where('snapshot', '=', snapshotId).execute();
  },
});
