import { isWindows } from '../domain/fleet.js';
import type { Digest, Location, NodeId } from '../domain/ids.js';
import { stageTaskKey, stepKey } from '../domain/keys.js';
import type { Batch, Manifest, Target, Wave } from '../domain/manifest.js';
import { Effects } from './effects.js';
import { talkingToAws } from './failures.js';
import type { Fleet, NodeProgress, Records } from './ports.js';
import { effectOf, effectOfTask } from './step-effects.js';
import { recordVerdicts } from './verdicts.js';

export interface StepRequest {
  readonly manifest: Digest;
  /** The workflow whose watch follows the step. */
  readonly run: string;
  readonly wave: number;
  readonly batch: number;
  readonly step: string;
}

export type StepActivities = ReturnType<typeof createStepActivities>;

/** The steps of a batch: each sends at most one effect per node, and returns. */
export function createStepActivities({ fleet, records }: { readonly fleet: Fleet; readonly records: Records }) {
  const effects = new Effects({ fleet, records });

  /** Begins a step on those nodes of the batch that are to take it. `key` is what the watch answers with; null: nothing to wait for. */
  async function beginStep(request: StepRequest): Promise<{ key: string | null; nodes: number }> {
    return talkingToAws(async (signal) => {
      const { manifest, wave, batch } = await placeOf(request);
      const { cycle, stage } = manifest;
      const { step } = request;
      const at: Location = { account: wave.account, region: wave.region };
      const key = stepKey(cycle, stage, wave.number, batch.number, step);
      const progress = await records.batchNodes(cycle, stage, wave.number, batch.number);
      let nodes = await nodesFor(step, manifest, wave, batch, progress);
      if (step === 'check') nodes = await present(manifest, at, nodes, signal);
      if (nodes.length === 0) return { key: null, nodes: 0 };
      const put = ({ name, body }: { name: string; body: string }) => fleet.putObject(at, name, body, signal);
      const planned = await effectOf(step, { digest: request.manifest, manifest, wave, batch, put });
      if (planned === null) return { key: null, nodes: 0 };
      await records.stepBegan(cycle, stage, nodes, step, changesNodes(step));
      await effects.carryOut(
        { key, run: request.run, cycle, stage, at, batch: batch.number, step, nodes, ...planned },
        signal,
      );
      return { key, nodes: nodes.length };
    });
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
        const owner = { run: request.run, cycle, stage };
        await effects.carryOut({ ...owner, key, at, batch: 0, step, nodes, timeout: task.timeout, effect }, signal);
        keys.push(key);
      }
      return { keys };
    });
  }

  /** What became of a batch's nodes, by a scan after the install and by what went wrong. */
  async function recordBatch(request: Omit<StepRequest, 'run' | 'step'>) {
    return talkingToAws(async (signal) => recordVerdicts(await placeOf(request), { fleet, records }, signal));
  }

  async function placeOf(request: { manifest: Digest; wave: number; batch: number }) {
    const manifest = await records.manifest(request.manifest);
    const wave = manifest.waves.find(({ number }) => number === request.wave);
    const batch = wave?.batches.find(({ number }) => number === request.batch);
    if (!wave || !batch)
      throw new Error(`Manifest ${request.manifest} has no batch ${request.batch} in wave ${request.wave}.`);
    return { manifest, wave, batch };
  }

  /** Who takes the step: a node with a problem takes none but those that find out the truth and tidy up. */
  async function nodesFor(
    step: string,
    manifest: Manifest,
    wave: Wave,
    batch: Batch,
    progress: readonly NodeProgress[],
  ): Promise<NodeId[]> {
    const targets = new Map(manifest.targets.map((target) => [target.node, target]));
    const chosen = (wanted: (node: NodeProgress, target: Target) => boolean) =>
      progress
        .filter((node) => {
          const target = targets.get(node.node);
          return target !== undefined && wanted(node, target);
        })
        .map(({ node }) => node);
    const well = (node: NodeProgress) => node.problem === null;

    if (step === 'start') return chosen((node, target) => well(node) && target.startFirst);
    if (step === 'stop') return chosen((node, target) => target.startFirst && node.touched);
    if (step === 'snapshot') return chosen((node, target) => well(node) && target.kind === 'ec2');
    if (step.startsWith('after-')) return chosen((node) => changedByBatch(node, manifest));
    if (step === 'agent-back' || step === 'scan') {
      const install = await records.operation(
        stepKey(manifest.cycle, manifest.stage, wave.number, batch.number, 'install'),
      );
      return chosen((node) => install?.nodes.includes(node.node) ?? false);
    }
    return chosen(well);
  }

  /** Looked at once more before anything is done: what is gone or out of reach by now is named and left alone. */
  async function present(
    manifest: Manifest,
    at: Location,
    nodes: readonly NodeId[],
    signal: AbortSignal,
  ): Promise<NodeId[]> {
    if (nodes.length === 0) return [];
    const found = new Map((await fleet.describeNodes(at, nodes, signal)).map((node) => [node.id, node]));
    const problems = nodes.flatMap((node) => {
      const now = found.get(node);
      if (!now) return [{ node, step: 'check', code: 'gone', message: 'The node is no longer there.' }];
      if (now.ping === 'online') return [];
      return [{ node, step: 'check', code: 'unreachable', message: `Its agent is not online (${now.ping}).` }];
    });
    if (problems.length > 0) await records.nodeProblems(manifest.cycle, manifest.stage, problems);
    const lost = new Set(problems.map(({ node }) => node));
    return nodes.filter((node) => !lost.has(node));
  }

  return { beginStep, beginStageTask, recordBatch };
}

/** From the first of these on a node is touched, and so finished whatever the clock says. */
const changesNodes = (step: string): boolean =>
  step === 'start' || step.startsWith('before-') || step === 'install' || step === 'reboot';

/** After tasks run on every node whose before tasks or install began; starting an instance alone needs none. */
const changedByBatch = (node: NodeProgress, { policy }: Manifest): boolean =>
  node.touched && (policy.stopped === 'skip' || node.problem === null || !EARLY.has(node.problem.step));
const EARLY = new Set(['start', 'check', 'snapshot']);

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
