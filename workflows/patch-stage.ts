import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Digest, Instant } from '../domain/ids.js';
import { harvesting, preparing, recording } from './activities.js';
import { Approval } from './approval.js';
import { untilAwsAnswers } from './aws-outage.js';
import { Breaker } from './breaker.js';
import { unbroken } from './handlers.js';
import { answerStage, decide, decideBySignal, setPaused, waveProgress } from './messages.js';
import { reasonOf } from './reason.js';
import { scanSelection } from './scan-selection.js';
import { rollBackStage } from './stage-rollback.js';
import { type StageInput, type StageResult, StageState } from './stage-state.js';
import { leaveTail } from './stage-tail.js';
import { StageTasks } from './stage-tasks.js';
import { StageWaves } from './stage-waves.js';
import { StageWindows, windowsFrom } from './stage-windows.js';

/**
 * One environment of a cycle: prepare what is about to be done, have it approved where the plan says so, patch in each
 * window as it opens, zone by zone, then let it soak and keep what it proved.
 */
export async function patchStage(input: StageInput): Promise<StageResult> {
  const { policy } = input;
  const cancellation = CancellationScope.current();
  const stage = new StageState(input);
  const breaker = new Breaker(stage, input);
  const waves = new StageWaves(stage, breaker);
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
  setHandler(setPaused, unbroken(breaker.setPaused.bind(breaker)), {
    description: 'Holds back waves that have not begun',
  });
  setHandler(answerStage, unbroken(breaker.answer.bind(breaker)), {
    description: 'An operator has answered what the stage asked',
  });
  setHandler(waveProgress, unbroken(breaker.countFailures.bind(breaker)), {
    description: 'From a wave: failures and untested patches so far',
  });

  try {
    const prepared = await prepareAndApprove(input, stage, approval);
    if ('status' in prepared) return await stage.ended(prepared);

    breaker.expects(prepared.targets);
    if (prepared.waves.length > 0) {
      if (prepared.jump !== null) await breaker.ask(prepared.jump);
      await breaker.mayGoOn();
      if (!breaker.stopped) await patchBetweenTasks(prepared, stage, breaker, waves);
    }
    if (breaker.stopped) return await stage.ended(await stopped(input, stage, breaker, breaker.stopped));
    if (policy.last) return await completed(stage, null);

    if (policy.soak > 0) await soak(stage, breaker);
    return await completed(stage, await harvest(input, stage));
  } catch (error) {
    const cancelled = cancellation.consideredCancelled && isCancellation(error);
    return await stage.ended({
      status: cancelled ? 'cancelled' : 'failed',
      patchSet: null,
      message: cancelled ? 'The cycle was cancelled.' : reasonOf(error),
    });
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
  return untilAwsAnswers(
    () => preparing.prepareStage({ request, stage: policy.name, selection: selection.digest, patchSet, now }),
    note,
  );
}

/**
 * The windows between the tasks of the whole stage. What was begun is tidied up by the after tasks, however it ends. What an
 * operator wants tried again after that is tried by itself.
 */
async function patchBetweenTasks(
  prepared: PreparedStage,
  stage: StageState,
  breaker: Breaker,
  waves: StageWaves,
): Promise<void> {
  const tasks = new StageTasks(stage, breaker, prepared);
  const windows = new StageWindows(stage, breaker, waves, windowsFrom(prepared));
  try {
    await tasks.before();
    if (!breaker.stopped) await windows.run();
  } finally {
    if (tasks.begun || waves.begun) await CancellationScope.nonCancellable(() => tasks.after());
  }
  await breaker.gate();
  while (windows.retries && !breaker.stopped) {
    await windows.run();
    await breaker.gate();
  }
  if (windows.tail && !breaker.stopped) await leaveTail(stage, breaker, windows.tail);
}

/** The time in which problems would show. Pausing does not stop the clock; what follows waits for the pause to end. */
async function soak(stage: StageState, breaker: Breaker): Promise<void> {
  const { soak: length, name } = stage.policy;
  const until = new Date(Date.now() + length).toISOString() as Instant;
  await stage.soaksUntil(until);
  await sleep(length, { summary: `Soak of stage ${name}` });
  await breaker.mayGoOn();
}

/** Scans what the stage patched once more, and keeps exactly what is present and proven there. */
async function harvest(input: StageInput, stage: StageState): Promise<Digest> {
  const { cycle } = input.request;
  const { name } = input.policy;
  const note = (message: string | null) => stage.noteOutage(message);
  await stage.is('harvesting', 'harvesting');
  const selection = await untilAwsAnswers(() => preparing.selectProven({ cycle, stage: name }), note);
  await scanSelection(selection, 'harvest', { cycle, stage: name });
  const { patchSet } = await harvesting.harvest({ cycle, stage: name, selection: selection.digest });
  return patchSet;
}

/** What was touched is finished by now; the plan says whether it goes back. */
async function stopped(
  input: StageInput,
  stage: StageState,
  { rollsBack }: Breaker,
  reason: string,
): Promise<StageResult> {
  if (rollsBack) return rollBackStage(input, stage, reason);
  return { status: 'failed', patchSet: null, message: reason };
}

function completed(stage: StageState, patchSet: Digest | null): Promise<StageResult> {
  // From here on the stage is done: whoever cancels now is too late for it.
  return CancellationScope.nonCancellable(async () => {
    const { cycle } = stage.request;
    const { name } = stage.policy;
    const failed = await recording.failures({ cycle, stage: name });
    const status = failed > 0 ? 'completed-with-failures' : 'completed';
    const said = [
      ...(failed > 0 ? [`${failed} nodes of stage ${name} failed.`] : []),
      ...(stage.leftToTail > 0 ? [`${stage.leftToTail} nodes of stage ${name} go on in their next windows.`] : []),
    ];
    return stage.ended({ status, patchSet, message: said.join(' ') });
  });
}
