import { type Kysely, sql } from 'kysely';
import type { RollbackOutcome, RollbackStatus } from '../../activities/rollback-ports.js';
import type { CycleId, Instant, NodeId, Region, StageName } from '../../domain/ids.js';
import { type DataVolume, type RollbackScope, restoreCommands } from '../../domain/rollback.js';
import type { Database } from '../schema.js';

/** What a rollback did with a node; `outcome` is null while it is at work on it. */
export interface NodeRollback {
  readonly number: number;
  readonly outcome: RollbackOutcome | null;
  readonly reason: string | null;
  /** Of its root volume. */
  readonly snapshot: string | null;
  /** Not restored: a person decides, with these commands. */
  readonly dataVolumes: readonly (DataVolume & { readonly commands: readonly string[] })[];
}

/** One rollback of a cycle, with all of its nodes. */
export interface RollbackView {
  readonly number: number;
  readonly scope: RollbackScope;
  readonly by: string;
  readonly reason: string;
  readonly status: RollbackStatus;
  readonly message: string | null;
  readonly beganAt: Instant;
  readonly endedAt: Instant | null;
  readonly nodes: readonly (NodeRollback & { readonly stage: StageName; readonly node: NodeId })[];
}

export interface RollbackQueries {
  /** The number of the cycle's rollback that runs; null where none does. */
  rollbackRunning(cycle: CycleId): Promise<number | null>;
}

export const rollbackQueries = (db: Kysely<Database>): RollbackQueries => ({
  rollbackRunning: async (cycle) => {
    const row = await db
      .selectFrom('rollbacks')
      .select('number')
      .where('cycle', '=', cycle)
      .where('status', '=', 'running')
      .executeTakeFirst();
    return row?.number ?? null;
  },
});

/** All rollbacks of a cycle, in order. */
export const rollbacksOf = async (db: Kysely<Database>, cycle: CycleId): Promise<RollbackView[]> => {
  const rollbacks = await db
    .selectFrom('rollbacks')
    .select(['number', 'scope', 'by', 'reason', 'status', 'message', 'began_at as beganAt', 'ended_at as endedAt'])
    .where('cycle', '=', cycle)
    .orderBy('number')
    .execute();
  if (rollbacks.length === 0) return [];
  const nodes = await db
    .selectFrom('rollback_nodes')
    .selectAll()
    .where('cycle', '=', cycle)
    .orderBy('number')
    .orderBy('stage')
    .orderBy('node')
    .execute();
  return rollbacks.map((rollback) => ({
    ...rollback,
    nodes: nodes
      .filter(({ number }) => number === rollback.number)
      .map(({ zone_name: zoneName, ...row }) => ({
        ...nodeRollback({ ...row, zoneName }, row),
        stage: row.stage,
        node: row.node,
      })),
  }));
};

/** The node's last rollback as it lies in the table, or null; `nodeRollback` makes of it what people read. */
export const lastRollback = sql<RolledRow | null>`(
  select jsonb_build_object('number', rolled.number, 'outcome', rolled.outcome, 'reason', rolled.reason,
    'snapshot', rolled.snapshot, 'data', rolled.data, 'zoneName', rolled.zone_name)
  from rollback_nodes as rolled
  where rolled.cycle = node.cycle and rolled.stage = node.stage and rolled.node = node.node
  order by rolled.number desc limit 1)`;

interface RolledRow extends Omit<NodeRollback, 'dataVolumes'> {
  readonly data: readonly DataVolume[];
  readonly zoneName: string | null;
}

export const nodeRollback = (
  { number, outcome, reason, snapshot, data, zoneName }: RolledRow,
  { node, region }: { readonly node: NodeId; readonly region: Region },
): NodeRollback => ({
  number,
  outcome,
  reason,
  snapshot,
  dataVolumes: data.map((volume) => ({
    ...volume,
    commands: restoreCommands(volume, { node, region, zoneName: zoneName ?? '' }),
  })),
});
