import type { ColumnType, Generated } from 'kysely';
import type { AuditEntry, NodeProgress, NodeResult, Operation } from '../activities/ports.js';
import type { RollbackOutcome, RollbackStatus } from '../activities/rollback-ports.js';
import type { CycleStatus, Decision, Outcome, StageStatus, WaitingFor, WaveStatus } from '../domain/cycle.js';
import type { NodePatch, NodePatchState, OperatingSystem, PinnedPatch } from '../domain/fleet.js';
import type {
  AccountId,
  CycleId,
  Digest,
  Instant,
  NodeId,
  PlanName,
  Region,
  StageName,
  ZoneId,
} from '../domain/ids.js';
import type { Manifest } from '../domain/manifest.js';
import type { PatchSet } from '../domain/patch-set.js';
import type { DataVolume, RollbackScope } from '../domain/rollback.js';
import type { Selection } from '../domain/selection.js';
import type { SetAside } from '../domain/set-aside.js';

/*
 * The tables as queries see them. Timestamps go in and come out as ISO 8601 text in UTC; jsonb comes out as what was put
 * in, and goes in through `json()` (see sql.ts), which the types enforce: a plain array would become a PostgreSQL array.
 */
type Json<T> = ColumnType<T, JsonText, JsonText>;
/** What only `json()` makes. */
export type JsonText = { readonly jsonText: never };

export interface Database {
  migrations: { number: number; name: string; at: Generated<Instant> };
  documents: DocumentsTable;
  manifests: { digest: Digest; cycle: CycleId; stage: StageName; body: Json<Manifest>; at: Generated<Instant> };
  selections: { digest: Digest; cycle: CycleId | null; body: Json<Selection>; at: Generated<Instant> };
  patch_sets: {
    digest: Digest;
    cycle: CycleId;
    stage: StageName;
    patches: Json<PatchSet['patches']>;
    harvested_at: Generated<Instant>;
  };
  cycles: CyclesTable;
  cycle_stages: CycleStagesTable;
  cycle_waves: CycleWavesTable;
  cycle_nodes: CycleNodesTable;
  continuations: { cycle: CycleId; stage: StageName; round: number; manifest: Digest };
  tails: { cycle: CycleId; stage: StageName; nodes: number; since: Instant; ended_at: Instant | null };
  rollbacks: RollbacksTable;
  rollback_nodes: RollbackNodesTable;
  halts: { number: number; by: string; reason: string; at: Instant; lifted_at: Instant | null };
  set_aside: SetAside;
  operations: OperationsTable;
  node_leases: NodeLeasesTable;
  installation: { id: string };
  expired_snapshots: ExpiredSnapshotsTable;
  snapshot_room: { key: string; account: AccountId; region: Region; owner: string; snapshots: number };
  node_steps: NodeStepsTable;
  inventory: InventoryTable;
  node_scans: NodeScansTable;
  patch_first_seen: { os: OperatingSystem; patch: string; first_seen: Instant };
  cycle_events: { seq: Generated<number>; cycle: CycleId; kind: string; body: Json<unknown>; at: Generated<Instant> };
  idempotency: {
    identity: string;
    key: string;
    request_digest: string;
    response: Json<unknown> | null;
    at: Generated<Instant>;
  };
  audit: AuditEntry & { seq: Generated<number> };
  aws_calls: AwsCallsTable;
}

interface AwsCallsTable {
  account: AccountId;
  region: Region;
  service: string;
  operation: string;
  outcome: string;
  at: Instant;
}

interface DocumentsTable {
  kind: string;
  name: string;
  version: number;
  newest: boolean;
  deleted: boolean;
  written: Json<unknown>;
  resolved: Json<unknown>;
  digest: Digest;
  by: string;
  at: Generated<Instant>;
}

interface CyclesTable {
  id: CycleId;
  plan: PlanName;
  number: number;
  plan_version: number;
  mode: 'standard';
  status: CycleStatus;
  waiting_for: Json<WaitingFor> | null;
  message: string | null;
  requested_by: string;
  reason: string;
  reference: string | null;
  idempotency_key: string;
  workflow_id: string;
  started_at: Instant;
  ended_at: Instant | null;
}

interface CycleStagesTable {
  cycle: CycleId;
  name: StageName;
  position: number;
  status: StageStatus;
  manifest: Digest | null;
  /** The most that the stage may get. */
  patch_set: Digest | null;
  /** What the stage proved. */
  proven: Digest | null;
  decisions: Json<readonly Decision[]>;
  soak_until: Instant | null;
  message: string | null;
  /** The digest of the manifest that the stage's waves and nodes were written for. */
  planned_for: Digest | null;
}

