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
