import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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

describe('a batch for whose snapshots there is no room', () => {
  const steps = { snapshot: 'await' } as const;

  test('waits, and goes on when others have given some back', async () => {
    const { world, environment } = bench;
    world.plays({ stages: [{ name: 'dev', steps }] });
    world.othersHaveRoom = ['patch-cycle/billing/7/dev/…'];
    const cycle = await bench.startCycle();
    await environment.sleep('20 minutes');
    expect(world.steps('dev')).toEqual(['w1.b1.check']);
    world.othersHaveRoom = [];
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(world.steps('dev')).toContain('w1.b1.snapshot');
  });

  test('is not touched where there is none before the cutoff', async () => {
    const { world } = bench;
    const policy = { carryOver: { windows: 0, doneAt: 100 } };
    world.plays({ windows: [nightly], stages: [{ name: 'dev', policy, steps, waves: [{ window: 'nightly' }] }] });
    world.othersHaveRoom = ['patch-cycle/billing/7/dev/…'];
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => cycle.executeUpdate(cancel, { args: [{ by: 'otto', reason: 'Another time.' }] }));
    expect(world.steps('dev')).toEqual(['w1.b1.check', 'w1.b1.record']);
  });

  test('waits behind those of its wave that came before, which look as soon as a batch has been snapshotted', async () => {
    const { world } = bench;
    world.plays({
      snapshotsAtOnce: 1,
      takes: { snapshot: 10 * MINUTE },
      stages: [{ name: 'dev', steps, waves: [{ batches: [2, 2, 2, 2], maxUnavailable: 8 }] }],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    const snapshots = world.asked('step').filter(({ step }) => step === 'snapshot');
    expect(snapshots.map(({ batch }) => batch)).toEqual([1, 2, 3, 4]);
    const began = snapshots.map(({ at }) => Date.parse(at));
    const gaps = began.slice(1).map((at, index) => at - (began[index] ?? 0));
    expect(gaps.every((gap) => gap >= 10 * MINUTE && gap < 11 * MINUTE)).toBe(true);
    // All three look once; then the one in front alone, ever less often.
    expect(world.asked('refused').length).toBeLessThan(25);
  });

  test('ends at once when its cycle is cancelled', async () => {
    const { world, environment } = bench;
    world.plays({ stages: [{ name: 'dev', steps, waves: [{ batches: [1, 1], maxUnavailable: 2 }] }] });
    world.othersHaveRoom = ['patch-cycle/billing/7/dev/…'];
    const cycle = await bench.startCycle();
    await environment.sleep('1 minute');
    await cycle.cancel();
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(world.steps('dev').toSorted()).toEqual(['w1.b1.check', 'w1.b1.record', 'w1.b2.check', 'w1.b2.record']);
  });
});
