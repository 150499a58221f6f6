import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import { WorkflowBench } from '../support/workflow-bench.js';

/*
 * SSM: 50 maintenance windows to an account and Region, 5 of them executing at the same time, 20 tasks to a window.
 * Patchtide: one account with 60 windows, 8 of them open at the same time, and 25 tasks around each node of one of them.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT_ONCE = 8;
const WINDOWS = 60;
const TASKS = { before: 13, after: 12 };
const DAYS = ['MON', 'TUE', 'WED', 'THU', 'FRI'];

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const name = (number: number): string => `window-${String(number).padStart(2, '0')}`;

/** The first is the one with the tasks; of the others eight open on Sunday at 02:00, each of the rest at an hour of its own. */
function windowOf(number: number): MaintenanceWindow {
  const alone = Math.max(0, number - 2 - AT_ONCE);
  const together = number > 1 && number <= 1 + AT_ONCE;
  return {
    name: name(number),
    version: 1,
    schedule: { cron: together ? '0 2 * * SUN' : `0 ${(alone * 2) % 24} * * ${DAYS[Math.floor(alone / 12)]}` },
    timezone: 'UTC',
    duration: 90 * MINUTE,
    cutoff: 30 * MINUTE,
  };
}
const numbers = (from: number, until: number) => Array.from({ length: until - from + 1 }, (_, index) => from + index);

test('one account with 60 windows, 8 of them open at once, and 25 tasks around each node of one of them', async () => {
  const { world } = bench;
  world.plays({
    takes: { install: 2 * MINUTE },
    windows: numbers(1, WINDOWS).map(windowOf),
    stages: [
      {
        name: 'test',
        steps: { beforeTasks: TASKS.before, afterTasks: TASKS.after },
        waves: [{ window: name(1), batches: [10, 10] }],
      },
      { name: 'prod', waves: numbers(2, WINDOWS).map((number) => ({ window: name(number), batches: [3] })) },
    ],
  });
  const cycle = await bench.startCycle();
  expect(await cycle.result()).toMatchObject({ status: 'completed' });

  // Every window's nodes were installed and recorded.
  const done = (stage: string, what: 'step' | 'record') =>
    new Set(
      world.asked(what).flatMap((entry) => {
        const counts = entry.stage === stage && (entry.what === 'record' || entry.step === 'install');
        return counts ? [`${entry.wave}.${entry.batch}`] : [];
      }),
    );
  expect([done('prod', 'step').size, done('prod', 'record').size]).toEqual([WINDOWS - 1, WINDOWS - 1]);

  // All 25 tasks ran around the install of each batch, in order.
  const order = [
    ...numbers(1, TASKS.before).map((task) => `before-${task}`),
    'install',
    ...numbers(1, TASKS.after).map((task) => `after-${task}`),
  ];
  for (const batch of [1, 2]) {
    const steps = world.asked('step').filter((step) => step.stage === 'test' && step.batch === batch);
    const taken = steps.map(({ step }) => step).filter((step) => order.includes(step));
    expect(taken).toEqual(order);
  }

  // The eight of Sunday were at work at the same time: each installed before the first of them had been recorded.
  const sunday = numbers(1, AT_ONCE);
  const installs = world
    .asked('step')
    .filter(({ stage, step, wave }) => stage === 'prod' && step === 'install' && sunday.includes(wave));
  const records = world.asked('record').filter(({ stage, wave }) => stage === 'prod' && sunday.includes(wave));
  const last = Math.max(...installs.map(({ at }) => Date.parse(at)));
  const first = Math.min(...records.map(({ at }) => Date.parse(at)));
  expect(installs).toHaveLength(AT_ONCE);
  expect(last).toBeLessThan(first);
  // And the others each in its own window.
  const begun = world.asked('step').filter(({ stage, step }) => stage === 'prod' && step === 'install');
  expect(new Set(begun.map(({ at }) => Math.floor(Date.parse(at) / HOUR))).size).toBe(WINDOWS - AT_ONCE);
}, 120_000);
