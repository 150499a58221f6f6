import { byLocation } from './by-location.js';
import type { ManagedNode, OperatingSystem } from './fleet.js';
import type { CycleId, Instant, Location, NodeId, StageName } from './ids.js';
import type { BaselineInUse } from './manifest.js';

/** At most 50 nodes of one location and operating system, to be scanned by one command. */
export interface ScanBatch {
  /** From 1, unique within its location. */
  readonly number: number;
  readonly os: OperatingSystem;
  readonly nodes: readonly NodeId[];
}

/** The nodes that a scan is about, found once and kept, so that every later step speaks of the same ones. */
export interface Selection {
  /** Null for a scan of the whole fleet. */
  readonly cycle: CycleId | null;
  readonly stage: StageName | null;
  /** When the nodes were found: what was scanned before this says nothing about them now. */
  readonly at: Instant;
  readonly nodes: readonly ManagedNode[];
  readonly locations: readonly (Location & { readonly number: number; readonly batches: readonly ScanBatch[] })[];
  /** The baselines under which these nodes are scanned; empty for a scan under whatever is registered. */
  readonly baselines: readonly BaselineInUse[];
}

const BATCH_LIMIT = 50;

/**
 * Batches the nodes that can answer a scan (online, of a known operating system) and are not to be left alone; the others
 * stay in `nodes` only.
 */
export function select(
  owner: Pick<Selection, 'cycle' | 'stage' | 'at' | 'baselines'>,
  nodes: readonly ManagedNode[],
  alone: ReadonlySet<NodeId> = new Set(),
): Selection {
  const inOrder = [...nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const nameOf = ({ at }: { readonly at: Location }) => `${at.account}/${at.region}`;
  const places = byLocation(inOrder).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const locations = places.map(({ at, members }, index) => ({
    ...at,
    number: index + 1,
    batches: scanBatches(members.filter(({ id }) => !alone.has(id))),
  }));
  return { ...owner, nodes: inOrder, locations };
}

function scanBatches(nodes: readonly ManagedNode[]): ScanBatch[] {
  const byOs = new Map<OperatingSystem, NodeId[]>();
  for (const node of nodes) {
    if (node.os === null || node.ping !== 'online') continue;
    byOs.set(node.os, [...(byOs.get(node.os) ?? []), node.id]);
  }
  const batches: ScanBatch[] = [];
  for (const [os, ids] of [...byOs.entries()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (let from = 0; from < ids.length; from += BATCH_LIMIT) {
      batches.push({ number: batches.length + 1, os, nodes: ids.slice(from, from + BATCH_LIMIT) });
    }
  }
  return batches;
}
