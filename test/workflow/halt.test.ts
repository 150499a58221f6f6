import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Halt } from '../../domain/halt.js';
import type { Instant } from '../../domain/ids.js';
import { cycleState, halt, pause, resume, type Steering, unhalt } from '../../workflows/messages.js';
import { refusalOf, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const HALT: Halt = {
  number: 1,
  by: 'hanna',
  reason: 'A bad patch is out.',
  at: '2026-11-10T06:00:00.000Z' as Instant,
};
const LIFTED = { number: 1, by: 'hanna', reason: 'It was withdrawn.' };
const steering: { args: [Steering] } = { args: [{ by: 'otto', reason: 'Something looks odd.' }] };

const begun = () =>
  bench.world
    .asked('step')
    .filter(({ step }) => step === 'check')
    .map(({ wave, batch }) => `w${wave}.b${batch}`);
/** What lists show of the cycle, in order. */
const shown = () =>
  bench.world
    .asked('project')
    .flatMap(({ change: { cycleChange } }) =>
      cycleChange?.status ? [`${cycleChange.status}: ${cycleChange.message}`] : [],
    );
const isShown = (what: string) =>
  bench.world.until('project', ({ change }) => change.cycleChange?.message?.includes(what) ?? false);
/** Two Regions with two batches each, of which one is under way. */
const inTwoRegions = () => {
  bench.world.plays({
    stages: [
      {
        name: 'prod',
        steps: { afterTasks: 1 },
        waves: [
          { batches: [2, 2], maxUnavailable: 2 },
          { region: 'us-east-1', zone: 'use1-az1', batches: [2, 2], maxUnavailable: 2 },
        ],
      },
    ],
  });
  bench.world.hold('install');
};

describe('A halt', () => {
  test('lets nothing new begin anywhere, finishes what was begun, and is lifted', async () => {
    const { world } = bench;
    inTwoRegions();
    const cycle = await bench.startCycle();
    await world.until('step', ({ step, wave }) => step === 'install' && wave === 1);
    await world.until('step', ({ step, wave }) => step === 'install' && wave === 2);
    await cycle.signal(halt, HALT);
    await isShown('Halted by hanna');
    world.release('install');
    await world.until('record', ({ wave }) => wave === 1);
    await world.until('record', ({ wave }) => wave === 2);
    expect(begun().sort()).toEqual(['w1.b1', 'w2.b1']);
    expect(world.steps('prod')).toEqual(expect.arrayContaining(['w1.b1.after-1', 'w2.b1.after-1']));
    expect(await cycle.query(cycleState)).toMatchObject({ status: 'paused', waitingFor: null });

    await cycle.signal(unhalt, LIFTED);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(begun().sort()).toEqual(['w1.b1', 'w1.b2', 'w2.b1', 'w2.b2']);
    expect(shown().slice(0, 2)).toEqual([
      'paused: Halted by hanna: A bad patch is out.',
      'running: The halt was lifted by hanna: It was withdrawn.',
    ]);
  });

  test('refuses a resume, and is not taken back by a halt that comes late', async () => {
    const { world } = bench;
    inTwoRegions();
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.signal(halt, HALT);
    await isShown('Halted by hanna');
    expect(await refusalOf(cycle.executeUpdate(resume, steering))).toBe('halted');
    await cycle.signal(unhalt, LIFTED);
    await cycle.signal(halt, HALT);
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test.each(['before', 'after'])('leaves a pause that an operator made %s it', async (when) => {
    const { world } = bench;
    inTwoRegions();
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    if (when === 'before') await cycle.executeUpdate(pause, steering);
    await cycle.signal(halt, HALT);
    await isShown('Halted by hanna');
    if (when === 'after') await cycle.executeUpdate(pause, steering);
    await cycle.signal(unhalt, LIFTED);
    await world.until('note', ({ message }) => message.startsWith('The halt was lifted by hanna'));
    expect(shown().at(-1)).toBe('paused: Paused by otto: Something looks odd.');
    world.release('install');
    await world.until('record', ({ wave }) => wave === 1);
    await world.until('record', ({ wave }) => wave === 2);
    expect(begun().sort()).toEqual(['w1.b1', 'w2.b1']);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('answers no question when it is lifted', async () => {
    const { world } = bench;
    world.plays({
      stages: [
        {
          name: 'prod',
          policy: { pauseAfterFailures: { nodes: 1 } },
          failures: { 'w1.b1': 1 },
          waves: [{ batches: [2, 2], maxUnavailable: 2 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    await world.until('webhook');
    await cycle.signal(halt, HALT);
    await isShown('Halted by hanna');
    await cycle.signal(unhalt, LIFTED);
    await world.until('note', ({ message }) => message.startsWith('The halt was lifted by hanna'));
    expect(await cycle.query(cycleState)).toMatchObject({ status: 'paused', waitingFor: { kind: 'operator' } });
    expect(begun()).toEqual(['w1.b1']);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed-with-failures' });
    expect(begun()).toEqual(['w1.b1', 'w1.b2']);
  });

  test('that nobody told the cycle of is found before its first stage, and before each further one', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev' }, { name: 'prod' }] });
    world.halts = { halt: HALT, lifted: 0 };
    const cycle = await bench.startCycle();
    await isShown('Halted by hanna');
    world.halts = { halt: null, lifted: 1 };
    world.hold('install');
    await cycle.signal(unhalt, LIFTED);
    await world.until('step', ({ step }) => step === 'install');
    world.halts = { halt: { ...HALT, number: 2, by: 'henry' }, lifted: 1 };
    world.release('install');
    await isShown('Halted by henry');
    expect(world.asked('prepare').map(({ stage }) => stage)).toEqual(['dev']);
    await cycle.signal(unhalt, { ...LIFTED, number: 2 });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('that is none is noted, and ignored', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('install');
    const cycle = await bench.startCycle();
    await world.until('step', ({ step }) => step === 'install');
    await cycle.signal('halt', 'now');
    await cycle.signal('unhalt');
    await world.until('note', ({ message }) => message.includes('A signal unhalt was ignored'));
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(world.notes()[0]).toContain('A signal halt was ignored');
  });
});
