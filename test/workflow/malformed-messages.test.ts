import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type StageName, workflowIds } from '../../domain/ids.js';
import { type CycleHandle, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const RUNNING = { stages: [{ name: 'prod' }] };
const payloads = {
  json: (value: unknown) => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify(value)),
  }),
  'not JSON': { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{ "stage": ') },
  'an unknown encoding': { metadata: { encoding: Buffer.from('binary/unheard-of') }, data: Buffer.from('??') },
  'no encoding': { metadata: {}, data: Buffer.from('??') },
};
type RawPayload = { metadata: Record<string, Buffer>; data: Buffer };

/** Sends a signal as Temporal's CLI does: whatever the person gave. */
const signalRaw = (workflowId: string, signalName: string, ...raw: RawPayload[]) =>
  bench.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName,
    input: { payloads: raw },
  });

/** The cycle, its stage and the stage's wave, held in an install. */
async function cycleInMidInstall(): Promise<{ cycle: CycleHandle; stage: string; wave: string }> {
  bench.world.plays(RUNNING);
  bench.world.hold('install');
  const cycle = await bench.startCycle();
  await bench.world.until('step', ({ step }) => step === 'install');
  const stage = workflowIds.stage(cycle.workflowId, 'prod' as StageName);
  const [wave] = await bench.childrenOf(stage, 'patchWave');
  return { cycle, stage, wave: wave?.workflowId ?? '' };
}

async function failedTasks(...workflowIds: string[]): Promise<number> {
  let failed = 0;
  for (const workflowId of workflowIds) {
    const { events } = await bench.client.getHandle(workflowId).fetchHistory();
    failed += (events ?? []).filter((event) => event.workflowTaskFailedEventAttributes).length;
  }
  return failed;
}

/** The cycle goes on to its end, and no workflow task has failed on the way. */
async function endsWell({ cycle, stage, wave }: Awaited<ReturnType<typeof cycleInMidInstall>>): Promise<void> {
  bench.world.release('install');
  expect(await cycle.result()).toEqual({ status: 'completed', message: '' });
  expect(await failedTasks(cycle.workflowId, stage, wave)).toBe(0);
}

describe('a signal decideStage', () => {
  test.each([
    ['without a payload', []],
    ['that is a text', [payloads.json('approve')]],
    ['that is null', [payloads.json(null)]],
    ['that is a list', [payloads.json([{}])]],
    ['with fields of wrong types', [payloads.json({ stage: 7, decision: true })]],
    ['without a manifest', [payloads.json({ stage: 'prod', decision: 'approve', by: 'anna', reason: 'Yes.' })]],
    ['with a payload that is not JSON', [payloads['not JSON']]],
    ['with a payload in an unknown encoding', [payloads['an unknown encoding']]],
    ['with a payload without an encoding', [payloads['no encoding']]],
  ] as [string, RawPayload[]][])('%s is noted, and the cycle goes on', async (_, raw) => {
    const running = await cycleInMidInstall();
    await signalRaw(running.cycle.workflowId, 'decideStage', ...raw);
    const { message } = await bench.world.until('note');
    expect(message).toMatch(/^A signal decideStage was ignored: .*expected/);
    await endsWell(running);
  });
});

describe('what nobody but a workflow should send', () => {
  test('is noted on the cycle where it is not known there', async () => {
    const running = await cycleInMidInstall();
    await signalRaw(running.cycle.workflowId, 'aproveStage', payloads['an unknown encoding']);
    const { message } = await bench.world.until('note');
    expect(message).toBe('A signal aproveStage was ignored: this cycle knows no such signal.');
    await endsWell(running);
  });

  test.each(['cycle askOperator', 'stage setPaused', 'stage waveProgress', 'stage decideBySignal', 'wave steerWave'])(
    'is ignored where it cannot be understood: %s',
    async (what) => {
      const [to, name] = what.split(' ') as ['cycle' | 'stage' | 'wave', string];
      const running = await cycleInMidInstall();
      const workflowId = to === 'cycle' ? running.cycle.workflowId : running[to];
      await signalRaw(workflowId, name);
      await signalRaw(workflowId, name, payloads.json('nonsense'));
      await signalRaw(workflowId, name, payloads['not JSON']);
      if (to !== 'wave') await bench.world.until('note', ({ message }) => message.startsWith(`A signal ${name} was`));
      await endsWell(running);
    },
  );

  test.each(['pause', 'resume', 'cancel'])(
    'as the update %s without a person and a reason is refused',
    async (name) => {
      const running = await cycleInMidInstall();
      for (const steering of [undefined, 'nonsense', { by: 'otto' }]) {
        await expect(running.cycle.executeUpdate(name, { args: [steering] })).rejects.toMatchObject({
          cause: { type: 'malformed' },
        });
      }
      await endsWell(running);
    },
  );

  test('as the update decide without a decision is refused', async () => {
    const running = await cycleInMidInstall();
    const stage = bench.client.getHandle(running.stage);
    await expect(stage.executeUpdate('decide', { args: [] })).rejects.toMatchObject({ cause: { type: 'malformed' } });
    await endsWell(running);
  });
});
