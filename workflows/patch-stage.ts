import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Digest, Instant, Region } from '../domain/ids.js';
import { nextTurn } from '../domain/lanes.js';
import type { WaveSummary } from '../domain/manifest.js';
import { preparing, recording } from './activities.js';
import { Approval } from './approval.js';
import { untilAwsAnswers } from './aws-outage.js';
import { unbroken } from './handlers.js';
import { decide, decideBySignal, setPaused, waveProgress } from './messages.js';
import { scanSelection } from './scan-selection.js';
import { type StageInput, type StageResult, StageState } from './stage-state.js';
import { runStageTasks } from './stage-tasks.js';

/**
 * One environment of a cycle: prepare what is about to be done, have it approved where the plan says so, patch in each
 * window as it opens, zone by zone, then let it soak and keep what it proved.
 */
export async function patchStage(input: StageInput): Promise<StageResult> {
  const { policy } = input;
  const stage = new StageState(input);
  const approval = new Approval(stage);
  setHandler(
    decide,
    unbroken((message) => approval.decide(message, 'api')),
    {
      validator: (message) => approval.validate(message),
      description: 'Approve or reject the manifest that the stage waits for',
    },
  );
  setHandler(decideBySignal, unbroken(approval.decideOrNote.bind(approval)), {
    description: 'A decision that came to the cycle as the signal decideStage',
  });
  setHandler(setPaused, unbroken(stage.setPaused.bind(stage)), {
    description: 'Holds back waves that have not begun',
  });
  setHandler(waveProgress, unbroken(stage.countFailures.bind(stage)), {
    description: 'From a wave: failures and untested patches so far',
  });

  try {
    const prepared = await prepareAndApprove(input, stage, approval);
    if ('status' in prepared) return await stage.ended(prepared);

    const touched = prepared.waves.length > 0;
    if (touched) {
      await runStageTasks(stage, prepared, 'before');
      if (!stage.stopped) await patchWindows(stage, prepared);
      await runStageTasks(stage, prepared, 'after');
      await stage.gate();
    }
    if (stage.stopped) return await stage.ended({ status: 'failed', patchSet: null, message: stage.stopped });
    if (policy.last) return await stage.completed(null);

    if (touched && policy.soak > 0) await soak(stage);
    return await stage.completed(await harvest(input, stage));
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return await CancellationScope.nonCancellable(() => stage.cancelled());
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

/** Until a manifest stands that is approved, or needs no approval, and whose windows can still be met. */
async function prepareAndApprove(
  input: StageInput,
  stage: StageState,
  approval: Approval,
): Promise<PreparedStage | StageResult> {
  for (let attempt = 1; ; attempt++) {
    const prepared = await prepare(input, stage, attempt);
    if (prepared.matched === 0) {
      return { status: 'failed', patchSet: null, message: `No node matches stage ${input.policy.name}.` };
    }
    if (prepared.waves.length === 0 || input.policy.approval === null) return prepared;

    const answer = await approval.of(input.policy.approval, prepared);
    if (answer.kind === 'rejected') return { status: 'rejected', patchSet: null, message: answer.message };
    const missed = prepared.windows.find((window) => window.cutoff !== null && Date.parse(window.cutoff) <= Date.now());
    if (!missed) return prepared;
    await stage.note(
      `Window ${missed.window} of ${missed.opens} passed before the decision: preparing and asking again.`,
    );
  }
}

/** Finds the nodes, scans them under the stage's own baseline, and fixes what is about to be done in a manifest. Touches nothing. */
async function prepare(input: StageInput, stage: StageState, attempt: number): Promise<PreparedStage> {
  const { request, policy, patchSet } = input;
  await stage.is('preparing', 'preparing');
  const note = (message: string | null) => stage.noteOutage(message);
  const selection = await untilAwsAnswers(() => preparing.selectStage({ request, stage: policy.name }), note);
  await scanSelection(selection, `prepare${attempt}`, { cycle: request.cycle, stage: policy.name });
  const now = new Date(Date.now()).toISOString() as Instant;
  const prepared = await untilAwsAnswers(
    () => preparing.prepareStage({ request, stage: policy.name, selection: selection.digest, patchSet, now }),
    note,
  );
  stage.prepared(prepared);
  return prepared;
}

/** Every Region by itself, each with its own order of zones; a lane that fails lets the others finish first. */
async function patchWindows(stage: StageState, prepared: PreparedStage): Promise<void> {
  const regions = [...new Set(prepared.waves.map((wave) => wave.region))].sort();
  const scope = new CancellationScope();
  stage.whenStopped(() => scope.cancel());
  const lanes = await scope.run(() =>
    Promise.allSettled(regions.map((region) => patchRegion(stage, prepared, region))),
  );
  for (const lane of lanes) {
    if (lane.status === 'rejected' && !(stage.stopped && isCancellation(lane.reason))) throw lane.reason;
  }
}

/** One Region: the zones in turn, each in its windows; never two zones at the same time, whatever their accounts. */
async function patchRegion(stage: StageState, prepared: PreparedStage, region: Region): Promise<void> {
  let pending: readonly WaveSummary[] = prepared.waves.filter((wave) => wave.region === region);
  const without = (numbers: readonly number[]) => pending.filter((wave) => !numbers.includes(wave.number));
  for (;;) {
    await stage.unpaused();
    const turn = nextTurn(pending, Date.now());
    await Promise.all(pending.filter((wave) => turn.cutOff.includes(wave.number)).map((wave) => stage.cutOff(wave)));
    pending = without(turn.cutOff);
    if (turn.kind === 'done') break;
    if (turn.kind === 'wait') {
      await stage.laneWaits(region, turn.until);
      await sleep(turn.until - Date.now(), { summary: `Until the next window opens in ${region}` });
    } else {
      await stage.laneRuns(region);
      const waves = pending.filter((wave) => turn.waves.includes(wave.number));
      const ended = await Promise.allSettled(waves.map((wave) => stage.runWave(wave, prepared.manifest)));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      pending = without(turn.waves);
    }
  }
  await stage.laneEnds(region);
}

/** The time in which problems would show. Pausing does not stop the clock; what follows waits for the pause to end. */
async function soak(stage: StageState): Promise<void> {
  const { soak: length, name } = stage.policy;
  const until = new Date(Date.now() + length).toISOString() as Instant;
  await stage.soaksUntil(until);
  await sleep(length, { summary: `Soak of stage ${name}` });
  await stage.unpaused();
}

/** Scans what the stage patched once more, and keeps exactly what is present and proven there. */
async function harvest(input: StageInput, stage: StageState): Promise<Digest> {
  const { cycle } = input.request;
  const { name } = input.policy;
  const note = (message: string | null) => stage.noteOutage(message);
  await stage.is('harvesting', 'harvesting');
  const selection = await untilAwsAnswers(() => preparing.selectProven({ cycle, stage: name }), note);
  await scanSelection(selection, 'harvest', { cycle, stage: name });
  const { patchSet } = await recording.harvest({ cycle, stage: name, selection: selection.digest });
  return patchSet;
}