interface CycleWavesTable {
  cycle: CycleId;
  stage: StageName;
  number: number;
  window: string;
  opens: Instant;
  closes: Instant | null;
  cutoff: Instant | null;
  account: AccountId;
  region: Region;
  zone: ZoneId;
  zone_name: string | null;
  nodes: number;
  status: WaveStatus;
}

interface CycleNodesTable {
  cycle: CycleId;
  stage: StageName;
  node: NodeId;
  name: string;
  account: AccountId;
  region: Region;
  os: OperatingSystem | null;
  /** 0 for a node that was left out. */
  wave: number;
  batch: number;
  step: string | null;
  touched: boolean;
  problem: Json<NonNullable<NodeProgress['problem']>> | null;
  outcome: Outcome | null;
  reason: string | null;
  surplus: Json<readonly PinnedPatch[]>;
  absent: Json<readonly PinnedPatch[]>;
  /** What had become of it before it was to be tried again, until that has an outcome of its own. */
  earlier: Json<{ readonly outcome: Outcome; readonly reason: string | null }> | null;
  /** The patches when the stage was prepared, until it is known what the install brought; null where no scan told. */
  before: Json<readonly NodePatch[]> | null;
  /** What the install brought; null where nobody knows. */
  brought: Json<readonly PinnedPatch[]> | null;
}

interface RollbacksTable {
  cycle: CycleId;
  number: number;
  key: string;
  scope: Json<RollbackScope>;
  by: string;
  reason: string;
  status: RollbackStatus;
  message: string | null;
  began_at: Instant;
  ended_at: Instant | null;
}

interface RollbackNodesTable {
  cycle: CycleId;
  number: number;
  stage: StageName;
  node: NodeId;
  account: AccountId;
  region: Region;
  wave: number;
  batch: number;
  zone_name: string | null;
  snapshot: string | null;
  data: Json<readonly DataVolume[]>;
  outcome: RollbackOutcome | null;
  reason: string | null;
  lost: boolean;
  detached: boolean;
}

interface OperationsTable {
  key: string;
  run: string;
  cycle: CycleId | null;
  stage: StageName | null;
  account: AccountId;
  region: Region;
  kind: Operation['kind'];
  batch: number;
  step: string;
  nodes: Json<readonly NodeId[]>;
  status: Operation['status'];
  external_ids: Json<readonly string[]>;
  intended_at: Instant;
  sent_at: Instant | null;
  /** Who may send it: the last attempt that intended it. */
  attempt: Generated<number>;
  /** Milliseconds. */
  timeout: number;
  deadline: Instant | null;
  failure_is_problem: boolean;
  ended_at: Instant | null;
  ended_by_watch: number | null;
  results: Json<readonly NodeResult[]>;
}

interface NodeLeasesTable {
  node: NodeId;
  /** The workflow whose end ends the lease. */
  owner: string;
  cycle: CycleId;
  stage: StageName;
  wave: number;
  batch: number;
  at: Generated<Instant>;
}

interface ExpiredSnapshotsTable {
  snapshot: string;
  account: AccountId;
  region: Region;
  cycle: CycleId;
  stage: StageName;
  node: NodeId;
  volume: string;
  gib: number;
  taken_at: Instant;
  due_at: Instant;
  /** From then on nobody plans with it; null in `deleted_at`: AWS may not have been asked yet. */
  expired_at: Instant;
  deleted_at: Instant | null;
}

interface NodeStepsTable {
  cycle: CycleId;
  stage: StageName;
  node: NodeId;
  step: string;
  status: 'began' | NodeResult['status'];
  detail: string | null;
  output_url: string | null;
  operation: string | null;
  began_at: Generated<Instant>;
  ended_at: Instant | null;
}

interface InventoryTable {
  node: NodeId;
  kind: 'ec2' | 'hybrid';
  account: AccountId;
  region: Region;
  zone: ZoneId;
  zone_name: string | null;
  name: string;
  os: OperatingSystem | null;
  os_version: string | null;
  state: 'running' | 'stopped' | 'other';
  ping: 'online' | 'connection-lost' | 'inactive' | 'not-registered';
  agent_version: string | null;
  patch_group: string | null;
  window: string | null;
  auto_scaling_group: string | null;
  environment: string | null;
  application: string | null;
  /** When a scan of the fleet last failed to tell about the node. */
  missed_at: Instant | null;
  tags: Json<Readonly<Record<string, string>>>;
  found_at: Instant;
  gone_at: Instant | null;
}

interface NodeScansTable {
  node: NodeId;
  account: AccountId;
  region: Region;
  status: 'compliant' | 'non-compliant';
  state: Json<NodePatchState>;
  patches: Json<readonly NodePatch[]> | null;
  ended_at: Instant;
  scanned_at: Instant;
}
