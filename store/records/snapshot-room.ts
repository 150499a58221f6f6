import { type Kysely, sql, type Transaction } from 'kysely';
import type { SnapshotRoomRecords } from '../../activities/snapshot-ports.js';
import { roomFor } from '../../domain/snapshot-room.js';
import type { Database } from '../schema.js';

/** Who has how much of a location's quota of pending snapshots. */
export const snapshotRoom = (db: Kysely<Database>): SnapshotRoomRecords => ({
  takeSnapshotRoom: ({ account, region, key, owner, wanted, pending, least }) =>
    db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`snapshot-room/${account}/${region}`}, 0))`.execute(
        trx,
      );
      const { rows: others } = await sql<{ key: string; owner: string; snapshots: number; ended: boolean }>`
        select room.key, room.owner, room.snapshots, coalesce(operation.status = 'ended', false) as ended
        from snapshot_room as room left join operations as operation on operation.key = room.key
        where room.account = ${account} and room.region = ${region} and room.key <> ${key}
        order by room.key`.execute(trx);
      const taken = others.reduce((sum, { snapshots }) => sum + snapshots, 0);
      const granted = roomFor({ wanted, least }, { quota: await quotaOf(trx, account), taken });
      const holds = granted > 0 ? granted : pending;
      if (holds > 0) {
        await trx
          .insertInto('snapshot_room')
          .values({ key, account, region, owner, snapshots: holds })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ owner, snapshots: holds }))
          .execute();
      } else await trx.deleteFrom('snapshot_room').where('key', '=', key).execute();
      return { granted, holders: others.map(({ snapshots: _snapshots, ...holder }) => holder) };
    }),

  giveBackSnapshotRoom: async (key, pending = 0) => {
    if (pending === 0) await db.deleteFrom('snapshot_room').where('key', '=', key).execute();
    else await db.updateTable('snapshot_room').set({ snapshots: pending }).where('key', '=', key).execute();
  },
});

/** As the newest Account document of that account says. */
const quotaOf = async (trx: Transaction<Database>, account: string): Promise<number | null> => {
  const { rows } = await sql<{ quota: number | null }>`
    select (resolved->>'pendingSnapshots')::integer as quota from documents
    where kind = 'account' and newest and not deleted and resolved->>'id' = ${account}`.execute(trx);
  return rows[0]?.quota ?? null;
};
