import type { Outcome } from '../domain/cycle.js';
import { isFailure } from '../domain/cycle.js';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import { stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Wave } from '../domain/manifest.js';
import { verdict } from '../domain/verdict.js';
import { sideBySide } from './locations.js';
import type { Fleet, NodeProgress, NodeScan, NodeVerdict, Records } from './ports.js';
import { listOf } from './step-effects.js';

/** Reads of patches side by side in one batch: under the default rates with ten batches in flight. */
const READS_AT_ONCE = 5;

export interface BatchRecord {
  readonly done: number;
  readonly failed: number;
  readonly surplus: number;
}

/**
 * Judges the nodes of a batch by the scan after their install, keeps the scan as a compliance fact, and counts. What they
 * had before was fixed when the stage was prepared, and a node that has an outcome keeps it: a repetition says the same.
 */
export async function recordVerdicts(
  { manifest, wave, batch }: { manifest: Manifest; wave: Wave; batch: Batch },
  { fleet, records }: { readonly fleet: Fleet; readonly records: Records },
  signal: AbortSignal,
): Promise<BatchRecord> {
  const { cycle, stage } = manifest;
  const at: Location = { account: wave.account, region: wave.region };
  const operation = (step: string) => records.operation(stepKey(cycle, stage, wave.number, batch.number, step));
  const progress = (await records.batchNodes(cycle, stage, wave.number, batch.number)).filter(
    ({ outcome }) => outcome === null,
  );
  const open = new Set(progress.map(({ node }) => node));
  const scan = await operation('scan');
  const scanned = (scan?.results ?? [])
    .filter(({ node, status }) => status === 'success' && open.has(node))
    .map(({ node }) => node);

  const before = await records.patchesBefore(cycle, stage, scanned);
  const after = await readScans(at, scanned, fleet, signal);
  const tidyFaults = await faultsOfAfterTasks(manifest, operation);
  const set = manifest.patchSet === null ? null : await records.patchSet(manifest.patchSet);

  const verdicts = progress.flatMap((node): NodeVerdict[] => {
    const found = after.get(node.node);
    if (!found) return node.problem || node.touched ? [unjudged(node)] : [];
    const judged = verdict({
      os: batch.os,
      before: before.get(node.node) ?? null,
      after: found.patches ?? [],
      state: found.state,
      pinned: listOf(manifest, at, batch)?.patches ?? null,
      set,
      problem: node.problem?.step === 'install' ? node.problem : null,
      rebootPolicy: manifest.policy.reboot,
    });
    const fault = tidyFaults.get(node.node);
    if (fault === undefined) return [{ node: node.node, ...judged }];
    return [{ node: node.node, ...judged, outcome: 'failed', reason: `${fault}; ${judged.reason}` }];
  });
  // The verdicts come last: a repetition reads no scan of a node that has one.
  await records.saveScans([...after.values()], new Date().toISOString() as Instant);
  await records.nodeVerdicts(cycle, stage, verdicts);
  return recordOf(await records.batchNodes(cycle, stage, wave.number, batch.number));
}

/** Counted from what is kept, so that a repetition answers the same. */
function recordOf(nodes: readonly NodeProgress[]): BatchRecord {
  const judged = nodes.filter(({ outcome }) => outcome !== null && outcome !== 'skipped');
  return {
    done: judged.length,
    failed: judged.filter(({ outcome }) => outcome !== null && isFailure(outcome)).length,
    surplus: judged.reduce((sum, { untested }) => sum + untested, 0),
  };
}

/** The patch states (50 nodes a call) and the patches (a call for each node) of nodes that have just been scanned. */
export async function readScans(
  at: Location,
  nodes: readonly NodeId[],
  fleet: Fleet,
  signal: AbortSignal,
): Promise<Map<NodeId, NodeScan>> {
  if (nodes.length === 0) return new Map();
  const states = await fleet.patchStates(at, nodes, signal);
  const scans = await sideBySide(
    states,
    async (state) => ({ at, state, patches: await fleet.patches(at, state.node, signal) }),
    READS_AT_ONCE,
  );
  return new Map(scans.map((scan) => [scan.state.node, scan]));
}

/** A node that no scan speaks of: what went wrong first decides. */
function unjudged(node: NodeProgress): NodeVerdict {
  const outcomes: Readonly<Record<string, Outcome>> = { gone: 'gone', unreachable: 'unreachable', failed: 'failed' };
  const outcome = node.problem ? (outcomes[node.problem.code] ?? 'failed') : 'unreachable';
  const reason = node.problem
    ? `${node.problem.step}: ${node.problem.message}`
    : 'It could not be scanned after the install.';
  return { node: node.node, outcome, reason, surplus: [], absent: [] };
}

/** A node that is patched and whose service was not started again is no success. */
async function faultsOfAfterTasks(
  { policy }: Manifest,
  operation: (step: string) => ReturnType<Records['operation']>,
): Promise<ReadonlyMap<NodeId, string>> {
  const faults = new Map<NodeId, string>();
  for (const [index, task] of policy.tasks.afterNode.entries()) {
    const step = `after-${index + 1}`;
    for (const { node, status, detail } of (await operation(step))?.results ?? []) {
      if (status !== 'success') faults.set(node, `Task ${step} (${task.document}) ended ${status}: ${detail}`);
    }
  }
  return faults;
}
