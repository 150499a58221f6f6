import { workflowInfo } from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Location } from '../domain/ids.js';
import { stepping } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { OperationWatch } from './operations.js';
import type { StageState } from './stage-state.js';

/**
 * The tasks that run once for the whole stage, one after the other, each in all locations side by side: an Automation
 * document once per location, a Run Command document on the stage's nodes there. A task that fails is the operator's
 * to judge, before anything else of the stage happens.
 */
export async function runStageTasks(
  stage: StageState,
  prepared: PreparedStage,
  when: 'before' | 'after',
): Promise<void> {
  const tasks = stage.policy.stageTasks[when];
  for (let task = 1; task <= tasks && !stage.stopped; task++) {
    await stage.unpaused();
    const failures = await Promise.all(locationsOf(prepared).map((at) => runTask(stage, prepared, when, task, at)));
    const failed = failures.reduce((sum, count) => sum + count, 0);
    if (failed > 0) await stage.failed(`Task ${task} ${when} stage ${stage.policy.name} failed ${failed} times.`);
  }
  await stage.unpaused();
}

async function runTask(
  stage: StageState,
  { manifest }: PreparedStage,
  when: 'before' | 'after',
  task: number,
  at: Location,
): Promise<number> {
  const note = (message: string | null) => stage.noteOutage(message);
  // A watch looks in one location, so each location's operations are a run of their own.
  const run = `${workflowInfo().workflowId}/${when}-stage-${task}/${at.account}/${at.region}`;
  const operations = new OperationWatch(run, at, note);
  const request = { manifest, run, when, task, at };
  const { keys } = await untilAwsAnswers(
    () => stepping.beginStageTask.executeWithOptions({ summary: `${when} stage: task ${task}` }, [request]),
    note,
  );
  const ends = await Promise.all(keys.map((key) => operations.end(key)));
  return ends.reduce((sum, end) => sum + end.failed, 0);
}

function locationsOf({ waves }: PreparedStage): Location[] {
  const locations = new Map(waves.map(({ account, region }) => [`${account}/${region}`, { account, region }]));
  return [...locations.values()];
}
