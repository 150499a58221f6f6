import { isWindows } from '../domain/fleet.js';
import type { Digest, Location, NodeId } from '../domain/ids.js';
import { stageTaskKey, stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Target, Wave } from '../domain/manifest.js';
import { setAsideReason } from '../domain/set-aside.js';
import { type Step, stepNames, stepOf } from '../domain/steps.js';
import { Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import { hungNodes, hungNodesFor } from './hung-nodes.js';
import { Leases } from './leases.js';
import { allOf } from './locations.js';
import type { Engine, Fleet, Records } from './ports.js';
import { SnapshotRoom } from './snapshot-room.js';
import { effectOf, effectOfTask } from './step-effects.js';
import { type BatchRecord, recordVerdicts } from './verdicts.js';
import { waysBack } from './ways-back.js';

export interface StepRequest {
  readonly manifest: Digest;
  /** The workflow whose watch follows the step. */
  readonly run: string;
  readonly wave: number;
  readonly batches: readonly number[];
  readonly step: string;
}

/** A step that has begun on a batch. `key` is what the watch answers with; null: nothing to wait for. */
export interface BegunStep {
  readonly batch: number;
  readonly key: string | null;
  readonly nodes: number;
  /** Nothing was begun, or not all of it, since these workflows have some of the batch's nodes, or room for pending snapshots. */
  readonly heldBy?: readonly string[];
}

export type StepActivities = ReturnType<typeof createStepActivities>;

/** The steps of a batch: each sends at most one effect per node, and returns. */
export function createStepActivities({
  fleet,
  records,
  engine,
  pace = 1,
  grace,
}: {
  readonly fleet: Fleet;
  readonly records: Records;
  readonly engine: Engine;
  /** See Effects. */
  readonly pace?: number;
  readonly grace?: number;
}) {
  const effects = new Effects({ fleet, records, pace, ...(grace !== undefined && { grace }) });
  const leases = new Leases({ records, engine });
  const rooms = new SnapshotRoom({ fleet, records, engine });

  /** Begins a step on those nodes of the batches that are to take it. What has begun when one of them fails is found again. */
  async function beginStep(request: StepRequest): Promise<{ begun: readonly BegunStep[] }> {
    return talkingToAws(async (signal) => ({
      begun: await allOf(request.batches, (batch) => beginStepOf({ ...request, batch }, signal)),
    }));
  }

  async function beginStepOf(request: StepRequest & { batch: number }, signal: AbortSignal): Promise<BegunStep> {
    const place = await placeOf(request);
    const { manifest, wave, batch } = place;
    const { cycle, stage } = manifest;
    const nobody = { batch: batch.number, key: null, nodes: 0 };
    const step = stepOf(request.step, manifest.policy);
    const at: Location = { account: wave.account, region: wave.region };
    const key = stepKey(cycle, stage, wave.number, batch.number, request.step);
    // What it has begun on it goes on with, whatever has become of the nodes since.
    const begun = await records.operation(key);
    if (!begun && (step.kind === 'start' || step.kind === 'check')) {
      const heldBy = await leases.take({ ...leaseOf(place), owner: request.run, nodes: batch.nodes });
      if (heldBy.length > 0) return { ...nobody, heldBy };
      await leaveSetAside(place, request.step);
    }
    const nodes = begun?.nodes ?? (await nodesFor(step, place, signal));
    if (nodes.length === 0) return nobody;
    const put = ({ name, body }: { name: string; body: string }) => fleet.putObject(at, name, body, signal);
    const toSend = begun === null || begun.status === 'intended';
    const room =
      step.kind === 'snapshot' && toSend
        ? await rooms.take({ key, owner: request.run, at, nodes }, place, begun, signal)
        : null;
    if (room?.kind === 'none') return { ...nobody, heldBy: room.heldBy };
    const snapshotNow = room?.kind === 'some' ? room.nodes : null;
    const installation = () => records.installation();
    const snapshots = async () => Object.fromEntries(await snapshotsOf(place, nodes, signal));
    const asks = { put, installation, snapshotNow, snapshots };
    const context = { digest: request.manifest, key, manifest, wave, batch, ...asks };
    const planned = await effectOf(step, context);
    if (planned === null) return nobody;
    await records.stepBegan(cycle, stage, nodes, request.step, step.touches);
    const failureIsProblem = step.failure === 'problem';
    const owner = { run: request.run, cycle, stage, batch: batch.number, step: request.step, failureIsProblem };
    const sent = await effects.carryOut({ ...owner, key, at, nodes, ...planned }, signal);
    return sent ? { batch: batch.number, key, nodes: nodes.length } : { ...nobody, heldBy: [request.run] };
  }

  /** Begins a task of the whole stage in one location: an automation once, a command on the stage's nodes there. */
  async function beginStageTask(request: {
    manifest: Digest;
    run: string;
    when: 'before' | 'after';
    task: number;
    at: Location;
  }): Promise<{ keys: readonly string[] }> {
    return talkingToAws(async (signal) => {
      const { at, when } = request;
      const manifest = await records.manifest(request.manifest);
      const { beforeStage, afterStage } = manifest.policy.tasks;
      const task = (when === 'before' ? beforeStage : afterStage)[request.task - 1];
      if (!task) throw new Error(`Manifest ${request.manifest} has no task ${request.task} ${when} the stage.`);
      const step = `${when}-stage-${request.task}`;
      const there = manifest.targets.filter(({ account, region }) => account === at.account && region === at.region);
      const chunks =
        task.kind === 'automation'
          ? [there.slice(0, 1)]
          : chunksOf(there.filter(({ os }) => task.os === null || task.os === (isWindows(os) ? 'windows' : 'linux')));
      const location = locationNumber(manifest, at);
      const keys: string[] = [];
      for (const [index, chunk] of chunks.entries()) {
        const key = stageTaskKey(manifest.cycle, manifest.stage, step, location, index + 1);
        const nodes = chunk.map(({ node }) => node);
        const { cycle, stage } = manifest;
        const effect = effectOfTask(task, false);
        // It says nothing about a node: an automation runs once for a whole location, and stands with its first node.
        const owner = { run: request.run, cycle, stage, failureIsProblem: false };
        await effects.carryOut({ ...owner, key, at, batch: 0, step, nodes, timeout: task.timeout, effect }, signal);
        keys.push(key);
      }
      return { keys };
    });
  }

  /** What became of the batches' nodes, by a scan after the install and by what went wrong. */
  async function recordBatches(
    request: Omit<StepRequest, 'run' | 'step'>,
  ): Promise<{ recorded: readonly (BatchRecord & { readonly batch: number })[] }> {
    return talkingToAws(async (signal) => ({
      recorded: await allOf(request.batches, async (batch) => {
        const place = await placeOf({ ...request, batch });
        const recorded = await recordVerdicts(place, { fleet, records }, signal);
        await records.release(leaseOf(place));
        return { batch, ...recorded };
      }),
    }));
  }

  async function placeOf(request: { manifest: Digest; wave: number; batch: number }): Promise<Place> {
    const manifest = await records.manifest(request.manifest);
    const wave = manifest.waves.find(({ number }) => number === request.wave);
    const batch = wave?.batches.find(({ number }) => number === request.batch);
    if (!wave || !batch)
      throw new Error(`Manifest ${request.manifest} has no batch ${request.batch} in wave ${request.wave}.`);
    return { manifest, wave, batch };
  }

  /** Who takes the step, by the table of domain/steps.ts. */
  async function nodesFor(step: Step, place: Place, signal: AbortSignal): Promise<readonly NodeId[]> {
    const { manifest, wave, batch } = place;
    const { policy } = manifest;
    switch (step.takenBy) {
      case 'stopped':
        return stoppedNow(place, await well(place, ({ startFirst }) => startFirst), signal);
      case 'well': {
        const nodes = await well(place);
        return step.kind === 'check' ? present(place, nodes, signal) : nodes;
      }
      case 'well-instances':
        return well(place, ({ kind }) => kind === 'ec2');
      case 'installed':
        return takenBefore(place, ['install']);
      case 'answering':
        return notHung(place, await takenBefore(place, ['install']));
      case 'changed': {
        const names = stepNames(policy, (_rule, kind) => kind === 'before' || kind === 'install');
        return notHung(place, await takenBefore(place, names));
      }
      case 'hung':
        return hungNodesFor(step.kind, operationOf(place), (lost) => snapshotsOf(place, lost, signal), policy);
      case 'started': {
        const started = await takenBefore(place, ['start']);
        if (started.length === 0) return [];
        const states = await fleet.instanceStates({ account: wave.account, region: wave.region }, started, signal);
        const running = new Set(states.filter(({ state }) => state !== 'stopped').map(({ node }) => node));
        return started.filter((node) => running.has(node) && batch.nodes.includes(node));
      }
    }
  }

  /** The batch's nodes with which nothing has gone wrong, and that were not rolled back while they waited for another try. */
  async function well(
    { manifest, wave, batch }: Place,
    wanted: (target: Target) => boolean = () => true,
  ): Promise<NodeId[]> {
    const targets = targetsOf(manifest);
    const progress = await records.batchNodes(manifest.cycle, manifest.stage, wave.number, batch.number);
    return progress
      .filter(({ node, problem, outcome }) => {
        const target = targets.get(node);
        return problem === null && outcome === null && target !== undefined && wanted(target);
      })
      .map(({ node }) => node);
  }

  /** The nodes on which these steps of the batch have begun. */
  async function takenBefore(place: Place, steps: readonly string[]): Promise<NodeId[]> {
    const operation = operationOf(place);
    const taken = new Set<NodeId>();
    for (const step of steps) for (const node of (await operation(step))?.nodes ?? []) taken.add(node);
    return [...taken];
  }

  const operationOf =
    ({ manifest, wave, batch }: Place) =>
    (step: string) =>
      records.operation(stepKey(manifest.cycle, manifest.stage, wave.number, batch.number, step));

  async function notHung(place: Place, nodes: readonly NodeId[]): Promise<NodeId[]> {
    const hung = new Set((await hungNodes(operationOf(place))).all);
    return nodes.filter((node) => !hung.has(node));
  }

  /** The snapshots that the root volumes of these nodes go back to; without those that have none. */
  async function snapshotsOf(
    { manifest: { cycle, stage }, wave: at }: Place,
    nodes: readonly NodeId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<NodeId, string>> {
    const sought = await records.snapshotsTaken(cycle, stage, nodes);
    const ways = await waysBack(at, sought, fleet, signal);
    return new Map([...ways].flatMap(([node, { way }]) => (way.kind === 'snapshot' ? [[node, way.snapshot]] : [])));
  }

  /** What another cycle has set aside since the stage was prepared. */
  async function leaveSetAside(place: Place, step: string): Promise<void> {
    const aside = await records.setAsideAmong(place.batch.nodes);
    const problems = [...aside].map(([node, entry]) => ({ node, code: 'set-aside', message: setAsideReason(entry) }));
    await leaveAlone(place, step, problems);
  }

  /** Of those, the ones that are stopped now: what somebody has started meanwhile is patched as it is, and not stopped afterwards. */
  async function stoppedNow(place: Place, nodes: readonly NodeId[], signal: AbortSignal): Promise<NodeId[]> {
    if (nodes.length === 0) return [];
    const at: Location = { account: place.wave.account, region: place.wave.region };
    const states = new Map(
      (await fleet.instanceStates(at, nodes, signal)).map(({ node, state }) => [node, state] as const),
    );
    await leaveAlone(place, 'start', nodes.filter((node) => !states.has(node)).map(goneNode));
    return nodes.filter((node) => states.get(node) === 'stopped' || states.get(node) === 'stopping');
  }

  /** Looked at once more before anything is done: what is gone or out of reach by now is named and left alone. */
  async function present(place: Place, nodes: readonly NodeId[], signal: AbortSignal): Promise<NodeId[]> {
    if (nodes.length === 0) return [];
    const at: Location = { account: place.wave.account, region: place.wave.region };
    const online = new Set(await fleet.onlineNodes(at, nodes, signal));
    const others = nodes.filter((node) => !online.has(node));
    if (others.length === 0) return [...nodes];
    const found = new Map((await fleet.describeNodes(at, others, signal)).map((node) => [node.id, node]));
    const problems = others.flatMap((node) => {
      const now = found.get(node);
      if (!now) return [goneNode(node)];
      if (now.ping === 'online') return [];
      return [{ node, code: 'unreachable', message: `Its agent is not online (${now.ping}).` }];
    });
    await leaveAlone(place, 'check', problems);
    const lost = new Set(problems.map(({ node }) => node));
    return nodes.filter((node) => !lost.has(node));
  }

  async function leaveAlone(
    { manifest }: Place,
    step: string,
    problems: readonly { node: NodeId; code: string; message: string }[],
  ): Promise<void> {
    if (problems.length === 0) return;
    await records.nodeProblems(
      manifest.cycle,
      manifest.stage,
      problems.map((problem) => ({ ...problem, step })),
    );
  }

  return { beginStep, beginStageTask, recordBatches };
}

interface Place {
  readonly manifest: Manifest;
  readonly wave: Wave;
  readonly batch: Batch;
}

const leaseOf = ({ manifest: { cycle, stage }, wave, batch }: Place) => ({
  cycle,
  stage,
  wave: wave.number,
  batch: batch.number,
});

/** A manifest is read once and asked by every step of every batch (immutable.ts). */
const targetsByManifest = new WeakMap<Manifest, ReadonlyMap<NodeId, Target>>();
function targetsOf(manifest: Manifest): ReadonlyMap<NodeId, Target> {
  const known = targetsByManifest.get(manifest);
  if (known) return known;
  const targets = new Map(manifest.targets.map((target) => [target.node, target]));
  targetsByManifest.set(manifest, targets);
  return targets;
}

const goneNode = (node: NodeId) => ({ node, code: 'gone', message: 'The node is no longer there.' });

const CHUNK = 50;
function chunksOf(targets: readonly Target[]): (readonly Target[])[] {
  const chunks: (readonly Target[])[] = [];
  for (let from = 0; from < targets.length; from += CHUNK) chunks.push(targets.slice(from, from + CHUNK));
  return chunks;
}

/** Locations by their order in the manifest: a number is shorter than a name, and a Comment holds 100 characters. */
function locationNumber({ targets }: Manifest, at: Location): number {
  const places = [...new Set(targets.map(({ account, region }) => `${account}/${region}`))].sort();
  return places.indexOf(`${at.account}/${at.region}`) + 1;
}
