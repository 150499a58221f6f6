import { CancellationScope } from '@temporalio/workflow';
import type { BatchSteps } from '../domain/stage-policy.js';
import { bringBack } from './hung-nodes.js';
import type { OperationEnd } from './operations.js';

/** What a batch needs of its wave. */
export interface BatchOf {
  readonly steps: BatchSteps;
  /** Whether nodes that nobody has touched yet may be touched now. */
  mayTouch(): boolean;
  /**
   * Sends a step to the nodes of the batch that are to take it, and follows it to its end unless `wait` is false. How it
   * ended; null where nobody took it or waited.
   */
  step(batch: number, step: string, wait?: boolean): Promise<OperationEnd | null>;
  record(batch: number): Promise<void>;
  /** Told what went wrong that is no problem of a node. */
  broke(error: unknown): void;
}

/**
 * One batch, from its check to its record. What goes wrong on a node is kept in the store and decides its next steps.
 *
 * Until its first touch a batch can be given up: cancelled, or too late. What has been touched is finished, whatever
 * happens: each of the after tasks, the stop of what was started, and the record is tried although the one before broke.
 */
export async function patchBatch(batch: number, wave: BatchOf): Promise<void> {
  const { steps } = wave;
  const attempt = (work: () => Promise<unknown>) => work().catch((error: unknown) => wave.broke(error));
  const step = (name: string, wait = true) => wave.step(batch, name, wait);
  let started = false;
  let hang = false;

  await attempt(async () => {
    if (steps.startStopped) {
      if (!wave.mayTouch()) return;
      started = true;
      await CancellationScope.nonCancellable(() => step('start'));
    }
    await step('check');
    if (steps.snapshot !== 'none') await step('snapshot', steps.snapshot === 'await');
    if (!wave.mayTouch()) return;
    await CancellationScope.nonCancellable(async () => {
      await attempt(async () => {
        for (let task = 1; task <= steps.beforeTasks; task++) await step(`before-${task}`);
        const ends = [await step('install')];
        if (steps.reboot === 'always') ends.push(await step('reboot'));
        // A success is reported by the agent, after the reboot: where all nodes reported one, all agents are back.
        const agents = ends.some((end) => end === null || end.failed > 0) ? await step('agent-back') : null;
        hang = agents !== null && agents.failed > 0;
        await step('scan');
      });
      for (let task = 1; task <= steps.afterTasks; task++) await attempt(() => step(`after-${task}`));
      // Last, so that the others are back in service while it is found out what can be done about these.
      if (hang) await bringBack(steps, step, attempt);
    });
  });
  await CancellationScope.nonCancellable(async () => {
    if (started) await attempt(() => step('stop'));
    await attempt(() => wave.record(batch));
  });
}
