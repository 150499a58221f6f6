import type { CycleId, Instant, Location, NodeId, StageName } from '../domain/ids.js';
import { rollbackKey, stepKey } from '../domain/keys.js';
import { planRollback, rollbackVerdict } from '../domain/rollback.js';
import { BOOT_TIMEOUT, bootCommand, bootsOf } from './boot-id.js';
import { type Effect, Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import { Leases } from './leases.js';
import type { Engine, Fleet, Records } from './ports.js';
import type {
  RollbackBatchId,
  RollbackId,
  RollbackNode,
  RollbackNodeVerdict,
  RollbackStatus,
  RollbackWave,
} from './rollback-ports.js';
import { SCAN_DEADLINE, scanCommand } from './step-effects.js';
import { readScans } from './verdicts.js';
import { RESTORE_TIMEOUT, restoreResultOf, resultsOf, waysBack } from './ways-back.js';

const MINUTE = 60_000;
/** A volume is read from its snapshot while the node boots, which is slow. */
const AGENT_BACK_TIMEOUT = 45 * MINUTE;

/** The steps of a batch that is rolled back, in order. */
export type RollbackStep = 'boot-before' | 'restore' | 'agent-back' | 'boot-after' | 'scan';

export interface RollbackStepRequest extends RollbackBatchId {
  /** The workflow whose watch follows the step. */
  readonly run: string;
  readonly at: Location;
  readonly step: RollbackStep;
}

export interface RollbackBatchRecord {
  readonly rolledBack: number;
  readonly failed: number;
  /** Nodes that the rollback took out of service and could not bring back. */
  readonly lost: number;
  readonly detached: readonly NodeId[];
}

export type RollbackActivities = ReturnType<typeof createRollbackActivities>;
export type RollbackRecordActivities = ReturnType<typeof createRollbackRecordActivities>;

/** Bringing nodes back to the root volumes that they had before their stage touched them, and finding out whether they are. */
export function createRollbackActivities({
  fleet,
  records,
  engine,
}: {
  readonly fleet: Fleet;
  readonly records: Records;
  readonly engine: Engine;
}) {
  const effects = new Effects({ fleet, records });
  const leases = new Leases({ records, engine });

  /** Begins a step on those nodes of the batch that are to take it. `heldBy`: nothing was begun, since these workflows have some of them. */
  async function beginRollbackStep(
    request: RollbackStepRequest,
  ): Promise<{ key: string | null; nodes: number; heldBy: readonly string[] }> {
    return talkingToAws(async (signal) => {
      const { cycle, number, stage, wave, batch, at, run, step } = request;
      const key = rollbackKey(request, request, step);
      // What it has begun on it goes on with, whatever has become of the nodes since.
      const begun = await records.operation(key);
      const all = (await records.rollbackNodes(request)).filter(({ outcome }) => outcome === null);
      if (!begun && step === 'boot-before') {
        const nodes = all.map(({ node }) => node);
        const heldBy = await leases.take({ cycle, stage, wave, batch, owner: run, nodes });
        if (heldBy.length > 0) return { key: null, nodes: 0, heldBy };
        await findWaysBack(request, all, signal);
      }
      const nodes = begun?.nodes ?? (await nodesFor(request, signal));
      const [first] = all.filter(({ node }) => nodes.includes(node));
      if (first === undefined) return { key: null, nodes: 0, heldBy: [] };
      const name = `rollback-${number}.${step}`;
      await records.stepBegan(cycle, stage, nodes, name, false);
      const { effect, timeout } = await effectOf(request, first);
      const owner = { run, cycle, stage, batch, step: name, failureIsProblem: false };
      await effects.carryOut({ ...owner, key, at, nodes, effect, timeout }, signal);
      return { key, nodes: nodes.length, heldBy: [] };
    });
  }

  /** A batch is of one operating system, so any of its nodes stands for all. */
  async function effectOf(
    request: RollbackStepRequest,
    { os }: RollbackNode,
  ): Promise<{ effect: Effect; timeout: number }> {
    const { cycle, stage } = request;
    switch (request.step) {
      case 'boot-before':
      case 'boot-after':
        return { effect: bootCommand(os), timeout: BOOT_TIMEOUT };
      case 'restore': {
        const nodes = await records.rollbackNodes(request);
        const snapshots: Record<NodeId, string> = {};
        for (const { node, snapshot } of nodes) if (snapshot !== null) snapshots[node] = snapshot;
        const tags = { 'patchtide:cycle': cycle, 'patchtide:stage': stage };
        return { effect: { kind: 'root-volumes', snapshots, tags }, timeout: RESTORE_TIMEOUT };
      }
      case 'agent-back':
        return { effect: { kind: 'agent-back' }, timeout: AGENT_BACK_TIMEOUT };
      case 'scan':
        return { effect: scanCommand(), timeout: SCAN_DEADLINE };
    }
  }

  async function nodesFor(request: RollbackStepRequest, signal: AbortSignal): Promise<readonly NodeId[]> {
    switch (request.step) {
      case 'boot-before': {
        const nodes = await withWayBack(request);
        // A command to a node that is away would be delivered when it is back, and tell of another boot.
        return nodes.length === 0 ? [] : fleet.onlineNodes(request.at, nodes, signal);
      }
      case 'restore':
        return withWayBack(request);
      case 'agent-back':
        return succeeded(request, 'restore');
      case 'boot-after':
      case 'scan':
        return succeeded(request, 'agent-back');
    }
  }

  const withWayBack = async (batch: RollbackBatchId): Promise<NodeId[]> =>
    (await records.rollbackNodes(batch)).flatMap(({ node, snapshot, outcome }) =>
      snapshot !== null && outcome === null ? [node] : [],
    );

  const operationOf = (batch: RollbackBatchId, step: RollbackStep) =>
    records.operation(rollbackKey(batch, batch, step));
  const succeeded = async (batch: RollbackBatchId, step: RollbackStep): Promise<NodeId[]> =>
    ((await operationOf(batch, step))?.results ?? [])
      .filter(({ status }) => status === 'success')
      .map(({ node }) => node);

  /** Finds the snapshot that each node goes back to, the stage's first however often it was tried; a node that has none stays as it is, and it is said why. */
  async function findWaysBack(
    request: RollbackStepRequest,
    nodes: readonly RollbackNode[],
    signal: AbortSignal,
  ): Promise<void> {
    const { at, cycle, stage, wave, batch } = request;
    const open = nodes.filter(({ snapshot }) => snapshot === null);
    if (open.length === 0) return;
    const ours = stepKey(cycle, stage, wave, batch, 'snapshot');
    const sought = open.map(({ node, takenBy }) => ({ node, takenBy: takenBy ?? ours }));
    const found: Parameters<Records['rollbackFound']>[2][number][] = [];
    const left: RollbackNodeVerdict[] = [];
    for (const [node, { way, volumes }] of await waysBack(at, sought, fleet, signal)) {
      if (way.kind === 'none') left.push({ node, outcome: 'left', reason: way.reason, lost: false, detached: false });
      else found.push({ node, snapshot: way.snapshot, data: way.data, zoneName: volumes?.zoneName ?? '' });
    }
    await records.rollbackFound(request, stage, found);
    await records.rollbackVerdicts(request, stage, left);
  }

  /** What became of the batch's nodes: by EC2's task, their boot, and a scan. A node that has a verdict keeps it. */
  async function recordRollback(request: RollbackBatchId & { readonly at: Location }): Promise<RollbackBatchRecord> {
    return talkingToAws(async (signal) => {
      const { at, cycle, stage, wave, batch } = request;
      const open = (await records.rollbackNodes(request)).filter(({ outcome }) => outcome === null);
      const restores = resultsOf(await operationOf(request, 'restore'));
      const agents = resultsOf(await operationOf(request, 'agent-back'));
      const bootsBefore = await bootsOf(at, await operationOf(request, 'boot-before'), fleet, signal);
      const bootsAfter = await bootsOf(at, await operationOf(request, 'boot-after'), fleet, signal);
      const isOpen = new Set(open.map(({ node }) => node));
      const scanned = (await succeeded(request, 'scan')).filter((node) => isOpen.has(node));
      const scans = await readScans(at, scanned, fleet, signal);
      const known = await records.broughtTo(cycle, stage, [...isOpen]);

      const verdicts = open.flatMap(({ node, os }): RollbackNodeVerdict[] => {
        const restore = restores.get(node);
        // Nothing was begun on it: what ended the rollback says why, for all such nodes.
        if (!restore) return [];
        const agent = agents.get(node);
        const verdict = rollbackVerdict({
          os,
          restore: restoreResultOf(restore),
          agentBack: agent ? { back: agent.status === 'success', detail: agent.detail } : null,
          bootBefore: bootsBefore.get(node) ?? null,
          bootAfter: bootsAfter.get(node) ?? null,
          now: scans.get(node)?.patches ?? null,
          brought: known.get(node)?.brought ?? null,
          before: known.get(node)?.before ?? null,
        });
        return [{ node, ...verdict, reason: `Rollback ${request.number}: ${verdict.reason}` }];
      });
      await records.saveScans([...scans.values()], rightNow());
      await noteDetached(request, verdicts);
      await records.rollbackVerdicts(request, stage, verdicts);
      await records.release({ cycle, stage, wave, batch });
      // Counted from what is kept, so that a repetition answers the same.
      const nodes = await records.rollbackNodes(request);
      return {
        rolledBack: nodes.filter(({ outcome }) => outcome === 'rolled-back').length,
        failed: nodes.filter(({ outcome }) => outcome === 'failed').length,
        lost: nodes.filter(({ lost }) => lost).length,
        detached: nodes.filter(({ detached }) => detached).map(({ node }) => node),
      };
    });
  }

  async function noteDetached(batch: RollbackBatchId, verdicts: readonly RollbackNodeVerdict[]): Promise<void> {
    for (const { node, reason } of verdicts.filter(({ detached }) => detached)) {
      await records.audit({
        key: `${rollbackKey(batch, batch, 'restore')}/${node}`,
        at: rightNow(),
        who: 'patchtide',
        action: 'node without root volume',
        subject: `${batch.cycle}/${batch.stage}`,
        result: 'noted',
        reason: `${node}: ${reason}`,
      });
    }
  }

  return { beginRollbackStep, recordRollback };
}

/** What of a rollback is the store's alone. */
export function createRollbackRecordActivities({ records }: { readonly records: Records }) {
  /** A rollback that a plan asks for: of all that the stage changed. `nothing`: there is nothing to go back to; `busy`: another one runs. */
  async function openRollback(input: {
    cycle: CycleId;
    stage: StageName;
    key: string;
    by: string;
    reason: string;
    now: Instant;
  }): Promise<{ kind: 'opened'; number: number } | { kind: 'nothing' | 'busy'; message: string }> {
    const { cycle, stage, key, by, reason, now } = input;
    const scope = { stage, wave: null, nodes: null };
    const plan = planRollback(await records.rollbackFacts(cycle), scope);
    if (plan.targets.length === 0) {
      const [left] = plan.left;
      return { kind: 'nothing', message: left ? `${left.node}: ${left.reason}` : 'It had changed no node.' };
    }
    const opened = await records.openRollback({ cycle, key, scope, plan, by, reason, now });
    return opened.kind === 'busy'
      ? { kind: 'busy', message: `Rollback ${opened.number} of the cycle runs.` }
      : { kind: 'opened', number: opened.number };
  }

  async function rollbackWaves(rollback: RollbackId): Promise<{ waves: readonly RollbackWave[] }> {
    return { waves: await records.rollbackWaves(rollback) };
  }

  async function endRollback(
    input: RollbackId & { readonly reasonForRest: string; readonly now: Instant },
  ): Promise<{ status: RollbackStatus; message: string }> {
    const { cycle, number, reasonForRest, now } = input;
    return records.endRollback({ cycle, number }, { reasonForRest, now });
  }

  return { openRollback, rollbackWaves, endRollback };
}

const rightNow = (): Instant => new Date().toISOString() as Instant;
