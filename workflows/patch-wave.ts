import {
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import { steerWave, waveState } from './messages.js';
import { type WaveInput, type WaveResult, WaveRun } from './wave-run.js';

/**
 * One account's nodes in one zone, batch by batch, with no more than `maxUnavailable` of them out of service.
 *
 * Nothing new begins while paused, after the cutoff, once cancelled, or after something broke; what has been touched is
 * always finished, its after tasks included. What was not touched at the cutoff waits for its next window; otherwise it gets
 * the outcome `skipped` with that reason.
 */
export async function patchWave(input: WaveInput): Promise<WaveResult> {
  const run = new WaveRun(input);
  setHandler(steerWave, (steering) => run.steer(steering), {
    description: 'Holds back batches that have not begun, or lets them go on',
  });
  setHandler(waveState, () => run.view(), { description: 'Each batch in flight and its step' });

  await run.began();
  let inNewRun = false;
  try {
    while (!inNewRun && (await run.mayBegin())) {
      inNewRun = workflowInfo().continueAsNewSuggested && (await run.mayGoOnInNewRun());
      if (!inNewRun) run.begin();
    }
  } catch (error) {
    run.broke(error);
  }
  if (inNewRun) return run.continueAsNew();
  return CancellationScope.nonCancellable(async () => {
    await run.allBatchesEnded();
    const result = await run.ended();
    await condition(allHandlersFinished);
    return result;
  });
}

/**
 * A wave lasts hours and ends with its window: it keeps the version it began with, whatever is released meanwhile. A worker
 * that is no version of anything must not say so: Temporal's server would refuse its every answer.
 */
setWorkflowOptions(
  () => (workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {}),
  patchWave,
);
