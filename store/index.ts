import { type Kysely, sql } from 'kysely';
import type { Records } from '../activities/ports.js';
import { connect } from './connection.js';
import { asStoreError } from './errors.js';
import { type Idempotency, idempotency } from './idempotency.js';
import { migrate } from './migrate.js';
import { type AuditQueries, auditQueries } from './queries/audit.js';
import { type CycleNodeQueries, cycleNodeQueries } from './queries/cycle-nodes.js';
import { type CycleQueries, cycleQueries } from './queries/cycles.js';
import { type FleetQueries, fleetQueries } from './queries/fleet.js';
import { type ReportQueries, reportQueries } from './queries/report.js';
import { type RollbackQueries, rollbackQueries } from './queries/rollbacks.js';
import { audit } from './records/audit.js';
import { type AwsCalls, awsCalls } from './records/aws-calls.js';
import { continuations } from './records/continuations.js';
import { cycles } from './records/cycles.js';
import { type Documents, documents } from './records/documents.js';
import { fleetRecords } from './records/fleet.js';
import { halts } from './records/halts.js';
import { leases } from './records/leases.js';
import { manifests } from './records/manifests.js';
import { nodes } from './records/nodes.js';
import { operations } from './records/operations.js';
import { planning } from './records/planning.js';
import { rollbacks } from './records/rollbacks.js';
import { setAsides } from './records/set-aside.js';
import { snapshotRoom } from './records/snapshot-room.js';
import { snapshots } from './records/snapshots.js';
import { tails } from './records/tails.js';
import type { Database } from './schema.js';

export {
  StoreConflict,
  StoreError,
  type StoreErrorCode,
  StoreNotFound,
  StoreOfNewerRelease,
  StoreUnavailable,
} from './errors.js';
export type { Claim } from './idempotency.js';
export type { NodeCounts } from './queries/counts.js';
export type { CycleNode, CycleNodePosition } from './queries/cycle-nodes.js';
export type { CycleEvent, CyclePosition, CycleSummary, CycleView, StageView, WaveView } from './queries/cycles.js';
export type { FleetFilter, FleetNode } from './queries/fleet.js';
export type { CycleReport, ReportedOperation, ReportedStep } from './queries/report.js';
export type { AwsCall, AwsReach } from './records/aws-calls.js';
export type { DocumentBody, DocumentKind, DocumentKinds, Documents, DocumentVersion } from './records/documents.js';
export { patchKey } from './records/fleet.js';

/**
 * The memory: documents, projections of cycles, inventory, scans, audit.
 * Every call may throw StoreUnavailable: the database does not answer, and the call may be repeated.
 */
export interface Store
  extends Records,
    Documents,
    CycleQueries,
    CycleNodeQueries,
    ReportQueries,
    RollbackQueries,
    FleetQueries,
    AuditQueries,
    AwsCalls,
    Idempotency {
  /** Brings the schema to this release's; the names of what was done. Safe to call by several processes at once. */
  migrate(): Promise<string[]>;
  /** Answers when the database does. */
  ping(): Promise<void>;
  /** Ends all connections; no call may follow. */
  close(): Promise<void>;
}

/** Opens the store; it connects when it is first used. `databaseUrl` is PostgreSQL's, or a served PGlite's. */
export const openStore = ({ databaseUrl }: { readonly databaseUrl: string }): Store => {
  const db = connect(databaseUrl);
  return withStoreErrors({
    ...documents(db),
    ...manifests(db),
    ...operations(db),
    ...leases(db),
    ...planning(db),
    ...continuations(db),
    ...nodes(db),
    ...rollbacks(db),
    ...snapshots(db),
    ...setAsides(db),
    ...snapshotRoom(db),
    ...cycles(db),
    ...halts(db),
    ...tails(db),
    ...fleetRecords(db),
    ...audit(db),
    ...awsCalls(db),
    ...queries(db),
    ...idempotency(db),
    ...housekeeping(db),
  });
};

const queries = (db: Kysely<Database>) => {
  const ofCycles = cycleQueries(db);
  return {
    ...ofCycles,
    ...cycleNodeQueries(db),
    ...reportQueries(db, ofCycles),
    ...rollbackQueries(db),
    ...fleetQueries(db),
    ...auditQueries(db),
  };
};

const housekeeping = (db: Kysely<Database>): Pick<Store, 'migrate' | 'ping' | 'close'> => ({
  migrate: () => migrate(db),
  ping: async () => {
    await sql`select 1`.execute(db);
  },
  close: () => db.destroy(),
});

/** The same store, whose faults of the connection are StoreUnavailable. */
const withStoreErrors = (store: Store): Store =>
  new Proxy(store, {
    get: (target, name, receiver) => {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(member, target, args) as Promise<unknown>);
        } catch (error) {
          throw asStoreError(error);
        }
      };
    },
  });
