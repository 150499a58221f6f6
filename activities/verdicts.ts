import type { Outcome } from '../domain/cycle.js';
import { isFailure } from '../domain/cycle.js';
import type { Instant, Location, NodeId } from '../domain/ids.js';
import { stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Wave } from '../domain/manifest.js';
import { isTask, stepNames, stepOf, tasksOf } from '../domain/steps.js';
import { verdict } from '../domain/verdict.js';
import { type HungVerdict, hungNodes, hungVerdicts } from './hung-nodes.js';
import { sideBySide } from './locations.js';
import type { Fleet, NodeProgress, NodeScan, NodeVerdict, Records } from './ports.js';
import { listOf } from './step-effects.js';

/** Reads of patches side by side in one batch: under the default rates with ten batches in flight. */
const READS_AT_ONCE = 5;

export interface BatchRecord {
  readonly done: number;
  readonly failed: number;
  readonly surplus: number;
  /** Nodes that this batch could not bring back. */
  readonly setAside: readonly NodeId[];
  /** Of those, the ones that have no root volume any more. */
  readonly detached: readonly NodeId[];
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
  const hung = await hungNodes(operation);
  const scans = hung.back.length > 0 ? ['scan', 'scan-again'] : ['scan'];
  const scanned: NodeId[] = [];
  for (const step of scans) {
    for (const { node, status } of (await operation(step))?.results ?? []) {
      if (status === 'success' && open.has(node)) scanned.push(node);
    }
  }

  const before = await records.patchesBefore(cycle, stage, scanned);
  const after = await readScans(at, scanned, fleet, signal);
  const faults = await faultsOf(manifest, operation);
  const installed = new Set((await operation('install'))?.nodes);
  const ladder = await hungVerdicts(hung, { at, manifest, os: batch.os }, after, operation, { fleet, records }, signal);
  const set = manifest.patchSet === null ? null : await records.patchSet(manifest.patchSet);

  const verdicts = progress.flatMap((node): NodeVerdict[] => {
    const fault = faults.get(node.node);
    const found = after.get(node.node);
    const hanging = ladder.get(node.node);
    if (hanging && hanging.kind !== 'rebooted') return [withFault(notPatched(node.node, hanging), fault)];
    if (!found && hanging) return [withFault(unscanned(node.node, `${REBOOTED_BY_EC2}, but not scanned.`), fault)];
    if (!found) {
      if (!node.problem && !node.touched) return [];
      return [withFault(unjudged(node, installed.has(node.node), hung.gone.has(node.node)), fault)];
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
    const reboot = hanging ? rebootFault(hanging.sameBoot) : undefined;
    const reason = hanging && reboot === undefined ? `${REBOOTED_BY_EC2}; ${judged.reason}` : judged.reason;
    return [withFault(withFault({ node: node.node, ...judged, reason }, reboot), fault)];
  });
  // The verdicts come last: a repetition reads no scan of a node that has one.
  const now = new Date().toISOString() as Instant;
  await records.saveScans([...after.values()], now);
  const aside = new Set(hung.lost);
  const left = verdicts.filter(({ node }) => aside.has(node));
  if (left.length > 0) {
    await records.setAside(left.map(({ node, reason }) => ({ node, ...at, since: now, cycle, stage, reason })));
  }
  for (const { node, reason } of left) {
    const action = detachedAmong(ladder, [node]).length > 0 ? 'node without root volume' : 'set node aside';
    const key = `${cycle}/${stage}/set-aside/${node}`;
    const entry = { key, at: now, who: 'patchtide', action, subject: `nodes/${node}`, result: 'noted' as const };
    await records.audit({ ...entry, reason });
  }
  await records.nodeVerdicts(cycle, stage, verdicts);
  const nodes = await records.batchNodes(cycle, stage, wave.number, batch.number);
  return {
    ...recordOf(nodes, new Set(hung.back)),
    setAside: hung.lost,
    detached: detachedAmong(ladder, hung.lost),
  };
}

/** A node that the ladder speaks of, and no scan after the install. */
function notPatched(node: NodeId, found: Exclude<HungVerdict, { kind: 'rebooted' }>): NodeVerdict {
  const { outcome, reason } =
    found.kind === 'aside'
      ? { outcome: 'set-aside' as const, reason: found.reason }
      : { outcome: found.aside ? ('set-aside' as const) : found.verdict.outcome, reason: found.verdict.reason };
  const shown = outcome === 'set-aside' ? `${reason} It is set aside until somebody readmits it.` : reason;
  // What was there before is kept: it tells what an install has brought, should it go back by hand.
  return { node, outcome, reason: shown, surplus: [], absent: [], brought: outcome === 'rolled-back' ? [] : null };
}

const unscanned = (node: NodeId, reason: string): NodeVerdict => ({
  node,
  outcome: 'unreachable',
  reason,
  surplus: [],
  absent: [],
  brought: null,
});

const detachedAmong = (ladder: ReadonlyMap<NodeId, HungVerdict>, nodes: readonly NodeId[]): NodeId[] =>
  nodes.filter((node) => {
    const found = ladder.get(node);
    return found?.kind === 'restored' && found.verdict.detached;
  });

const REBOOTED_BY_EC2 = 'It did not come back by itself, and was rebooted by EC2';
const rebootFault = (sameBoot: string | null): string | undefined =>
  sameBoot === null
    ? undefined
    : `EC2 was told to reboot it, and it still runs the boot of before the install (${sameBoot})`;

/**
 * Counted from what is kept, so that a repetition answers the same. A node that had to be brought back counts as a failure
 * all the same: what made it hang may make others hang.
 */
function recordOf(
  nodes: readonly NodeProgress[],
  broughtBack: ReadonlySet<NodeId>,
): Pick<BatchRecord, 'done' | 'failed' | 'surplus'> {
  const judged = nodes.filter(({ outcome }) => outcome !== null && outcome !== 'skipped');
  const hasFailed = ({ node, outcome }: NodeProgress) =>
    broughtBack.has(node) || (outcome !== null && isFailure(outcome));
  return {
    done: judged.length,
    failed: judged.filter(hasFailed).length,
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
const outcomeOf = (code: string): Outcome =>
  code === 'gone' || code === 'unreachable' || code === 'set-aside' ? code : 'failed';

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
    const document = isTask(kind) && task !== null ? ` (${tasksOf(policy, kind)[task - 1]?.document})` : '';
    for (const { node, status, detail } of (await operation(name))?.results ?? []) {
      if (status !== 'success') faults.set(node, `Step ${name}${document} ended ${status}: ${detail}`);
    }
  }
  return faults;
}
