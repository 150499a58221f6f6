import type { Location, NodeId } from '../domain/ids.js';

/* What snapshots ask of the fleet, beside making and finding them. */

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
}
