import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import { cancel, type PatchtideWorkflows, pause, resume, type Steering, TASK_QUEUE } from '../../workflows/messages.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const MINUTE = 60_000;
let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const steering: { args: [Steering] } = { args: [{ by: 'otto', reason: 'Something looks odd.' }] };
const SHORT: MaintenanceWindow = {
  name: 'short',
  version: 1,
  schedule: { cron: '0 3 * * *' },
  timezone: 'UTC',
  duration: 10 * MINUTE,
  cutoff: 5 * MINUTE,
};
const skips = () => bench.world.asked('skip-rest').map(({ wave, reason }) => ({ wave, reason }));
const stageTasks = () => bench.world.asked('stage-task').map(({ step }) => step);

describe('a batch that nobody has touched', () => {
  test('is left alone when the cutoff passes during its check, and said to be', async () => {
    const { world } = bench;
    world.plays({
      windows: [SHORT],
      takes: { check: 6 * MINUTE },
      stages: [
        {
          name: 'prod',
          policy: { carryOver: { windows: 0, doneAt: 100 } },
          steps: { beforeTasks: 1, afterTasks: 1 },
          waves: [{ window: 'short' }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, () => cycle.executeUpdate(cancel, steering));
    expect(ended).toMatchObject({ status: 'cancelled' });
    expect(world.steps('prod')).toEqual(['w1.b1.check', 'w1.b1.record']);
    expect(world.asked('carry-rest')).toMatchObject([
      { wave: 1, nodes: 2, reason: expect.stringContaining('Not begun at the cutoff of window short') },
    ]);
  });

  test('is given up when the cycle is cancelled while AWS denies', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod', steps: { afterTasks: 1 } }] });
    world.breaks('beginStep', 1_000, 'aws-denied', 'Not authorized.');
    const cycle = await bench.startCycle();
    await world.until('outage');
    await cycle.executeUpdate(cancel, steering);
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(world.steps('prod')).toEqual(['w1.b1.record']);
    expect(skips().map(({ wave }) => wave)).toEqual([1, null]);
  });
});

describe('tasks after a stage', () => {
  const stage = { name: 'prod', policy: { stageTasks: { before: 1, after: 1 } } };

  test('run although the cycle was cancelled', async () => {
    const { world } = bench;
    world.plays({ stages: [stage] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.executeUpdate(cancel, steering);
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(stageTasks()).toEqual(['before-stage-1', 'after-stage-1']);
  });

  test('run although a failure stopped the stage', async () => {
    const { world } = bench;
    const policy = { ...stage.policy, onFailure: 'stop', pauseAfterFailures: { nodes: 1 } } as const;
    world.plays({ stages: [{ ...stage, policy, failures: { 'w1.b1': 1 } }] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'failed' });
    expect(stageTasks()).toEqual(['before-stage-1', 'after-stage-1']);
  });

  test('are not run where AWS never let the tasks before it begin', async () => {
    const { world } = bench;
    world.plays({ stages: [stage] });
    world.breaks('beginStageTask', 1_000, 'aws-denied', 'Not authorized.');
    const cycle = await bench.startCycle();
    await world.until('project', ({ change }) => change.cycleChange?.waitingFor?.kind === 'aws');
    await cycle.executeUpdate(cancel, steering);
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(stageTasks()).toEqual([]);
  });

  test('and the tasks before it wait for the first window', async () => {
    const { world } = bench;
    world.plays({ windows: [SHORT], stages: [{ ...stage, waves: [{ window: 'short' }] }] });
    await (await bench.startCycle()).result();
    expect(world.asked('stage-task')[0]?.at.slice(10, 16)).toBe('T03:00');
  });
});

describe('what a cycle waits for', () => {
  test('is still its approval after it was paused and resumed', async () => {
    const { world } = bench;
    const approval = { roles: ['approver'], quorum: 1, decideWithin: 60 * MINUTE };
    world.plays({ stages: [{ name: 'prod', policy: { approval } }] });
    const cycle = await bench.startCycle();
    const { event } = await world.until('webhook');
    await cycle.executeUpdate(pause, steering);
    await cycle.executeUpdate(resume, steering);
    const said = world.asked('project').flatMap(({ change }) => change.cycleChange?.waitingFor ?? []);
    expect(said.at(-1)).toMatchObject({ kind: 'approval' });
    const steered = world.asked('project').filter(({ change }) => change.stage === null);
    expect(steered.filter(({ change }) => change.cycleChange && 'waitingFor' in change.cycleChange)).toEqual([]);
    await bench.decide(cycle, { stage: 'prod', manifest: event.manifest ?? '' });
    await cycle.result();
  });

  test('is written in the order in which it came to be, although the store lost a write on the way', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    world.hold('project');
    await cycle.startUpdate(pause, { ...steering, waitForStage: 'ACCEPTED' });
    await cycle.startUpdate(resume, { ...steering, waitForStage: 'ACCEPTED' });
    world.breaks('project', 1, 'StoreUnavailable', 'The database does not answer.');
    world.release('project');
    world.release('install');
    await cycle.result();
    const statuses = world.asked('project').flatMap(({ change }) => change.cycleChange?.status ?? []);
    expect(statuses.at(-1)).toBe('completed');
    expect(statuses.indexOf('paused')).toBeLessThan(statuses.indexOf('running'));
  });
});

describe('a scan of the fleet', () => {
  test('gives a location up that denies, and says so', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.breaks('beginScan', 1_000, 'aws-denied', 'Not authorized.');
    const result = await bench.client.execute<PatchtideWorkflows['scanFleet']>('scanFleet', {
      taskQueue: TASK_QUEUE,
      workflowId: 'fleet-scan/denied',
      args: [{ id: 'denied', requestedBy: 'vera', locations: null }],
    });
    expect(result).toEqual({
      nodes: 4,
      scanned: 0,
      busy: 1,
      unknown: 3,
      problems: ['The scan of 111122223333 in eu-west-1 was given up: Not authorized.'],
    });
  });
});

// Last: the server's clock no longer skips once a workflow has left an activity of its own behind.
describe('a check that never ends', () => {
  test('is not waited for when the cycle is cancelled', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('check');
    const cycle = await bench.startCycle();
    await world.until('step');
    await cycle.executeUpdate(cancel, steering);
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(skips()[0]).toMatchObject({ wave: 1, reason: expect.stringContaining('when the wave was cancelled') });
    world.release('check');
  });
});
