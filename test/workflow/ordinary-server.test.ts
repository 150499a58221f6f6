import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RunningTail } from '../../activities/ports.js';
import { type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { until } from '../e2e/support/until.js';
import { ordinaryTemporal } from '../support/temporal.js';
import { WorkflowBench } from '../support/workflow-bench.js';

/*
 * What the time-skipping server does not have: schedules, word to a parent that its child was terminated, and time-outs of
 * activities in any other time than the wall's.
 */

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open(ordinaryTemporal);
}, 60_000);
afterAll(() => bench.close(), 60_000);

test("a plan's schedule that is triggered by hand says the moment of the trigger as its time, and starts a cycle", async () => {
  const { world } = bench;
  world.plays({ stages: [{ name: 'prod' }] });
  const schedule = await bench.environment.client.schedule.create({
    scheduleId: 'patch-plan/by-hand',
    spec: { cronExpressions: ['0 2 * * *'] },
    action: {
      type: 'startWorkflow',
      workflowType: 'startPlannedCycle' satisfies keyof PatchtideWorkflows,
      workflowId: 'patch-plan-start/by-hand',
      taskQueue: TASK_QUEUE,
      args: [{ plan: 'by-hand' }],
    },
  });
  const before = Date.now();
  await schedule.trigger();
  const { scheduledFor, startedAt } = await world.until('reserve');
  const sinceTrigger = (instant: string | null) => Date.parse(instant ?? '') - before;
  // Temporal keeps it to the second.
  expect(sinceTrigger(scheduledFor)).toBeGreaterThanOrEqual(-1_000);
  expect(sinceTrigger(scheduledFor)).toBeLessThan(30_000);
  expect(sinceTrigger(startedAt)).toBeLessThan(30_000);
  await world.until('open-cycle');
  const cycle = bench.client.getHandle<PatchtideWorkflows['patchCycle']>('patch-cycle/by-hand/1');
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
  await schedule.delete();
}, 60_000);

test('a wave that is terminated in Temporal is failed, and stops its stage: waves beside it finish what they touched', async () => {
  const { world } = bench;
  world.plays({
    stages: [
      {
        name: 'prod',
        policy: { stageTasks: { before: 1, after: 1 } },
        waves: [
          { account: '111122223333', batches: [2, 2], maxUnavailable: 2 },
          { account: '444455556666', batches: [2, 2], maxUnavailable: 2 },
          { zone: 'euw1-az2', batches: [9] },
        ],
      },
    ],
  });
  world.hold('install');
  const cycle = await bench.startCycle();
  for (const wave of [1, 2]) await world.until('step', (begun) => begun.step === 'install' && begun.wave === wave);
  const waves = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
  const first = waves.find(({ workflowId }) => workflowId.includes('111122223333'));
  await bench.client.getHandle(first?.workflowId ?? '').terminate('By hand.');
  await world.until('project', ({ change }) => change.waves?.[0]?.status === 'failed');
  world.release('install');

  expect(await cycle.result()).toMatchObject({
    status: 'failed',
    message: expect.stringMatching(
      /^The wave in euw1-az1 of 111122223333 in eu-west-1 did not end by itself: .*terminated/i,
    ),
  });
  const ended = world.asked('project').flatMap(({ change }) => change.waves ?? []);
  expect(ended.filter(({ status }) => status !== 'patching')).toEqual([
    { number: 1, status: 'failed' },
    { number: 2, status: 'cancelled' },
  ]);
  // The wave beside it finished the batch that it had begun; nobody finished the one of the wave that is gone.
  expect(world.asked('record').map(({ wave, batch }) => [wave, batch])).toEqual([[2, 1]]);
  expect(world.asked('step').map(({ wave }) => wave)).not.toContain(3);
  expect(world.asked('stage-task').map(({ step }) => step)).toContain('after-stage-1');
}, 60_000);

/** TIMEOUT_TYPE_HEARTBEAT of Temporal's API. */
const HEARTBEAT = 4;

test('a watch that is not heard of for half a minute is taken over by another attempt, and nothing is sent again', async () => {
  const { world } = bench;
  world.plays({ stages: [{ name: 'prod' }] });
  world.hold('prepareStage');
  const cycle = await bench.startCycle();
  await until('the end of the scan', async () => world.operations.some(({ reported }) => reported));
  // From here on a watch is held before it says anything: like a worker that stands still.
  world.hold('watch');
  world.release('prepareStage');
  await world.until('step', ({ step }) => step === 'check');
  const [started] = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
  const wave = bench.client.getHandle(started?.workflowId ?? '');
  const failure = await until(
    'a watch that failed',
    async () => {
      const { pendingActivities } = (await wave.describe()).raw;
      return pendingActivities?.[0]?.lastFailure;
    },
    500,
  );
  expect(failure.timeoutFailureInfo?.timeoutType).toBe(HEARTBEAT);
  world.release('watch');
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
  const steps = world.steps('prod');
  expect(steps).toEqual([...new Set(steps)]);
}, 90_000);

test('what goes on of an earlier cycle and was terminated is brought to its end by the next one', async () => {
  const { world } = bench;
  world.plays({ stages: [{ name: 'prod' }] });
  const gone = {
    cycle: 'storefront-1',
    stage: 'prod',
    workflowId: 'patch-cycle/storefront/1/prod/tail',
  } as RunningTail;
  world.tails = [gone];
  const cycle = await bench.startCycle();
  await world.until('tail-ended');
  expect(world.asked('skip-rest')).toMatchObject([
    { stage: 'prod', reason: expect.stringContaining('did not end by itself') },
  ]);
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
});
