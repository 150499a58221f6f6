import type {
  CycleRequest,
  CycleStatus,
  Decision,
  Outcome,
  StageStatus,
  WaitingFor,
  WaveStatus,
} from '../domain/cycle.js';
import type { AccountDocument, MaintenanceWindow, PatchBaseline, ResolvedPlan } from '../domain/documents/types.js';
import type { ManagedNode, NodePatch, NodePatchState, OperatingSystem, PinnedPatch } from '../domain/fleet.js';
import type { Halt, HaltState } from '../domain/halt.js';
import type { CycleId, Digest, Instant, Location, NodeId, PlanName, StageName } from '../domain/ids.js';
import type { Continues, Manifest } from '../domain/manifest.js';
import type { PatchSet, StoredPatchSet } from '../domain/patch-set.js';
import type { Selection } from '../domain/selection.js';
import type { SetAside } from '../domain/set-aside.js';
import type { AccountDirectory } from './fleet-ports.js';
import type { Rollbacks } from './rollback-ports.js';
import type { SnapshotRecords, SnapshotRoomRecords } from './snapshot-ports.js';

/* What the activities ask of the memory; `store/` implements it, tests may. */

/** Whose effects an operation belongs to: a wave of a stage, a stage's own tasks, or a scan. `run` is the workflow's id. */
export interface OperationOwner {
  readonly run: string;
  readonly cycle: CycleId | null;
  readonly stage: StageName | null;
}
/** What an operation does in the fleet, and so how the watch finds out that it has ended. */
export type OperationKind =
  | 'command'
  | 'snapshots'
  | 'automation'
  | 'root-volumes'
  | 'agent-back'
  | 'instances-running'
  | 'instances-stopped'
  | 'instances-rebooted'
  | 'tags';

/**
 * One keyed effect on the nodes of a batch, from its recorded intent to its end.
 * `intended` (it may have been sent: look for the key before sending again) → `sent` → `ended`.
 */
export interface Operation extends OperationOwner, Location {
  /** Deterministic; the `Comment` of a command, the tag of a snapshot, the seed of an automation's token. */
  readonly key: string;
  readonly kind: OperationKind;
  readonly batch: number;
  readonly step: string;
  readonly nodes: readonly NodeId[];
  readonly status: 'intended' | 'sent' | 'ended';
  /** AWS's ids of what was started (one command, one automation; for snapshots empty: they are found by key). */
  readonly externalIds: readonly string[];
  readonly intendedAt: Instant;
  /** How long after its send the watch gives up on the nodes that have not ended, in milliseconds. */
  readonly timeout: number;
  /** When that is; null until it has been sent, however long AWS kept it waiting. */
  readonly deadline: Instant | null;
  /** Is failing it a problem of the node, so that it takes no further steps but those that tidy up? */
  readonly failureIsProblem: boolean;
  /** The watch that saw it end: its own retry reports it again, so that a lost report is repeated. */
  readonly endedByWatch: number | null;
  /** Of all its nodes when it has ended; before that, of those for which AWS has refused it. */
  readonly results: readonly NodeResult[];
}
export interface NodeResult {
  readonly node: NodeId;
  readonly status: 'success' | 'failed' | 'timed-out' | 'undeliverable' | 'cancelled';
  readonly detail: string;
  readonly outputUrl: string | null;
  /** The node is no longer listed. */
  readonly gone?: true;
}

/** A batch that is about to be begun, and the workflow that begins it. */
export interface LeaseRequest extends BatchPlace {
  /** The workflow id whose end ends the lease. */
  readonly owner: string;
  readonly nodes: readonly NodeId[];
}
export interface BatchPlace {
  readonly cycle: CycleId;
  readonly stage: StageName;
  readonly wave: number;
  readonly batch: number;
}

