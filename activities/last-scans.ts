import type { NodePatch } from '../domain/fleet.js';
import type { Instant, NodeId } from '../domain/ids.js';
import type { NodeScan, Records } from './ports.js';

/** Scans read at once; each holds a few kilobytes of patches. */
const AT_ONCE = 1_000;

/**
 * The last scans of any number of nodes (since then, where it is given), some at a time. Nodes share most of their patches,
 * so they share the objects as well: a hundred thousand nodes then take tens of megabytes and not hundreds. Not to be written to.
 */
export async function lastScans(
  records: Pick<Records, 'scans'>,
  nodes: readonly NodeId[],
  since?: Instant,
): Promise<NodeScan[]> {
  const known = new Map<string, NodePatch>();
  const shared = (patch: NodePatch): NodePatch => {
    const text = `${patch.id}\n${patch.title}\n${patch.state}\n${patch.classification}\n${patch.severity}`;
    const same = known.get(text);
    if (same) return same;
    known.set(text, patch);
    return patch;
  };
  const all: NodeScan[] = [];
  for (let from = 0; from < nodes.length; from += AT_ONCE) {
    for (const scan of await records.scans(nodes.slice(from, from + AT_ONCE), since))
      all.push({ ...scan, patches: scan.patches?.map(shared) ?? null });
  }
  return all;
}
