import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancel, pause, resume, type Steering, setPaused } from '../../workflows/messages.js';
import { refusalOf, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const steering: { args: [Steering] } = { args: [{ by: 'otto', reason: 'Something looks odd.' }] };
const begun = () =>
  bench.world
    .asked('step')
    .filter(({ step }) => step === 'check')
    .map(({ batch }) => batch);

describe('a paused cycle', () => {
  test('finishes the batches that run, begins none, and goes on when it is resumed', async () => {
    const { world } = bench;
    world.plays({
      stages: [{ name: 'prod', steps: { afterTasks: 1 }, waves: [{ batches: [2, 2], maxUnavailable: 2 }] }],
    });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.executeUpdate(pause, steering);
    world.release('install');
    await world.until('record');
    expect(begun()).toEqual([1]);
    expect(world.steps('prod')).toContain('w1.b1.after-1');

    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(begun()).toEqual([1, 2]);
    expect(world.notes()).toEqual(['Paused by otto: Something looks odd.', 'Resumed by otto: Something looks odd.']);
  });

  test('does not begin its next stage before it is resumed', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev' }, { name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.executeUpdate(pause, steering);
    world.release('install');
    await world.until('record');
    expect(world.asked('harvest')).toEqual([]);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('soaks as long as its plan says, though it is paused and resumed meanwhile', async () => {
    const { world } = bench;
    const hour = 3_600_000;
    world.plays({ stages: [{ name: 'dev', policy: { soak: 24 * hour } }, { name: 'prod' }] });
    const cycle = await bench.startCycle();
    const soaking = await world.until('project', ({ change }) => change.stageChange?.status === 'soaking');
    await cycle.executeUpdate(pause, steering);
    await bench.environment.sleep(hour);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    const harvested = Date.parse(world.asked('harvest')[0]?.at ?? '');
    expect(Math.round((harvested - Date.parse(soaking.at)) / hour)).toBe(24);
  });

  test('cannot be paused again, and one that runs cannot be resumed', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    expect(await refusalOf(cycle.executeUpdate(resume, steering))).toBe('not-paused');
    await cycle.executeUpdate(pause, steering);
    expect(await refusalOf(cycle.executeUpdate(pause, steering))).toBe('already-paused');
    await cycle.executeUpdate(resume, steering);
    world.release('install');
    await cycle.result();
  });
});

describe('a cancelled cycle', () => {
  test('finishes what was touched, after tasks and record included, and begins nothing more', async () => {
    const { world } = bench;
    world.plays({
      stages: [
        {
          name: 'dev',
          steps: { afterTasks: 1 },
          waves: [
            { batches: [2, 2], maxUnavailable: 2 },
            { zone: 'euw1-az2', batches: [5] },
          ],
        },
        { name: 'prod' },
      ],
    });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.executeUpdate(cancel, steering);
    expect(await refusalOf(cycle.executeUpdate(cancel, steering))).toBe('ended');
    world.release('install');
    expect(await cycle.result()).toEqual({ status: 'cancelled', message: 'Cancelled by otto: Something looks odd.' });
    expect(world.steps('dev')).toEqual(['w1.b1.check', 'w1.b1.install', 'w1.b1.scan', 'w1.b1.after-1', 'w1.b1.record']);
    expect(world.asked('skip-rest').map(({ wave }) => wave)).toEqual([1, null]);
    expect(world.asked('prepare').map(({ stage }) => stage)).toEqual(['dev']);
  });

  test('finishes what was touched although too many nodes of it fail, and although somebody writes to it', async () => {
    const { world } = bench;
    world.plays({
      stages: [
        {
          name: 'prod',
          policy: { pauseAfterFailures: { nodes: 1 } },
          failures: { 'w1.b1': 2, 'w1.b2': 1 },
          waves: [{ batches: [2, 2] }],
        },
      ],
    });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step, batch }) => step === 'install' && batch === 2);
    await cycle.executeUpdate(cancel, steering);
    await cycle.signal('anything');
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(
      world
        .asked('record')
        .map(({ batch }) => batch)
        .sort((a, b) => a - b),
    ).toEqual([1, 2]);
    const ended = world.asked('project').find(({ change }) => change.stageChange?.status === 'cancelled');
    expect(ended).toBeDefined();
  });

  test('is cancelled likewise where Temporal is asked to, and while it soaks or waits', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev', policy: { soak: 3_600_000 } }, { name: 'prod' }] });
    const cycle = await bench.startCycle();
    await world.until('project', ({ change }) => change.stageChange?.status === 'soaking');
    await cycle.cancel();
    expect(await cycle.result()).toEqual({ status: 'cancelled', message: 'Cancelled in Temporal.' });
    expect(world.asked('harvest')).toEqual([]);
  });

  test('can be cancelled while it is paused', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev' }, { name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.executeUpdate(pause, steering);
    world.release('install');
    await world.until('record');
    await cycle.executeUpdate(cancel, steering);
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
  });
});

