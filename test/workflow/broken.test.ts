import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const stateOf = async (workflowId: string) => (await bench.client.getHandle(workflowId).describe()).status.name;
const skipReasons = () => bench.world.asked('skip-rest').map(({ reason }) => reason);

describe('workers that shut down', () => {
  test.each(['selectStage', 'beginStep', 'watch', 'recordBatches'])(
    'in %s as often as it may be tried are waited for, and the cycle goes on as if nothing had been',
    async (activity) => {
      const { world } = bench;
      world.plays({ stages: [{ name: 'prod' }] });
      world.breaks(activity, 8, 'WorkerShutdown', 'Worker is shutting down.');
      expect(await (await bench.startCycle()).result()).toEqual({ status: 'completed', message: '' });
      expect(world.asked('outage')).toEqual([]);
    },
  );
});

describe('what waiting does not mend', () => {
  const stages = [
    {
      name: 'prod',
      steps: { startStopped: true, beforeTasks: 1, afterTasks: 2 },
      waves: [
        { batches: [2, 2], maxUnavailable: 2 },
        { zone: 'euw1-az2', batches: [5] },
      ],
    },
  ];

  test('ends the stage with its reason: what was touched is tidied up and recorded, the rest is skipped', async () => {
    const { world } = bench;
    world.plays({ stages });
    world.hold('beginStep');
    const cycle = await bench.startCycle();
    await world.until('project', ({ change }) => change.waves !== undefined);
    world.breaks('watch', 1, 'aws-rejected', 'StopAutomation: already ended.');
    world.release('beginStep');
    expect(await cycle.result()).toEqual({ status: 'failed', message: 'StopAutomation: already ended.' });

    // The first watch broke in `start`: nothing was changed on the nodes, and what was started is stopped.
    expect(world.steps('prod')).toEqual(['w1.b1.start', 'w1.b1.stop', 'w1.b1.record']);
    expect(skipReasons()).toEqual([
      'Not begun, since something went wrong before: StopAutomation: already ended.',
      'StopAutomation: already ended.',
    ]);
    expect(await stateOf(`${cycle.workflowId}/prod`)).toBe('COMPLETED');
    const last = world.asked('project').findLast(({ change }) => change.stageChange);
    expect(last?.change.stageChange).toMatchObject({ status: 'failed', message: 'StopAutomation: already ended.' });
  });

  test('keeps no later step of the finish from being tried', async () => {
    const { world } = bench;
    world.plays({ stages });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    world.breaks('beginStep', 2, 'aws-rejected', 'No such bucket.');
    world.release('install');
    expect(await cycle.result()).toEqual({ status: 'failed', message: 'No such bucket.' });
    // The scan and the first after task are refused.
    expect(world.steps('prod').slice(-4)).toEqual(['w1.b1.install', 'w1.b1.after-2', 'w1.b1.stop', 'w1.b1.record']);
    const [wave] = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
    expect(await stateOf(wave?.workflowId ?? '')).toBe('COMPLETED');
  });

  test('in a scan ends the stage with the location and the reason', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.breaks('beginScan', 99, 'TypeError', 'Cannot read properties of undefined');
    expect(await (await bench.startCycle()).result()).toEqual({
      status: 'failed',
      message: 'The scan of 111122223333 in eu-west-1 was given up: Cannot read properties of undefined',
    });
  });
});
