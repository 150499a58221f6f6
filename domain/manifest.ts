import type { Outcome } from './cycle.js';
import type { ResolvedStage } from './documents/types.js';
import type { NodeKind, OperatingSystem, PinnedPatch } from './fleet.js';
import type { CycleId, Digest, Instant, Location, NodeId, PlanName, StageName, ZoneId } from './ids.js';

/** One opening of a maintenance window, as UTC instants. `closes` and `cutoff` are null for a window that is always open. */
export interface WindowOccurrence {
  readonly window: string;
  readonly timezone: string;
  readonly opens: Instant;
  readonly closes: Instant | null;
  /** After this instant no new work starts. */
  readonly cutoff: Instant | null;
}

/** A node that the stage is about to touch. */
export interface Target extends Location {
  readonly node: NodeId;
  readonly kind: NodeKind;
  readonly name: string;
  readonly os: OperatingSystem;
  readonly zone: ZoneId;
  readonly zoneName: string | null;
  readonly patchGroup: string | null;
  readonly window: string;
  /** Stopped instances are started for the patch and stopped again, where the plan says so. */
  readonly startFirst: boolean;
}

/** A node that the plan selects and the stage will not touch, and why. */
export interface LeftOut extends Location {
  readonly node: NodeId;
  readonly name: string;
  readonly outcome: Outcome;
  readonly reason: string;
}

/** At most 50 nodes of one location, operating system and patch group: what one SendCommand carries. */
export interface Batch {
  /** From 1, unique within its wave. */
  readonly number: number;
  readonly os: OperatingSystem;
  readonly patchGroup: string | null;
  readonly nodes: readonly NodeId[];
}

/** One account's nodes in one Availability Zone (or its hybrid nodes in one Region) within one window. */
export interface Wave extends Location {
  /** From 1, unique within its manifest. */
  readonly number: number;
  readonly window: string;
  readonly zone: ZoneId;
  readonly zoneName: string | null;
  /** How many of the wave's nodes may be out of service at the same time. */
  readonly maxUnavailable: number;
  readonly batches: readonly Batch[];
}

/** What is installed on the nodes of one location, operating system and patch group when a patch set is pinned. */
export interface InstallList extends Location {
  readonly os: OperatingSystem;
  readonly patchGroup: string | null;
  /** Missing there and proven by the stage before. */
  readonly patches: readonly PinnedPatch[];
  /** Missing there and never seen in the stage before: left alone, listed for a person's decision. */
  readonly untested: readonly PinnedPatch[];
}

/** Which baseline decides at one location for one operating system and patch group. */
export interface BaselineInUse extends Location {
  readonly os: OperatingSystem;
  readonly patchGroup: string | null;
  readonly baselineId: string;
  /** True where the patch group was registered to somebody else's baseline, which is left as it is. */
  readonly foreign: boolean;
}

/** What a manifest goes on with: nodes that were not reached in their window, or that failed and are tried again. */
export interface Continues {
  /** The approved one. */
  readonly manifest: Digest;
  readonly of: 'carried-over' | 'failed';
  /** From 1 in each stage. */
  readonly round: number;
}

/** What a stage is about to do, fixed: what an approver approves, under its digest. */
export interface Manifest {
  /** Where it goes on with some of the nodes of another one, under that one's approval. */
  readonly continues?: Continues;
  readonly cycle: CycleId;
  readonly plan: { readonly name: PlanName; readonly version: number };
  readonly stage: StageName;
  readonly preparedAt: Instant;
  readonly policy: ResolvedStage;
  readonly baseline: { readonly name: string; readonly version: number | null };
  readonly baselines: readonly BaselineInUse[];
  /** Pinned from the stage before; null in the first stage. */
  readonly patchSet: Digest | null;
  readonly installLists: readonly InstallList[] | null;
  readonly windows: readonly WindowOccurrence[];
  readonly targets: readonly Target[];
  readonly leftOut: readonly LeftOut[];
  readonly waves: readonly Wave[];
  readonly warnings: readonly string[];
}

/** What the workflow needs to know of a wave; the rest stays in the store under the manifest's digest. */
export interface WaveSummary extends Location {
  readonly number: number;
  readonly window: string;
  readonly opens: Instant;
  readonly cutoff: Instant | null;
  /** Where the estimate says that a batch that begins later would not end before the window does. */
  readonly lastStart?: Instant;
  readonly zone: ZoneId;
  readonly zoneName: string | null;
  readonly maxUnavailable: number;
  readonly nodes: number;
  /** The number of nodes of each batch, in order. */
  readonly batches: readonly number[];
  /** Where the stage goes on with nodes of an earlier wave. */
  readonly continues?: true;
}
