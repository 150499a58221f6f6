import type { Milliseconds } from './documents/types.js';
import type { CycleId, Instant, NodeId, StageName } from './ids.js';

/** What a plan means that says nothing else, and what a snapshot means whose tag cannot be read. */
export const DEFAULT_KEEP_SNAPSHOTS: Milliseconds = 14 * 86_400_000;

/** A snapshot that this installation has taken, by its tags. */
export interface OwnSnapshot {
  readonly snapshotId: string;
  readonly node: NodeId;
  readonly volume: string;
  readonly cycle: CycleId;
  readonly stage: StageName;
  /** The size of its volume. */
  readonly gib: number;
  readonly takenAt: Instant;
  /** How long it is kept once nothing needs it any more. */
  readonly keepFor: Milliseconds;
}

/** What is known of the stage that took a snapshot. */
export interface StageEnd {
  readonly cycle: CycleId;
  readonly stage: StageName;
  /** When its soak ended, or its cycle without one; null: it goes on, or is asked about. */
  readonly since: Instant | null;
  /** A rollback of the cycle is at work. */
  readonly rollbackRuns: boolean;
}

/**
 * When a snapshot may be deleted; null where something still needs it. Of a stage that is over: its retention after the end of
 * the soak, and no less after the snapshot itself, which a node may have got late. `end` is null where nobody knows the stage any
 * more, or its cycle's workflow has ended without a word: then the retention counts from the snapshot.
 */
export function dueAt(
  { takenAt, keepFor }: Pick<OwnSnapshot, 'takenAt' | 'keepFor'>,
  end: Pick<StageEnd, 'since' | 'rollbackRuns'> | null,
): Instant | null {
  if (end !== null && (end.rollbackRuns || end.since === null)) return null;
  const from = Math.max(Date.parse(takenAt), Date.parse(end?.since ?? takenAt));
  return new Date(from + keepFor).toISOString() as Instant;
}

/** The name under which a stage of a cycle is looked up. */
export const stageKey = ({ cycle, stage }: { readonly cycle: CycleId; readonly stage: StageName }): string =>
  `${cycle}/${stage}`;
