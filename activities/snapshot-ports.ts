import type { CycleId, Instant, Location, NodeId } from '../domain/ids.js';
import type { OwnSnapshot, StageEnd } from '../domain/snapshot-retention.js';

/* What keeping snapshots asks of the fleet and of the memory, beside making and finding them. */

/** A volume that is attached to an instance. */
export interface VolumeSize {
  readonly node: NodeId;
  readonly volume: string;
  /** Its size: a snapshot of it holds at most that. */
  readonly gib: number;
}

/** Part of Fleet. */
export interface SnapshotKeeping {
  /** The volumes of these instances with their sizes; one that is gone has none. */
  volumeSizes(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<VolumeSize[]>;
  /** All snapshots that bear the mark of this installation, whatever became of them. */
  ownSnapshots(at: Location, installation: string, signal: AbortSignal): Promise<OwnSnapshot[]>;
  /** Twice is once: `gone` is what is no longer there. `in-use`: AWS keeps it, since an image is made of it or it is locked. */
  deleteSnapshot(at: Location, snapshotId: string, signal: AbortSignal): Promise<'deleted' | 'gone' | 'in-use'>;
}

/** A stage's end, and the workflow of its cycle where that is thought to run. */
export interface KnownStage extends StageEnd {
  readonly runningAs: string | null;
}
export interface ExpiringSnapshot extends OwnSnapshot {
  readonly due: Instant;
}

/** A batch that asks for room for pending snapshots. */
export interface RoomRequest extends Location {
  /** Of the batch's snapshot operation. */
  readonly key: string;
  /** The workflow by whose end the room is known to be left behind. */
  readonly owner: string;
  /** Of all its volumes that have no snapshot yet, and of its snapshots that are pending. */
  readonly wanted: number;
  readonly pending: number;
  /** The least that helps: what is pending, and the volumes of one more node. */
  readonly least: number;
}
export interface RoomHolder {
  readonly key: string;
  readonly owner: string;
  /** Its operation has ended, and it has not given its room back. */
  readonly ended: boolean;
}

/** Part of Records. */
export interface SnapshotRoomRecords {
  /**
   * Takes room of the location's quota, by the rule of domain/snapshot-room.ts; what the batch had before is counted anew. Where
   * it gets none, it keeps what it needs for its snapshots that are pending. `holders`: the others that have some.
   */
  takeSnapshotRoom(request: RoomRequest): Promise<{ granted: number; holders: readonly RoomHolder[] }>;
  /** Gives back what the operation has, but for what is still pending. */
  giveBackSnapshotRoom(key: string, pending?: number): Promise<void>;
}

/** Part of Records. */
export interface SnapshotRecords {
  /** The mark of this installation: other installations in the same accounts have their own. It never changes. */
  installation(): Promise<string>;
  /** The stages of these cycles; those that nobody knows are left out. */
  stageEnds(cycles: readonly CycleId[]): Promise<KnownStage[]>;
  /**
   * Notes that these snapshots of one cycle expire now, before any of them is deleted: from then on no rollback is planned with
   * them. Those that may be deleted; none where a rollback of the cycle has begun meanwhile.
   */
  snapshotsExpire(at: Location, snapshots: readonly ExpiringSnapshot[], now: Instant): Promise<readonly string[]>;
  snapshotDeleted(snapshotId: string, now: Instant): Promise<void>;
  /** AWS would not delete it: it is there as before. */
  snapshotStays(snapshotId: string): Promise<void>;
}
