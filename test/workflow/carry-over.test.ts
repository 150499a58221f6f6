import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Answer, answer, pause, resume } from '../../workflows/messages.js';
import { NIGHTLY } from '../support/windows.js';
import { refusalOf, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const says = (action: string, reason = 'Looked at it.'): { args: [Answer] } => ({
  args: [{ action: action as Answer['action'], by: 'otto', reason }],
});
const steps = (stage: string, step: string) =>
  bench.world.asked('step').filter((entry) => entry.stage === stage && entry.step === step);
const days = (entries: readonly { readonly at: string }[]) => entries.map(({ at }) => at.slice(0, 10));
const nextDay = (day: string, count = 1) => new Date(Date.parse(day) + count * 24 * HOUR).toISOString().slice(0, 10);

describe('a stage whose window closes before all of its nodes have had their turn', () => {
  test('finishes what was touched, and patches the rest in the next window with the same patch set', async () => {
    const { world } = bench;
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 3 * MINUTE },
      stages: [
        { name: 'dev' },
        {
          name: 'prod',
          steps: { afterTasks: 1 },
          waves: [{ window: 'nightly', batches: [2, 2, 2], maxUnavailable: 2 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toMatchObject({ status: 'completed' });

    // Two batches of three minutes begin before the cutoff, the third in the next night.
    const [first, second, third] = days(steps('prod', 'install'));
    expect(second).toBe(first);
    expect(third).toBe(nextDay(first as string));
    expect(world.steps('prod').filter((step) => step.endsWith('after-1'))).toEqual([
      'w1.b1.after-1',
      'w1.b2.after-1',
      'w2.b1.after-1',
    ]);
    expect(world.asked('carry-rest')).toMatchObject([{ wave: 1, nodes: 2 }]);
    expect(world.asked('continue')).toMatchObject([{ of: 'carried-over', waves: [1], round: 1 }]);
    expect(world.asked('skip-rest')).toEqual([]);
    expect(world.asked('prepare').filter(({ stage }) => stage === 'prod')).toHaveLength(1);
    const ids = (await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave')).map(({ workflowId }) => workflowId);
    expect(ids).toHaveLength(2);
    expect(ids[1]).toMatch(/\/nightly@.*\/euw1-az1\/w2$/);
  });

  test('begins no batch before the cutoff that would not end before the window does', async () => {
    const { world } = bench;
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 3 * MINUTE },
      stages: [
        {
          name: 'prod',
          batchesTake: 8 * MINUTE,
          waves: [{ window: 'nightly', batches: [2, 2], maxUnavailable: 2 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    const [first, second] = days(steps('prod', 'install'));
    expect(second).toBe(nextDay(first as string));
    expect(world.asked('carry-rest').at(-1)).toMatchObject({ nodes: 2 });
  });

  test('carries over a zone whose turn never came, each Region by itself', async () => {
    const { world } = bench;
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 6 * MINUTE },
      stages: [
        {
          name: 'prod',
          waves: [
            { window: 'nightly', batches: [2] },
            { window: 'nightly', zone: 'euw1-az2', batches: [3] },
            { window: 'nightly', region: 'us-east-1', zone: 'use1-az1', batches: [1] },
          ],
        },
      ],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(world.asked('carry-rest')).toMatchObject([{ wave: 2, nodes: 3 }]);
    const installs = steps('prod', 'install');
    expect(installs.map(({ wave }) => wave).sort((a, b) => a - b)).toEqual([1, 3, 4]);
    expect(installs.find(({ wave }) => wave === 4)?.at.slice(0, 10)).toBe(nextDay(days(installs)[0] as string));
  });

  test('asks after as many windows as the plan gives; to go on gives them more', async () => {
    const { world } = bench;
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 6 * MINUTE },
      stages: [
        {
          name: 'prod',
          policy: { carryOver: { windows: 1, doneAt: 100 } },
          waves: [{ window: 'nightly', batches: [1, 1, 1], maxUnavailable: 1 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, async (event) => {
      expect(event.message).toMatch(/^1 nodes of stage prod in eu-west-1 were not reached in 2 windows/);
      expect(steps('prod', 'install')).toHaveLength(2);
      await cycle.executeUpdate(answer, says('continue'));
    });
    expect(ended).toMatchObject({ status: 'completed' });
    expect(steps('prod', 'install').map(({ wave }) => wave)).toEqual([1, 2, 3]);
  });

  test('ends without them where the operator says stop', async () => {
    const { world } = bench;
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 6 * MINUTE },
      stages: [
        {
          name: 'prod',
          policy: { carryOver: { windows: 0, doneAt: 100 } },
          waves: [{ window: 'nightly', batches: [1, 1], maxUnavailable: 1 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, () => cycle.executeUpdate(answer, says('stop', 'The rest is retired.')));
    expect(ended).toEqual({ status: 'failed', message: 'Stopped by otto: The rest is retired.' });
    expect(world.asked('continue')).toEqual([]);
    expect(world.asked('skip-rest')).toMatchObject([{ wave: null }]);
  });

  test('gives what a pause kept from its window the next one', async () => {
    const { world, environment } = bench;
    // Six hours ahead, wherever the test before has left the clock.
    const hour = (new Date(await environment.currentTimeMs()).getUTCHours() + 6) % 24;
    world.plays({
      windows: [{ ...NIGHTLY, schedule: { cron: `0 ${hour} * * *` } }],
      stages: [{ name: 'prod', waves: [{ window: 'nightly', batches: [2] }] }],
    });
    const cycle = await bench.startCycle();
    const { at } = await world.until('project', ({ change }) => change.stageChange?.status === 'waiting');
    await cycle.executeUpdate(pause, { args: [{ by: 'otto', reason: 'Not tonight.' }] });
    await environment.sleep(30 * HOUR);
    await cycle.executeUpdate(resume, { args: [{ by: 'otto', reason: 'Now.' }] });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    const hours = steps('prod', 'install').map((install) => (Date.parse(install.at) - Date.parse(at)) / HOUR);
    // Five to six hours to the first, and two days more.
    expect(hours.map((length) => length > 52 && length < 55)).toEqual([true]);
  });
});

describe('a cycle that asks', () => {
  const asks = {
    policy: { pauseAfterFailures: { nodes: 1 } },
    waves: [
      { batches: [2, 2], maxUnavailable: 2 },
      { zone: 'euw1-az2', batches: [5] },
    ],
    failures: { 'w1.b1': 2 },
  };
  beforeEach(() => bench.world.plays({ stages: [{ name: 'prod', ...asks }] }));

  test('tries the failed nodes again before anything else begins, and only those, under new keys', async () => {
    const { world } = bench;
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => cycle.executeUpdate(answer, says('retry-failed')));
    expect(world.asked('continue')).toMatchObject([{ of: 'failed', waves: [], round: 1 }]);
    const installs = steps('prod', 'install').map(({ wave, batch }) => `w${wave}.b${batch}`);
    expect([...installs].sort()).toEqual(['w1.b1', 'w1.b2', 'w2.b1', 'w3.b1']);
    expect(installs.indexOf('w3.b1')).toBeLessThan(installs.indexOf('w2.b1'));
  });

  test('goes on without them, or stops, as the operator says', async () => {
    const { world } = bench;
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => cycle.executeUpdate(answer, says('continue')));
    expect(world.asked('continue')).toEqual([]);
    expect(steps('prod', 'install')).toHaveLength(3);

    world.plays({ stages: [{ name: 'prod', ...asks }] });
    const another = await bench.startCycle();
    const stopped = await bench.resultOf(another, () => another.executeUpdate(answer, says('stop')));
    expect(stopped).toEqual({ status: 'failed', message: 'Stopped by otto: Looked at it.' });
    expect(steps('prod', 'install')).toHaveLength(1);
  });

  test('is not answered where it asks nothing, or with what is no answer; and stays paused by who paused it', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod', ...asks, failures: {} }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    expect(await refusalOf(cycle.executeUpdate(answer, says('continue')))).toBe('not-waiting');
    expect(await refusalOf(cycle.executeUpdate(answer, says('think')))).toBe('malformed');
    await cycle.executeUpdate(pause, { args: [{ by: 'olga', reason: 'A look.' }] });
    world.release('install');
    await world.until('record');
    await cycle.executeUpdate(resume, { args: [{ by: 'olga', reason: 'On.' }] });
    await cycle.result();
    expect(await refusalOf(cycle.executeUpdate(answer, says('continue'))).catch(() => 'ended')).toBe('ended');
  });

  test('about a number of nodes that has jumped touches nothing before the answer', async () => {
    const { world } = bench;
    const script = {
      stages: [{ name: 'prod', jump: 'The plan selects 600 nodes.', policy: { stageTasks: { before: 1, after: 1 } } }],
    };
    world.plays(script);
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, (event) => {
      expect(event.message).toMatch(/^The plan selects 600 nodes\./);
      return cycle.executeUpdate(answer, says('stop', 'A tag was wrong.'));
    });
    expect(ended).toEqual({ status: 'failed', message: 'Stopped by otto: A tag was wrong.' });
    expect([world.asked('step'), world.asked('stage-task')]).toEqual([[], []]);

    world.plays(script);
    const another = await bench.startCycle();
    const completed = await bench.resultOf(another, () => another.executeUpdate(answer, says('continue')));
    expect(completed).toMatchObject({ status: 'completed' });
  });

  test('after the windows of a stage tries its failed nodes again as well', async () => {
    const { world } = bench;
    world.plays({
      stages: [{ name: 'prod', failures: { 'w1.b1': 1 }, untested: { 'w1.b1': 1 }, waves: [{ batches: [2] }] }],
    });
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => cycle.executeUpdate(answer, says('retry-failed')));
    expect(steps('prod', 'install').map(({ wave }) => wave)).toEqual([1, 2]);
    expect(world.asked('webhook')).toHaveLength(1);
  });
});
