import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pause, resume, type Steering, setPaused, steerWave } from '../../workflows/messages.js';
import { testBundle } from '../support/temporal.js';
import { WorkflowBench } from '../support/workflow-bench.js';

/* Children that run for a second before their parents hear that they have started. The server's clock says which second. */

const STARTED = 'const firstExecutionRunId = await started;';

let bench: WorkflowBench;
beforeAll(async () => {
  const { code } = await testBundle();
  expect(code).toContain(STARTED);
  bench = await WorkflowBench.open();
  await bench.stopWorker();
  await bench.startWorker({ bundle: { code: code.replace(STARTED, `${STARTED} await sleep(1_000);`) } });
});
afterAll(() => bench.close());

const steering: { args: [Steering] } = { args: [{ by: 'otto', reason: 'Something looks odd.' }] };

/** Lets a second pass, and more, and waits until the signal has come. */
async function hears(workflowId: string, signal: { readonly name: string }): Promise<void> {
  await bench.environment.sleep(2_000);
  for (;;) {
    const { events } = await bench.client.getHandle(workflowId).fetchHistory();
    const signals = (events ?? []).map((event) => event.workflowExecutionSignaledEventAttributes?.signalName);
    if (signals.includes(signal.name)) return;
  }
}
const begun = () =>
  bench.world
    .asked('step')
    .filter(({ step }) => step === 'check')
    .map(({ batch }) => batch);

describe('a cycle that is paused', () => {
  test('while its stage starts tells it as soon as it can: the stage prepares, and begins nothing', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('selectStage');
    const cycle = await bench.startCycle();
    const stage = `${cycle.workflowId}/prod`;
    await world.until('project', ({ change }) => change.stageChange?.status === 'preparing');
    await cycle.executeUpdate(pause, steering);
    await hears(stage, setPaused);
    world.release('selectStage');
    await world.until('prepare');
    await bench.environment.sleep(60_000);
    expect(await bench.childrenOf(stage, 'patchWave')).toEqual([]);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(begun()).toEqual([1]);
  });

  test('while a wave starts holds its second batch back', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod', waves: [{ batches: [2, 2], maxUnavailable: 2 }] }] });
    world.hold('beginStep');
    const cycle = await bench.startCycle();
    const stage = `${cycle.workflowId}/prod`;
    await bench.environment.sleep(1_000);
    await world.until('project', ({ change }) => change.waves?.[0]?.status === 'patching');
    await cycle.executeUpdate(pause, steering);
    const initiated = (await bench.client.getHandle(stage).fetchHistory()).events ?? [];
    const wave = initiated.find(
      (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name === 'patchWave',
    );
    await hears(wave?.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId ?? '', steerWave);
    world.release('beginStep');
    await world.until('record');
    await bench.environment.sleep(60_000);
    expect(begun()).toEqual([1]);
    await cycle.executeUpdate(resume, steering);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(begun()).toEqual([1, 2]);
  });
});
