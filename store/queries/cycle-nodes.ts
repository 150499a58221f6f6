import { type Kysely, sql } from 'kysely';
import type { NodeProgress } from '../../activities/ports.js';
import type { Outcome } from '../../domain/cycle.js';
import type { ComplianceStatus, OperatingSystem, PinnedPatch } from '../../domain/fleet.js';
import type { CycleId, NodeId, StageName } from '../../domain/ids.js';
import type { Database } from '../schema.js';
import { pageOf } from './page.js';
import { lastRollback, type NodeRollback, nodeRollback } from './rollbacks.js';

/** A node's way through a stage and how it ended, with its compliance now beside it. */
export interface CycleNode extends Omit<NodeProgress, 'untested'> {
  readonly stage: StageName;
  readonly name: string;
  readonly os: OperatingSystem | null;
  readonly surplus: readonly PinnedPatch[];
  readonly absent: readonly PinnedPatch[];
  readonly compliance: ComplianceStatus;
  /** The last rollback that it was to take part in; null where there was none. */
  readonly rollback: NodeRollback | null;
}

export interface CycleNodePosition {
  readonly stage: StageName;
  readonly node: NodeId;
}

export interface CycleNodeQueries {
  /** In the order of stages, then of node ids. `outcome: 'pending'`: those that have none yet. */
  cycleNodes(
    cycle: CycleId,
    query: {
      readonly stage?: StageName;
      readonly outcome?: Outcome | 'pending';
      readonly after?: CycleNodePosition;
      readonly limit: number;
    },
  ): Promise<{ items: CycleNode[]; next: CycleNodePosition | null }>;
}

export const cycleNodeQueries = (db: Kysely<Database>): CycleNodeQueries => ({
  cycleNodes: async (cycle, { stage, outcome, after, limit }) => {
    let query = nodesOf(db, cycle);
    if (stage !== undefined) query = query.where('node.stage', '=', stage);
    if (outcome === 'pending') query = query.where('node.outcome', 'is', null);
    else if (outcome !== undefined) query = query.where('node.outcome', '=', outcome);
    if (after !== undefined)
      query = query.where(
        sql<boolean>`(stage.position, node.node) > (
          (select position from cycle_stages where cycle = ${cycle} and name = ${after.stage}), ${after.node})`,
      );
    const { items, next } = pageOf(await query.limit(limit + 1).execute(), limit, ({ stage, node }) => ({
      stage,
      node,
    }));
    return { items: items.map(toCycleNode), next };
  },
});

/** All nodes of a cycle in order. */
export const nodesOf = (db: Kysely<Database>, cycle: CycleId) =>
  db
    .selectFrom('cycle_nodes as node')
    .innerJoin('cycle_stages as stage', (join) =>
      join.onRef('stage.cycle', '=', 'node.cycle').onRef('stage.name', '=', 'node.stage'),
    )
    .leftJoin('node_scans as scan', 'scan.node', 'node.node')
    .select([
      'node.stage',
      'node.node',
      'node.name',
      'node.account',
      'node.region',
      'node.os',
      'node.wave',
      'node.batch',
      'node.step',
      'node.touched',
      'node.problem',
      'node.outcome',
      'node.reason',
      'node.surplus',
      'node.absent',
      sql<ComplianceStatus>`coalesce(scan.status, 'unknown')`.as('compliance'),
      lastRollback.as('rollback'),
    ])
    .where('node.cycle', '=', cycle)
    .orderBy('stage.position')
    .orderBy('node.node');

/** One of them, as people read it. */
export const toCycleNode = (row: Awaited<ReturnType<ReturnType<typeof nodesOf>['execute']>>[number]): CycleNode => ({
  ...row,
  rollback: row.rollback === null ? null : nodeRollback(row.rollback, row),
});
