import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { ordinaryTemporal } from '../support/temporal.js';
import { WorkflowBench } from '../support/workflow-bench.js';

/* What only Temporal's ordinary server has: schedules. */

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
