import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import { cancel } from '../../workflows/messages.js';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const MINUTE = 60_000;
const nightly: MaintenanceWindow = {
  name: 'nightly',
  version: 1,
  schedule: { cron: '0 1 * * *' },
  timezone: 'UTC',
  duration: 240 * MINUTE,
  cutoff: 60 * MINUTE,
};

test('a batch whose nodes belong to another cycle waits, and begins when they are given back', async () => {
  const { world, environment } = bench;
  world.plays({ stages: [{ name: 'dev' }] });
  world.othersHaveNodes = ['patch-cycle/billing/7/dev/…'];
  const cycle = await bench.startCycle();
  await environment.sleep('20 minutes');
  expect(world.steps('dev')).toEqual([]);
  world.othersHaveNodes = [];
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
  expect(world.steps('dev')).toEqual(['w1.b1.check', 'w1.b1.install', 'w1.b1.scan', 'w1.b1.record']);
});

test('where they are not given back before the cutoff, nothing is touched, and that is said', async () => {
  const { world } = bench;
  const policy = { carryOver: { windows: 0, doneAt: 100 } };
  world.plays({ windows: [nightly], stages: [{ name: 'dev', policy, waves: [{ window: 'nightly' }] }] });
  world.othersHaveNodes = ['patch-cycle/billing/7/dev/…'];
  const cycle = await bench.startCycle();
  await bench.resultOf(cycle, () => cycle.executeUpdate(cancel, { args: [{ by: 'otto', reason: 'Another time.' }] }));
  expect(world.steps('dev')).toEqual(['w1.b1.record']);
  expect(world.asked('carry-rest')).toMatchObject([{ reason: expect.stringContaining('Not begun at the cutoff') }]);
});

test('a cycle that is cancelled while it waits for nodes ends at once', async () => {
  const { world, environment } = bench;
  world.plays({ stages: [{ name: 'dev' }] });
  world.othersHaveNodes = ['patch-cycle/billing/7/dev/…'];
  const cycle = await bench.startCycle();
  await environment.sleep('1 minute');
  await cycle.cancel();
  expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
  expect(world.steps('dev')).toEqual(['w1.b1.record']);
});