/** A node's way through one stage. */
export interface NodeProgress extends Location {
  readonly node: NodeId;
  readonly wave: number;
  readonly batch: number;
  /** The last step that began. */
  readonly step: string | null;
  /** From the first step that changes the node on: whatever is touched is finished. */
  readonly touched: boolean;
  /** The first thing that went wrong; a node with a problem takes no further step but those that tidy up. */
  readonly problem: { readonly step: string; readonly code: string; readonly message: string } | null;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  /** How many patches came in that nobody had tested. */
  readonly untested: number;
}

/** A patch-level finding about one node after its install. */
export interface NodeVerdict {
  readonly node: NodeId;
  readonly outcome: Outcome;
  readonly reason: string;
  /** Present now, not there before, and not in the pinned set. */
  readonly surplus: readonly PinnedPatch[];
  /** Pinned, and not present. */
  readonly absent: readonly PinnedPatch[];
  /**
   * What the install brought, which a rollback has to take away together with what earlier tries brought. Left out or null
   * where nobody knows.
   */
  readonly brought?: readonly PinnedPatch[] | null;
}

/** A node's last scan: its counts and its patches. */
export interface NodeScan {
  readonly at: Location;
  readonly state: NodePatchState;
  /** Null where only the counts were read. */
  readonly patches: readonly NodePatch[] | null;
}

/** Operators who want no new work anywhere. */
export interface Halts {
  /** Begins a halt, and answers with the one that stands: where one stands already, that one stays. */
  halt(halt: Omit<Halt, 'number'>): Promise<Halt>;
  /** Lifts the halt that stands, if one does. The number of the last one that was lifted, 0 where none ever was. */
  unhalt(at: Instant): Promise<number>;
  halted(): Promise<HaltState>;
}

/** Nodes that every cycle leaves alone. */
export interface SetAsides {
  /** A node that is set aside already stays as it is. */
  setAside(nodes: readonly SetAside[]): Promise<void>;
  /** Those of these nodes that are set aside. */
  setAsideAmong(nodes: readonly NodeId[]): Promise<ReadonlyMap<NodeId, SetAside>>;
  /** Takes a node back that has been set aside since then; one that was set aside anew stays so. */
  readmit(node: NodeId, since: Instant): Promise<void>;
}

