import type { Outcome } from '../domain/cycle.js';
import { isFailure } from '../domain/cycle.js';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import { stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Wave } from '../domain/manifest.js';
import { stepNames, stepOf, tasksOf } from '../domain/steps.js';
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
  const faults = await faultsOf(manifest, operation);
  const installed = new Set((await operation('install'))?.nodes);
  const gone = new Set(
    (await operation('agent-back'))?.results.filter((result) => result.gone).map(({ node }) => node),
  );
  const set = manifest.patchSet === null ? null : await records.patchSet(manifest.patchSet);

  const verdicts = progress.flatMap((node): NodeVerdict[] => {
    const fault = faults.get(node.node);
    const found = after.get(node.node);
    if (!found) {
      if (!node.problem && !node.touched) return [];
      return [withFault(unjudged(node, installed.has(node.node), gone.has(node.node)), fault)];
    }
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
    return [withFault({ node: node.node, ...judged }, fault)];
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

/** A node that no scan speaks of: gone, or what went wrong first decides, or nothing was done to it after all. */
function unjudged({ node, problem }: NodeProgress, installed: boolean, gone: boolean): NodeVerdict {
  const found = (outcome: Outcome, reason: string): NodeVerdict => ({
    node,
    outcome,
    reason,
    surplus: [],
    absent: [],
    // Where the install began and no scan tells what it brought, what was there before is kept: it tells as well.
    brought: installed ? null : [],
  });
  if (gone) return found('gone', 'It was no longer there after the install began.');
  if (problem) return found(outcomeOf(problem.code), `${problem.step}: ${problem.message}`);
  if (!installed) return found('skipped', 'Its wave ended before anything was installed on it.');
  return found('unreachable', 'It could not be scanned after the install.');
}
const outcomeOf = (code: string): Outcome => (code === 'gone' || code === 'unreachable' ? code : 'failed');

/** A node that is patched and whose service was not started again is no success. */
function withFault(verdict: NodeVerdict, fault: string | undefined): NodeVerdict {
  if (fault === undefined) return verdict;
  const outcome = isFailure(verdict.outcome) || verdict.outcome === 'gone' ? verdict.outcome : 'failed';
  return { ...verdict, outcome, reason: `${fault}; ${verdict.reason}` };
}

/** What went wrong in steps whose failure is a fault (domain/steps.ts): the last one for each node. */
async function faultsOf(
  { policy }: Manifest,
  operation: (step: string) => ReturnType<Records['operation']>,
): Promise<ReadonlyMap<NodeId, string>> {
  const faults = new Map<NodeId, string>();
  for (const name of stepNames(policy, ({ failure }) => failure === 'fault')) {
    const { kind, task } = stepOf(name, policy);
    const document = kind === 'after' && task !== null ? ` (${tasksOf(policy, kind)[task - 1]?.document})` : '';
    for (const { node, status, detail } of (await operation(name))?.results ?? []) {
      if (status !== 'success') faults.set(node, `Step ${name}${document} ended ${status}: ${detail}`);
    }
  }
  return faults;
}
