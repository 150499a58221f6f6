import { type Kysely, type SqlBool, sql } from 'kysely';
import { type ComplianceCounts, DIMENSIONS, type Dimension } from '../../domain/compliance.js';
import type { ComplianceStatus, ManagedNode, NodePatchState, OperatingSystem } from '../../domain/fleet.js';
import type { AccountId, CycleId, Instant, NodeId, Region } from '../../domain/ids.js';
import type { SetAside } from '../../domain/set-aside.js';
import type { Database } from '../schema.js';
import { pageOf } from './page.js';

/** Which nodes; null asks for those that have no such value (no patch group, say). */
export interface FleetFilter {
  readonly account?: AccountId;
  readonly region?: Region;
  readonly patchGroup?: string | null;
  readonly environment?: string | null;
  readonly os?: OperatingSystem | null;
  readonly status?: ComplianceStatus;
  readonly setAside?: boolean;
  /** Scans that are older count as none: the nodes are unknown. */
  readonly scannedSince?: Instant;
}

/** A node of the inventory, with what its last scan said. */
export interface FleetNode extends ManagedNode {
  readonly environment: string | null;
  readonly application: string | null;
  readonly foundAt: Instant;
  readonly compliance: ComplianceStatus;
  /** Null where there is no scan (that is recent enough). */
  readonly scan: NodePatchState | null;
  readonly scannedAt: Instant | null;
  /** Null: cycles take it. */
  readonly setAside: Pick<SetAside, 'since' | 'cycle' | 'stage' | 'reason'> | null;
  /** The cycle that has it in hand. */
  readonly cycle: CycleId | null;
}

export interface FleetQueries {
  /** Nodes that are not gone, by id. */
  fleetNodes(
    filter: FleetFilter,
    page: { readonly after?: NodeId; readonly limit: number },
  ): Promise<{ items: FleetNode[]; next: NodeId | null }>;
  /** Nodes that are not gone, counted by each value of a dimension; those that have none make the last row, `key` null. */
  complianceBy(
    dimension: Dimension,
    filter?: FleetFilter,
  ): Promise<(ComplianceCounts & { readonly key: string | null })[]>;
  compliance(filter?: FleetFilter): Promise<ComplianceCounts>;
}

const COLUMNS = {
  account: 'node.account',
  region: 'node.region',
  patchGroup: 'node.patch_group',
  environment: 'node.environment',
  os: 'node.os',
} as const;

export const fleetQueries = (db: Kysely<Database>): FleetQueries => ({
  fleetNodes: async (filter, { after, limit }) => {
    let query = inventory(db, filter)
      .leftJoin('node_leases as lease', 'lease.node', 'node.node')
      .select([
        'node.node as id',
        'node.kind',
        'node.account',
        'node.region',
        'node.zone',
        'node.zone_name as zoneName',
        'node.name',
        'node.os',
        'node.os_version as osVersion',
        'node.state',
        'node.ping',
        'node.agent_version as agentVersion',
        'node.patch_group as patchGroup',
        'node.window',
        'node.auto_scaling_group as autoScalingGroup',
        'node.tags',
        'node.environment',
        'node.application',
        'node.found_at as foundAt',
        'scan.state as scan',
        'scan.scanned_at as scannedAt',
        'lease.cycle',
        'aside.since',
        'aside.cycle as asideBy',
        'aside.stage',
        'aside.reason',
        STATUS.as('compliance'),
      ])
      .orderBy('node.node');
    if (after !== undefined) query = query.where('node.node', '>', after);
    const { items, next } = pageOf(await query.limit(limit + 1).execute(), limit, ({ id }) => id);
    const nodes = items.map(
      ({ since, asideBy, stage, reason, ...row }): FleetNode => ({
        ...row,
        setAside:
          since === null || asideBy === null || stage === null || reason === null
            ? null
            : { since, cycle: asideBy, stage, reason },
      }),
    );
    return { items: nodes, next };
  },
  complianceBy: (dimension, filter = {}) => {
    const column = COLUMNS[dimension];
    return inventory(db, filter)
      .select([sql<string | null>`${sql.ref(column)}`.as('key'), ...COUNTS])
      .groupBy(column)
      .orderBy(column)
      .execute();
  },
  compliance: (filter = {}) => inventory(db, filter).select(COUNTS).executeTakeFirstOrThrow(),
});

/** Unknown: never scanned, or the latest scan of the fleet could not tell. */
const STATUS = sql<ComplianceStatus>`case when node.missed_at > scan.scanned_at then 'unknown'
  else coalesce(scan.status, 'unknown') end`;
const counted = (status: ComplianceStatus) => sql<number>`count(*) filter (where ${STATUS} = ${status})::integer`;
const COUNTS = [
  counted('compliant').as('compliant'),
  counted('non-compliant').as('nonCompliant'),
  counted('unknown').as('unknown'),
  sql<number>`count(*)::integer`.as('total'),
] as const;

/** The inventory without what is gone, each node with its last scan where there is one. */
const inventory = (db: Kysely<Database>, { status, scannedSince, setAside, ...values }: FleetFilter) => {
  let query = db
    .selectFrom('inventory as node')
    .leftJoin('node_scans as scan', (join) => {
      const same = join.onRef('scan.node', '=', 'node.node');
      return scannedSince === undefined ? same : same.on('scan.scanned_at', '>=', scannedSince);
    })
    .leftJoin('set_aside as aside', 'aside.node', 'node.node')
    .where('node.gone_at', 'is', null);
  if (setAside !== undefined) query = query.where('aside.node', setAside ? 'is not' : 'is', null);
  if (status !== undefined) query = query.where(sql<SqlBool>`${STATUS} = ${status}`);
  for (const dimension of DIMENSIONS) {
    const value = values[dimension];
    if (value !== undefined)
      query = query.where(sql<SqlBool>`${sql.ref(COLUMNS[dimension])} is not distinct from ${value}`);
  }
  return query;
};
