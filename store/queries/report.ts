import { type Kysely, sql } from 'kysely';
import type { AuditEntry, NodeResult, OperationKind } from '../../activities/ports.js';
import type { AccountId, CycleId, Digest, Instant, NodeId, Region, StageName } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import type { StoredPatchSet } from '../../domain/patch-set.js';
import type { Database } from '../schema.js';
import { type CycleNode, nodesOf, toCycleNode } from './cycle-nodes.js';
import type { CycleQueries, CycleView } from './cycles.js';
import { type RollbackView, rollbacksOf } from './rollbacks.js';

/** All of a cycle, for an auditor: what was to be done, who agreed, what was done to which node, and how it ended. */
export interface CycleReport {
  readonly cycle: CycleView;
  /** Every manifest that was prepared, in order; the stage names the one that was carried out. */
  readonly manifests: readonly { readonly digest: Digest; readonly manifest: Manifest; readonly at: Instant }[];
  readonly patchSets: readonly StoredPatchSet[];
  readonly nodes: readonly CycleNode[];
  readonly rollbacks: readonly RollbackView[];
  readonly steps: readonly ReportedStep[];
  readonly operations: readonly ReportedOperation[];
  readonly audit: readonly AuditEntry[];
}
/** One step of one node. */
export interface ReportedStep {
  readonly stage: StageName;
  readonly node: NodeId;
  readonly step: string;
  readonly status: 'began' | NodeResult['status'];
  readonly detail: string | null;
  readonly outputUrl: string | null;
  /** The key of the operation that carried it out. */
  readonly operation: string | null;
  readonly beganAt: Instant;
  readonly endedAt: Instant | null;
}
/** One keyed effect, with AWS's ids of it. */
export interface ReportedOperation {
  readonly key: string;
  readonly stage: StageName | null;
  readonly account: AccountId;
  readonly region: Region;
  readonly kind: OperationKind;
  readonly step: string;
  readonly nodes: readonly NodeId[];
  readonly status: 'intended' | 'sent' | 'ended';
  readonly externalIds: readonly string[];
  readonly intendedAt: Instant;
  readonly sentAt: Instant | null;
  readonly endedAt: Instant | null;
}

export interface ReportQueries {
  /** Null when there is no such cycle. */
  cycleReport(id: CycleId): Promise<CycleReport | null>;
}

export const reportQueries = (db: Kysely<Database>, cycles: Pick<CycleQueries, 'cycleView'>): ReportQueries => ({
  cycleReport: async (id) => {
    const cycle = await cycles.cycleView(id);
    if (!cycle) return null;
    return {
      cycle,
      manifests: await db
        .selectFrom('manifests')
        .select(['digest', 'body as manifest', 'at'])
        .where('cycle', '=', id)
        .orderBy('at')
        .orderBy('digest')
        .execute(),
      patchSets: await db
        .selectFrom('patch_sets')
        .select(['digest', 'cycle', 'stage', 'patches', 'harvested_at as harvestedAt'])
        .where('cycle', '=', id)
        .orderBy('harvested_at')
        .execute(),
      nodes: (await nodesOf(db, id).execute()).map(toCycleNode),
      rollbacks: await rollbacksOf(db, id),
      steps: await db
        .selectFrom('node_steps')
        .select([
          'stage',
          'node',
          'step',
          'status',
          'detail',
          'output_url as outputUrl',
          'operation',
          'began_at as beganAt',
          'ended_at as endedAt',
        ])
        .where('cycle', '=', id)
        .orderBy('began_at')
        .orderBy('node')
        .execute(),
      operations: await db
        .selectFrom('operations')
        .select([
          'key',
          'stage',
          'account',
          'region',
          'kind',
          'step',
          'nodes',
          'status',
          'external_ids as externalIds',
          'intended_at as intendedAt',
          'sent_at as sentAt',
          'ended_at as endedAt',
        ])
        .where('cycle', '=', id)
        .orderBy('intended_at')
        .orderBy('key')
        .execute(),
      audit: await db
        .selectFrom('audit')
        .select(['key', 'at', 'who', 'action', 'subject', 'result', 'reason'])
        .where(
          // The cycle itself, or what belongs to it (`<cycle>/<stage>`), by its own id or by that of its workflow.
          sql<boolean>`subject = any(${[id, cycle.workflowId]}::text[])
            or starts_with(subject, ${`${id}/`}) or starts_with(subject, ${`${cycle.workflowId}/`})`,
        )
        .orderBy('seq')
        .execute(),
    };
  },
});
