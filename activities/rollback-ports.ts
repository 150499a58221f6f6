import type { NodePatch, OperatingSystem, PinnedPatch } from '../domain/fleet.js';
import type { CycleId, Instant, Location, NodeId, StageName } from '../domain/ids.js';
import type {
  DataVolume,
  InstanceVolumes,
  RestoreEnd,
  RollbackFact,
  RollbackPlan,
  RollbackScope,
} from '../domain/rollback.js';
import type { BeforeSend } from './send-ports.js';

/* What rolling back asks of the fleet and of the memory. */

/** A task of EC2's that replaces a root volume. */
export interface RestoreTask {
  readonly taskId: string;
  readonly node: NodeId;
  /** The key it was started with; null where it is not ours. */
  readonly key: string | null;
  /** EC2's word: one of RESTORE_ENDS, or on the way (`pending`, `in-progress`, `failing`). */
  readonly state: RestoreEnd | 'pending' | 'in-progress' | 'failing';
}

export interface RestoreRequest {
  /** A UUID: the same token is the same task. */
  readonly token: string;
  readonly key: string;
  readonly node: NodeId;
  readonly snapshot: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Part of Fleet. */
export interface RootVolumes {
  /** The volumes of these instances as they are now; one that is gone is left out. */
  instanceVolumes(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<InstanceVolumes[]>;
  /** Begins to replace a root volume by what is in the snapshot; the old volume is kept. */
  restoreRootVolume(
    at: Location,
    request: RestoreRequest,
    signal: AbortSignal,
    beforeSend?: BeforeSend,
  ): Promise<{ taskId: string }>;
  /** The tasks of these nodes that were started with the key. */
  restoreTasks(at: Location, key: string, nodes: readonly NodeId[], signal: AbortSignal): Promise<RestoreTask[]>;
  /** What a command printed, by node; without the nodes where it printed nothing. AWS keeps the first 2,500 characters. */
  commandOutputs(at: Location, commandId: string, signal: AbortSignal): Promise<ReadonlyMap<NodeId, string>>;
}

/** One rollback of a cycle; they are numbered from 1. */
export interface RollbackId {
  readonly cycle: CycleId;
  readonly number: number;
}
export interface RollbackBatchId extends RollbackId {
  readonly stage: StageName;
  readonly wave: number;
  readonly batch: number;
}

/** `failed`: some of its nodes could not be rolled back, or have nothing to go back to. */
export type RollbackStatus = 'running' | 'rolled-back' | 'failed';
/** `left`: the rollback did nothing to it. */
export type RollbackOutcome = 'rolled-back' | 'failed' | 'left';

export interface RollbackRequest {
  readonly cycle: CycleId;
  /** Natural key: the same key is the same rollback. */
  readonly key: string;
  readonly scope: RollbackScope;
  readonly plan: Pick<RollbackPlan, 'targets' | 'left'>;
  readonly by: string;
  readonly reason: string;
  readonly now: Instant;
}

/** A node on its way back. */
export interface RollbackNode extends Location {
  readonly node: NodeId;
  readonly os: OperatingSystem;
  /** The key of the operation that took the stage's first snapshot of it; null where nobody has seen that end. */
  readonly takenBy: string | null;
  /** Of its root volume; null before it was looked for. */
  readonly snapshot: string | null;
  readonly outcome: RollbackOutcome | null;
  readonly lost: boolean;
  readonly detached: boolean;
}

/** A wave with what goes back in it. */
export interface RollbackWave extends Location {
  readonly stage: StageName;
  readonly wave: number;
  readonly zone: string;
  readonly maxUnavailable: number;
  readonly batches: readonly { readonly number: number; readonly nodes: number }[];
}

export interface RollbackNodeVerdict {
  readonly node: NodeId;
  readonly outcome: RollbackOutcome;
  readonly reason: string;
  readonly lost: boolean;
  readonly detached: boolean;
}

/** Part of Records. */
export interface Rollbacks {
  /** What a rollback of the cycle is planned from, in the order of its stages. */
  rollbackFacts(cycle: CycleId): Promise<RollbackFact[]>;
  /** Reserves the cycle's next rollback, with its nodes. `busy`: while another one runs. */
  openRollback(
    request: RollbackRequest,
  ): Promise<{ readonly kind: 'opened' | 'again' | 'busy'; readonly number: number }>;
  /** What goes back, wave by wave in the reverse of the order in which the cycle patched; batches in theirs. */
  rollbackWaves(rollback: RollbackId): Promise<RollbackWave[]>;
  rollbackNodes(batch: RollbackBatchId): Promise<RollbackNode[]>;
  /** Keeps what a node goes back to; what was found first stays. */
  rollbackFound(
    rollback: RollbackId,
    stage: StageName,
    found: readonly { node: NodeId; snapshot: string; data: readonly DataVolume[]; zoneName: string }[],
  ): Promise<void>;
  /** The key of the operation that took the stage's first snapshot of each of these nodes; without those that have none. */
  snapshotsTaken(
    cycle: CycleId,
    stage: StageName,
    nodes: readonly NodeId[],
  ): Promise<readonly { readonly node: NodeId; readonly takenBy: string }[]>;
  /**
   * What all installs of the stage on these nodes brought; null where nobody knows. `before`: what a node had before
   * installs after which no scan told.
   */
  broughtTo(
    cycle: CycleId,
    stage: StageName,
    nodes: readonly NodeId[],
  ): Promise<
    ReadonlyMap<
      NodeId,
      { readonly brought: readonly PinnedPatch[] | null; readonly before: readonly NodePatch[] | null }
    >
  >;
  /** First verdicts stay. `rolled-back` and `failed` become the outcome of the node in its stage, too. */
  rollbackVerdicts(rollback: RollbackId, stage: StageName, verdicts: readonly RollbackNodeVerdict[]): Promise<void>;
  /** Leaves what has no verdict as it is, for that reason, and ends the rollback; how many nodes ended how, over all. */
  endRollback(
    rollback: RollbackId,
    end: { readonly reasonForRest: string; readonly now: Instant },
  ): Promise<{ readonly status: RollbackStatus; readonly message: string }>;
}
