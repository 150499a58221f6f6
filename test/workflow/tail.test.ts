import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningTail } from '../../activities/ports.js';
import { cancel, halt, pause, resume, unhalt } from '../../workflows/messages.js';
import { NIGHTLY } from '../support/windows.js';
import { type CycleHandle, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
// One for each test: the time-skipping server skips no more once a workflow has outlived its parent, as a tail does.
beforeEach(async () => {
  bench = await WorkflowBench.open();
});
afterEach(() => bench.close());

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const steering = { args: [{ by: 'otto', reason: 'A look.' }] } as const;
const tailOf = (cycle: CycleHandle) => bench.client.getHandle(`${cycle.workflowId}/dev/tail`);
const tailNamed = (workflowId: string) => ({ cycle: 'storefront-1', stage: 'dev', workflowId }) as RunningTail;
const installs = (stage: string) =>
  bench.world.asked('step').filter((entry) => entry.stage === stage && entry.step === 'install');
const wavesOf = (stage: string) => installs(stage).map(({ wave }) => wave);

/** Three batches of which two are done in the first night, and a stage that is done at two thirds of its nodes. */
const dev = (doneAt: number, more: object = {}) => ({
  name: 'dev',
  policy: { carryOver: { windows: 3, doneAt }, ...more },
  waves: [{ window: 'nightly', batches: [2, 2, 2], maxUnavailable: 2 }],
});
const takes = { install: 3 * MINUTE };

describe('a stage that is done at a share of its nodes', () => {
  beforeEach(() => bench.world.plays({ windows: [NIGHTLY], takes, stages: [dev(60), { name: 'prod' }] }));

  test('lets the next one begin, while the others go on in their next window', async () => {
    const { world } = bench;
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({
      status: 'completed',
      message: '2 nodes of stage dev go on in their next windows.',
    });
    await tailOf(cycle).result();

    const [night] = installs('dev').map(({ at }) => at.slice(0, 10));
    expect(installs('prod').map(({ at }) => at.slice(0, 10))).toEqual([night]);
    expect(wavesOf('dev')).toEqual([1, 1, 2]);
    expect(Date.parse(installs('dev').at(-1)?.at.slice(0, 10) ?? '') - Date.parse(night ?? '')).toBe(DAY);
    expect(world.asked('tail-began')).toMatchObject([{ stage: 'dev', nodes: 2 }]);
    expect(world.asked('tail-ended')).toMatchObject([{ stage: 'dev' }]);
  });

  test('has none of it where more is left than the plan lets be', async () => {
    const { world } = bench;
    world.plays({ windows: [NIGHTLY], takes, stages: [dev(70), { name: 'prod' }] });
    expect(await (await bench.startCycle()).result()).toEqual({ status: 'completed', message: '' });
    const order = world.asked('step').filter(({ step }) => step === 'install');
    expect(order.map(({ stage }) => stage)).toEqual(['dev', 'dev', 'dev', 'prod']);
    expect(world.asked('tail-began')).toEqual([]);
  });

  test('lets go of the others only when each has had its turn', async () => {
    const { world } = bench;
    const waves = [{ window: 'nightly', batches: [2, 2, 2, 2, 2], maxUnavailable: 2 }];
    const stages = [{ ...dev(20), policy: { carryOver: { windows: 9, doneAt: 20 } }, waves }];
    world.plays({ windows: [NIGHTLY], takes: { install: 6 * MINUTE }, stages });
    const cycle = await bench.startCycle();
    await cycle.result();
    await tailOf(cycle).result();
    expect(world.asked('tail-began')).toMatchObject([{ nodes: 8 }]);
    expect(wavesOf('dev')).toEqual([1, 2, 3, 4, 5]);
  });

  test('ends the others as not reached where failures stop them, and asks nobody', async () => {
    const { world } = bench;
    const failing = dev(30, { pauseAfterFailures: { nodes: 1 } });
    const waves = [{ window: 'nightly', batches: [2, 2, 2, 2], maxUnavailable: 2 }];
    world.plays({
      windows: [NIGHTLY],
      takes: { install: 6 * MINUTE },
      stages: [
        {
          ...failing,
          policy: { ...failing.policy, carryOver: { windows: 9, doneAt: 20 } },
          waves,
          failures: { 'w2.b1': 1 },
        },
      ],
    });
    const cycle = await bench.startCycle();
    await cycle.result();
    await tailOf(cycle).result();
    expect(wavesOf('dev')).toEqual([1, 2]);
    expect(world.asked('webhook')).toEqual([]);
    expect(world.asked('skip-rest').at(-1)).toMatchObject({ reason: expect.stringContaining('failed') });
  });
});

describe('what goes on of a stage that is done', () => {
  const soaking = { ...dev(60), policy: { ...dev(60).policy, soak: 30 * DAY } };
  beforeEach(() => bench.world.plays({ windows: [NIGHTLY], takes, stages: [soaking, { name: 'prod' }] }));
  /** A cycle that soaks, with a tail that waits for its night. */
  const waiting = async (): Promise<CycleHandle> => {
    const cycle = await bench.startCycle();
    const ended = bench.environment.sleep('15 hours');
    await bench.world.until('project', ({ change }) => change.stageChange?.status === 'soaking');
    await ended;
    return cycle;
  };

  test('is paused with its cycle, and halted with everything', async () => {
    const { environment, client } = bench;
    const cycle = await waiting();
    await cycle.executeUpdate(pause, { args: [...steering.args] });
    await environment.sleep('2 days');
    expect(wavesOf('dev')).toEqual([1, 1]);
    await client
      .getHandle(`${cycle.workflowId}/dev/tail`)
      .signal(halt, { number: 1, by: 'hanna', reason: 'Fire', at: '2026-01-01T00:00:00.000Z' as never });
    await cycle.executeUpdate(resume, { args: [...steering.args] });
    await environment.sleep('2 days');
    expect(wavesOf('dev')).toEqual([1, 1]);
    await client.getHandle(`${cycle.workflowId}/dev/tail`).signal(unhalt, { number: 1, by: 'hanna', reason: 'Out' });
    await tailOf(cycle).result();
    expect(wavesOf('dev')).toHaveLength(3);
    await cycle.executeUpdate(cancel, { args: [...steering.args] });
    await cycle.result();
  });

  test('is cancelled with its cycle', async () => {
    const { world } = bench;
    const cycle = await waiting();
    await cycle.executeUpdate(cancel, { args: [...steering.args] });
    await world.until('tail-ended');
    await world.until('project', ({ change }) => change.cycleChange?.status === 'cancelled');
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(wavesOf('dev')).toEqual([1, 1]);
    expect(world.asked('skip-rest')).toContainEqual(
      expect.objectContaining({ reason: 'The tail of the stage was cancelled.' }),
    );
  });

  test("is taken over by the plan's next cycle: nothing more of it begins", async () => {
    const { world } = bench;
    const cycle = await waiting();
    world.plays({ windows: [NIGHTLY], stages: [{ name: 'dev' }] });
    world.tails = [tailNamed(`${cycle.workflowId}/dev/tail`)];
    const next = await bench.startCycle();
    const { reason } = await world.until('skip-rest');
    expect(reason).toMatch(/^Taken over by cycle /);
    expect(await next.result()).toMatchObject({ status: 'completed' });
    expect(wavesOf('dev')).toEqual([1]);
  });
});
