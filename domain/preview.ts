import type { ResolvedPlan } from './documents/types.js';
import type { PinnedPatch } from './fleet.js';
import type { Instant, Location, NodeId, StageName, ZoneId } from './ids.js';
import type { LeftOut, WindowOccurrence } from './manifest.js';

/** What a cycle of a plan would do if it started now, and when; nothing is changed to find out. */
export interface Preview {
  /** With every default written out. */
  readonly plan: ResolvedPlan;
  readonly at: Instant;
  readonly stages: readonly PreviewStage[];
  readonly warnings: readonly string[];
}

/** No prices: they differ by Region and contract, and a snapshot is charged for the blocks that it holds. */
export interface PreviewSnapshots {
  /** One of each volume. */
  readonly count: number;
  /** The sizes of these volumes together: the most that the snapshots can hold. */
  readonly gib: number;
}

export interface PreviewStage {
  readonly name: StageName;
  readonly nodes: number;
  readonly windows: readonly (WindowOccurrence & {
    readonly nodes: number;
    /** For people: the opening in the window's own time zone. */
    readonly opensLocal: string;
    readonly closesLocal: string | null;
    readonly estimatedMinutes: number;
    readonly fitsBeforeCutoff: boolean;
    /** By the same estimate: in how many openings of the window its nodes get their turn. */
    readonly windowsNeeded: number;
  })[];
  readonly waves: readonly (Location & {
    readonly zone: ZoneId;
    readonly zoneName: string | null;
    readonly window: string;
    readonly nodes: number;
    readonly maxUnavailable: number;
    readonly batches: number;
  })[];
  /** What would be snapshotted before the installs; null where the stage takes none, or where it could not be looked up. */
  readonly snapshots: PreviewSnapshots | null;
  readonly leftOut: readonly LeftOut[];
  /** Nodes whose window tag names no window. */
  readonly unknownWindows: readonly { readonly node: NodeId; readonly window: string | null }[];
  /** Missing on these nodes by their last scan, and not on any node of the stage before. */
  readonly untested: readonly (PinnedPatch & { readonly nodes: number })[];
  readonly warnings: readonly string[];
}