/** The memory. Every write is an upsert by natural key: twice is once. */
export interface Records
  extends AccountDirectory,
    Rollbacks,
    Halts,
    SetAsides,
    SnapshotRecords,
    SnapshotRoomRecords,
    Tails {
  accounts(): Promise<AccountDocument[]>;
  /** A document's newest version, or the one named. */
  plan(name: PlanName, version?: number): Promise<ResolvedPlan | null>;
  windows(): Promise<MaintenanceWindow[]>;
  baseline(name: string): Promise<PatchBaseline | null>;

  saveManifest(manifest: Manifest): Promise<Digest>;
  manifest(digest: Digest): Promise<Manifest>;
  /** Kept under its digest until the cycle or the scan that made it has ended. */
  saveSelection(selection: Selection): Promise<Digest>;
  selection(digest: Digest): Promise<Selection>;
  savePatchSet(set: PatchSet): Promise<StoredPatchSet>;
  patchSet(digest: Digest): Promise<StoredPatchSet>;

  /**
   * Records the intent, or answers with what was recorded before under this key (`fresh: false`). Whoever intends what has
   * not been sent yet takes the send over: it is theirs, under the number of their `attempt`, from 1.
   */
  intend(
    operation: Omit<Operation, 'status' | 'deadline' | 'externalIds' | 'endedByWatch' | 'results'>,
  ): Promise<{ operation: Operation; fresh: boolean; attempt: number }>;
  /** Is the send still this attempt's? No longer once it has been sent, or another attempt has taken it over. */
  maySend(key: string, attempt: number): Promise<boolean>;
  /** Forgets an intent of which this attempt knows that nothing was sent: the next one is the first again. */
  withdraw(key: string, attempt: number): Promise<void>;
  /** The first deadline stays. `refused`: the results of nodes for which AWS refused it. */
  sent(key: string, externalIds: readonly string[], deadline: Instant, refused?: readonly NodeResult[]): Promise<void>;
  /** Ends an operation and, in the same transaction, records each node's step (and its problem, where `failureIsProblem` says that failing it is one). */
  ended(key: string, watch: number, results: readonly NodeResult[]): Promise<void>;
  operation(key: string): Promise<Operation | null>;
  /** A run's operations that have not ended, those that this watch has seen end, and the awaited ones whatever their state. */
  watched(run: string, watch: number, awaited: readonly string[]): Promise<Operation[]>;

  /** Takes all of the nodes for the batch, or none. The owners of those that others have; empty: taken. */
  lease(request: LeaseRequest): Promise<readonly string[]>;
  /** Gives back what the batch has. */
  release(batch: BatchPlace): Promise<void>;
  /** Gives back all that an owner has. */
  releaseAll(owner: string): Promise<void>;

  /**
   * One row for each target of the manifest, without progress, and one with an outcome for each node left out. Each target
   * keeps the patches of its last scan (of one since `scannedSince`), whatever scans follow: what the verdict compares with.
   */
  planNodes(cycle: CycleId, stage: StageName, manifest: Manifest, scannedSince?: Instant): Promise<void>;
  /**
   * How long batches of each operating system have taken in this stage of the plan, from the first step to the end of the last,
   * in milliseconds: nine of ten of the latest took no longer. Without those of which fewer than three are known.
   */
  batchDurations(plan: PlanName, stage: StageName): Promise<ReadonlyMap<OperatingSystem, number>>;
  /** How many nodes the plan's last cycle before this one selected for the stage; null where none did. */
  selectedBefore(cycle: CycleId, stage: StageName): Promise<number | null>;
  /** The manifest with which a stage has gone on in that round; null where it has not. */
  continuation(cycle: CycleId, stage: StageName, round: number): Promise<Digest | null>;
  /**
   * Adds the waves of a manifest that continues another, and moves its targets into them, to be patched as if nothing had
   * been done to them; those it leaves out and that have no outcome get that one. Answers with what the stage goes on with:
   * the first manifest of a round stays. A failed node that is not tried after all gets its outcome back (`skipRest`).
   */
  continueNodes(manifest: Manifest & { readonly continues: Continues }): Promise<Digest>;
  /** The patches that nodes without an outcome had when the stage was prepared; without those that no scan told of. */
  patchesBefore(
    cycle: CycleId,
    stage: StageName,
    nodes: readonly NodeId[],
  ): Promise<ReadonlyMap<NodeId, readonly NodePatch[]>>;
  batchNodes(cycle: CycleId, stage: StageName, wave: number, batch: number): Promise<NodeProgress[]>;
  stepBegan(cycle: CycleId, stage: StageName, nodes: readonly NodeId[], step: string, touches: boolean): Promise<void>;
  nodeProblems(
    cycle: CycleId,
    stage: StageName,
    problems: readonly { node: NodeId; step: string; code: string; message: string }[],
  ): Promise<void>;
  /** Gives outcomes to nodes that have none: the first verdict stays. */
  nodeVerdicts(cycle: CycleId, stage: StageName, verdicts: readonly NodeVerdict[]): Promise<void>;
  /**
   * Says why the nodes of a wave that have no outcome and were not touched wait for their next window; answers how many.
   */
  carryRest(cycle: CycleId, stage: StageName, wave: number, reason: string): Promise<number>;
  /**
   * Gives every node of the stage (or of one of its waves) that has no outcome and was not touched the outcome `skipped`, or
   * `carried-over` where it was to wait for a next window; answers how many.
   */
  skipRest(cycle: CycleId, stage: StageName, wave: number | null, reason: string): Promise<number>;
  stageNodes(cycle: CycleId, stage: StageName): Promise<NodeProgress[]>;
  outcomeCounts(cycle: CycleId, stage: StageName): Promise<Partial<Record<Outcome, number>>>;

  saveScans(scans: readonly NodeScan[], scannedAt: Instant): Promise<void>;
  scan(node: NodeId): Promise<NodeScan | null>;
  /** Their last scans; with `since`, only those that were kept at or after that instant. */
  scans(nodes: readonly NodeId[], since?: Instant): Promise<NodeScan[]>;
  /** The nodes that a running cycle has touched and not finished. */
  nodesInFlight(): Promise<NodeId[]>;
  /** The inventory of a location as it was found; nodes no longer there are marked gone. */
  saveInventory(at: Location, nodes: readonly ManagedNode[], foundAt: Instant): Promise<void>;
  /** Nodes that were found on the way, by a plan's tags, say; nothing is concluded about the others of their locations. */
  foundNodes(nodes: readonly ManagedNode[], foundAt: Instant): Promise<void>;
  /**
   * A scan of these locations (null: of all) that began at `since` has ended. The compliance of nodes that no scan has
   * told about since is unknown until one does; nodes that a cycle is working on are left as they are.
   */
  fleetScanned(locations: readonly Location[] | null, since: Instant, at: Instant): Promise<void>;
  /** When each patch was first seen anywhere, for the delays that SSM does not know (Debian, Ubuntu). */
  firstSeen(os: OperatingSystem, patches: readonly PinnedPatch[], now: Instant): Promise<ReadonlyMap<string, Instant>>;

  /** Projections that lists and one cycle are read from. */
  cycleChanged(
    cycle: CycleId,
    change: { status?: CycleStatus; waitingFor?: WaitingFor | null; message?: string | null; endedAt?: Instant | null },
  ): Promise<void>;
  /**
   * Says that the cycle waits for AWS, unless it is a person's turn; or (null) that it does not any more, unless a wave of it
   * still does. What else it waits for stays.
   */
  outageChanged(cycle: CycleId, waitingFor: (WaitingFor & { kind: 'aws' }) | null): Promise<void>;
  stageChanged(
    cycle: CycleId,
    stage: StageName,
    change: {
      status?: StageStatus;
      manifest?: Digest;
      patchSet?: Digest | null;
      proven?: Digest;
      decisions?: readonly Decision[];
      soakUntil?: Instant | null;
      message?: string | null;
    },
  ): Promise<void>;
  waveChanged(cycle: CycleId, stage: StageName, wave: number, status: WaveStatus): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
  /** Reserves the next cycle of a plan for a start that has this key; the same key is the same cycle. Refused while another standard cycle of the plan runs, and while everything is halted. */
  reserveCycle(
    request: CycleReservation,
  ): Promise<
    | { kind: 'reserved' | 'again'; request: CycleRequest }
    | { kind: 'busy'; cycle: CycleId }
    | { kind: 'halted'; halt: Halt }
    | { kind: 'no-plan' }
  >;
}
/** Stages that are done while some of their nodes go on. */
export interface Tails {
  tailBegan(cycle: CycleId, stage: StageName, nodes: number, since: Instant): Promise<void>;
  tailEnded(cycle: CycleId, stage: StageName, at: Instant): Promise<void>;
  /** Those that have not ended, of a plan or of all. */
  runningTails(plan?: PlanName): Promise<readonly RunningTail[]>;
}
export interface RunningTail {
  readonly cycle: CycleId;
  readonly stage: StageName;
  readonly workflowId: string;
}
export interface CycleReservation {
  readonly plan: PlanName;
  readonly mode: 'standard';
  readonly requestedBy: string;
  readonly reason: string;
  readonly reference: string | null;
  readonly idempotencyKey: string;
  readonly now: Instant;
}
export interface AuditEntry {
  /** Natural key: the same entry twice is once. */
  readonly key: string;
  readonly at: Instant;
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly result: 'done' | 'refused' | 'noted';
  readonly reason: string;
}
