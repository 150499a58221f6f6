import type { Location, NodeId } from '../domain/ids.js';
import { type InstanceVolumes, RESTORE_ENDS, type RestoreResult, type WayBack, wayBack } from '../domain/rollback.js';
import type { Fleet, NodeResult, Snapshot } from './ports.js';

/** EC2 promises no time for its task; a node is down meanwhile, so somebody has to hear of it. */
export const RESTORE_TIMEOUT = 60 * 60_000;

/** A node, and the key of the operation that took the snapshot which it goes back to. */
export interface WaySought {
  readonly node: NodeId;
  readonly takenBy: string;
}
export interface WayFound {
  readonly way: WayBack;
  /** As they are now; null where the instance is gone. */
  readonly volumes: InstanceVolumes | null;
}

/** Looks for the snapshot that each node's root volume goes back to. */
export async function waysBack(
  at: Location,
  sought: readonly WaySought[],
  fleet: Fleet,
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, WayFound>> {
  if (sought.length === 0) return new Map();
  const snapshots: Snapshot[] = [];
  for (const key of new Set(sought.map(({ takenBy }) => takenBy))) {
    snapshots.push(...(await fleet.findSnapshots(at, key, signal)));
  }
  const ids = sought.map(({ node }) => node);
  const attached = new Map((await fleet.instanceVolumes(at, ids, signal)).map((found) => [found.node, found]));
  return new Map(
    sought.map(({ node, takenBy }): [NodeId, WayFound] => {
      const volumes = attached.get(node) ?? null;
      const own = snapshots.filter((snapshot) => snapshot.node === node && snapshot.key === takenBy);
      return [node, { way: wayBack(volumes, own), volumes }];
    }),
  );
}

export const resultsOf = (
  operation: { readonly results: readonly NodeResult[] } | null,
): ReadonlyMap<NodeId, NodeResult> => new Map((operation?.results ?? []).map((result) => [result.node, result]));

/** The watch tells EC2's word first (`failed-detached, task replacevol-…`); whatever else failed was refused. */
export function restoreResultOf({ status, detail }: NodeResult): RestoreResult {
  if (status === 'timed-out') return { end: 'not-ended', detail };
  const end = RESTORE_ENDS.find((word) => detail.startsWith(`${word}, `));
  return { end: end ?? 'refused', detail };
}
