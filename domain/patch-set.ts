import type { OperatingSystem } from './fleet.js';
import type { CycleId, Digest, StageName } from './ids.js';

/** A patch with its exact version. For Windows the id alone is the version. */
export interface PinnedPatch {
  readonly id: string;
  readonly title: string;
}

/** A patch present and proven on a stage's nodes, and on how many of them. */
export interface ProvenPatch extends PinnedPatch {
  readonly nodes: number;
}

/** The exact patches that are present and proven on a stage's nodes when its soak ends: the most that the next stage may get. */
export interface PatchSet {
  readonly cycle: CycleId;
  readonly stage: StageName;
  readonly patches: Readonly<Partial<Record<OperatingSystem, readonly ProvenPatch[]>>>;
}

/** A patch set under its digest; the digest covers patches only, so that the same patches have the same digest in every cycle. */
export interface StoredPatchSet extends PatchSet {
  readonly digest: Digest;
  readonly harvestedAt: string;
}