describe('too many failures', () => {
  const failing = (onFailure: 'ask' | 'stop') => ({
    stages: [
      {
        name: 'prod',
        policy: { onFailure, pauseAfterFailures: { nodes: 2 } },
        waves: [{ batches: [2, 2, 2], maxUnavailable: 3 }],
        failures: { 'w1.b1': 2, 'w1.b2': 1 },
      },
    ],
  });

  test('pause the cycle and ask an operator, whose resume allows for as many again', async () => {
    const { world } = bench;
    world.plays(failing('ask'));
    const cycle = await bench.startCycle();
    const asked = await world.until('webhook');
    expect(asked.event).toMatchObject({
      type: 'operator-wanted',
      message:
        '2 of 6 nodes of stage prod failed. Answer it (retry-failed, continue, stop or rollback), or cancel the cycle.',
    });
    await world.until('project', ({ change }) => change.cycleChange?.status === 'paused');
    expect(begun()).toEqual([1]);

    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed-with-failures' });
    expect(begun()).toEqual([1, 2, 3]);
    expect(world.asked('webhook')).toHaveLength(1);
  });

  test('stop the cycle where the plan says so', async () => {
    const { world } = bench;
    world.plays(failing('stop'));
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({ status: 'failed', message: '2 of 6 nodes of stage prod failed.' });
    expect(begun()).toEqual([1]);
    const reasons = world.asked('skip-rest').map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.includes('the cycle was cancelled'))).toEqual([]);
    expect(world.asked('webhook')).toEqual([]);
  });
});

describe('an answer', () => {
  test('to a pause is none to a question that the operator had not heard of', async () => {
    const { world } = bench;
    world.plays({
      stages: [{ name: 'prod', policy: { pauseAfterFailures: { nodes: 1 } }, failures: { 'w1.b1': 1 } }],
    });
    const cycle = await bench.startCycle();
    await world.until('webhook');
    const stage = bench.client.getHandle(`${cycle.workflowId}/prod`);
    await stage.signal(setPaused, { paused: false, answered: 0 });
    await stage.signal('setPaused', 'so that the one before has been handled');
    await world.until('note', ({ message }) => message.includes('setPaused was ignored'));
    expect((await stage.describe()).status.name).toBe('RUNNING');
    await world.until('project', ({ change }) => change.cycleChange?.status === 'paused');
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed-with-failures' });
  });
});

describe('a decision', () => {
  test('that comes when its stage has just ended is noted, and the cycle goes on', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    const late = {
      stage: 'prod',
      manifest: 'sha256:prod-manifest-1',
      decision: 'approve',
      by: 'anna',
      reason: 'Late.',
    };
    await cycle.signal('decideStage', late);
    await world.until('note', ({ message }) => message.includes('A decision by anna was ignored'));
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });
});

describe('tasks of a stage', () => {
  test('run before its first wave and after its last, in every location', async () => {
    const { world } = bench;
    world.plays({
      stages: [
        {
          name: 'prod',
          policy: { stageTasks: { before: 1, after: 1 } },
          waves: [{}, { region: 'us-east-1', zone: 'use1-az1' }],
        },
      ],
    });
    await (await bench.startCycle()).result();
    const order = world.journal.flatMap((entry) => {
      if (entry.what === 'stage-task') return [`${entry.step} in ${entry.place.slice(13)}`];
      return entry.what === 'record' ? ['a wave'] : [];
    });
    expect(order.slice(0, 2).sort()).toEqual(['before-stage-1 in eu-west-1', 'before-stage-1 in us-east-1']);
    expect(order.slice(2, 4)).toEqual(['a wave', 'a wave']);
    expect(order.slice(4).sort()).toEqual(['after-stage-1 in eu-west-1', 'after-stage-1 in us-east-1']);
  });

  test.each(['ask', 'stop'] as const)(
    'that fail before the first wave keep the stage from patching (%s)',
    async (onFailure) => {
      const { world } = bench;
      world.plays({
        stages: [
          {
            name: 'prod',
            policy: { onFailure, stageTasks: { before: 1, after: 0 } },
            failingSteps: ['before-stage-1'],
          },
        ],
      });
      const cycle = await bench.startCycle();
      if (onFailure === 'ask') {
        await world.until('webhook');
        expect(world.steps('prod')).toEqual([]);
        await cycle.executeUpdate(cancel, steering);
      }
      expect(await cycle.result()).toMatchObject({ status: onFailure === 'ask' ? 'cancelled' : 'failed' });
      expect(world.steps('prod')).toEqual([]);
    },
  );
});

describe('patches that nobody had tested', () => {
  const surplus = (policy: 'ask' | 'allow') => ({
    stages: [{ name: 'test', policy: { surplus: policy }, untested: { 'w1.b1': 1 } }, { name: 'prod' }],
  });

  test('hold the stage at its gate until an operator lets it go on', async () => {
    const { world } = bench;
    world.plays(surplus('ask'));
    const cycle = await bench.startCycle();
    const { event } = await world.until('webhook');
    expect(event.message).toContain('1 patches that nobody had tested came in as dependencies in stage test.');
    expect(world.asked('harvest')).toEqual([]);
    await world.until('note');
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('pass the gate where the plan allows them', async () => {
    const { world } = bench;
    world.plays(surplus('allow'));
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(world.asked('webhook')).toEqual([]);
  });
});
