import { CancellationScope, condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Location } from '../domain/ids.js';
import { stepping } from './activities.js';
import { untilAwsAnswers, wasRefused } from './aws-outage.js';
import type { Breaker } from './breaker.js';
import { OperationWatch } from './operations.js';
import { reasonOf } from './reason.js';
import type { StageState } from './stage-state.js';

/**
 * The tasks that run once for the whole stage, one after the other, each in all locations side by side: an Automation
 * document once per location, a Run Command document on the stage's nodes there. A task that fails is the operator's
 * to judge, before anything else of the stage happens.
 */
export class StageTasks {
  /** Whether something has been done that the after tasks may have to undo. */
  begun = false;
  private readonly stage: StageState;
  private readonly breaker: Breaker;
  private readonly prepared: PreparedStage;

  constructor(stage: StageState, breaker: Breaker, prepared: PreparedStage) {
    this.stage = stage;
    this.breaker = breaker;
    this.prepared = prepared;
  }

  /** Touches nothing before the first window of the stage opens. */
  async before(): Promise<void> {
    const tasks = this.stage.policy.stageTasks.before;
    if (tasks === 0) return;
    const opens = Math.min(...this.prepared.waves.map((wave) => Date.parse(wave.opens)));
    if (opens > Date.now()) {
      await this.stage.waitsForWindow(opens);
      await sleep(opens - Date.now(), { summary: 'Until the first window of the stage opens' });
    }
    for (let task = 1; task <= tasks && !this.breaker.stopped; task++) {
      await this.breaker.mayGoOn();
      if (!this.breaker.stopped) await this.run('before', task);
    }
    await this.breaker.mayGoOn();
  }

  /** Each of them, whatever became of the stage and of the one before; never waits for people once the stage is over. */
  async after(): Promise<void> {
    const { name, stageTasks } = this.stage.policy;
    for (let task = 1; task <= stageTasks.after; task++) {
      await condition(() => this.breaker.over || !this.breaker.holds);
      try {
        await this.run('after', task);
      } catch (error) {
        await this.breaker.failed(`Task ${task} after stage ${name} could not be run: ${reasonOf(error)}`);
      }
    }
  }

  private async run(when: 'before' | 'after', task: number): Promise<void> {
    const locations = locationsOf(this.prepared);
    const runs = await Promise.allSettled(locations.map((at) => this.runIn(at, when, task)));
    const broken = runs.find((run) => run.status === 'rejected');
    if (broken) throw broken.reason;
    const failed = runs.reduce((sum, run) => sum + (run.status === 'fulfilled' ? run.value : 0), 0);
    const { name } = this.stage.policy;
    if (failed > 0) await this.breaker.failed(`Task ${task} ${when} stage ${name} failed ${failed} times.`);
  }

  /** How many times the task failed there. Cancelling ends a wait for AWS; what was sent is followed to its end. */
  private async runIn(at: Location, when: 'before' | 'after', task: number): Promise<number> {
    const { manifest } = this.prepared;
    const note = (message: string | null) => this.stage.noteOutage(message);
    // A watch looks in one location, so each location's operations are a run of their own.
    const run = `${workflowInfo().workflowId}/${when}-stage-${task}/${at.account}/${at.region}`;
    const operations = new OperationWatch(run, at, { note });
    const request = { manifest, run, when, task, at };
    const begin = async () => {
      let refused = false;
      try {
        return await stepping.beginStageTask.executeWithOptions({ summary: `${when} stage: task ${task}` }, [request]);
      } catch (error) {
        refused = wasRefused(error);
        throw error;
      } finally {
        this.begun ||= !refused;
      }
    };
    const { keys } = await untilAwsAnswers(() => CancellationScope.nonCancellable(begin), note);
    const ends = await CancellationScope.nonCancellable(() => Promise.all(keys.map((key) => operations.end(key))));
    return ends.reduce((sum, end) => sum + end.failed, 0);
  }
}

function locationsOf({ waves }: PreparedStage): Location[] {
  const locations = new Map(waves.map(({ account, region }) => [`${account}/${region}`, { account, region }]));
  return [...locations.values()];
}
