import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RollbackWave } from '../../activities/rollback-ports.js';
import type { AccountId, NodeId, PlanName, Region, StageName } from '../../domain/ids.js';
import { workflowIds } from '../../domain/ids.js';
import { answer, cancel, type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { ROLLBACK_START } from '../../workflows/rollback-messages.js';
import { requestFor } from '../support/cycle-request.js';
import type { RollbackScript } from '../support/fake-rollbacks.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const MINUTE = 60_000;
let bench: WorkflowBench;
// One for each test: the time-skipping server skips no more once a workflow, here a webhook's, has outlived its parent.
beforeEach(async () => {
  bench = await WorkflowBench.open();
});
afterEach(() => bench.close());

const wave = (number: number, batches: readonly number[], maxUnavailable: number, stage = 'prod'): RollbackWave => ({
  stage: stage as StageName,
  wave: number,
  account: '111122223333' as AccountId,
  region: 'eu-west-1' as Region,
  zone: `euw1-az${number}`,
  maxUnavailable,
  batches: batches.map((nodes, index) => ({ number: index + 1, nodes })),
});

let plans = 0;
async function rollBack(rollback: RollbackScript, takes: Readonly<Record<string, number>> = {}) {
  bench.world.plays({ stages: [], rollback, takes });
  plans += 1;
  const request = requestFor(`rollback-plan-${plans}` as PlanName);
  return bench.client.start<PatchtideWorkflows['rollBackNodes']>('rollBackNodes', {
    taskQueue: TASK_QUEUE,
    workflowId: workflowIds.rollback(workflowIds.cycle(request.plan, 1), 1),
    args: [{ request, number: 1, progress: ROLLBACK_START }],
  });
}
/** `prod.w1.b1.restore`, in order. */
const steps = () =>
  bench.world.journal.flatMap((entry) => {
    if (entry.what === 'rollback-step') return [`${entry.place}.${entry.step}`];
    return entry.what === 'rollback-record' ? [`${entry.place}.record`] : [];
  });
const ofBatch = (place: string) =>
  ['boot-before', 'restore', 'agent-back', 'boot-after', 'scan', 'record'].map((step) => `${place}.${step}`);

describe('a rollback', () => {
  test('goes wave by wave, batch by batch, and tells how many came back', async () => {
    const run = await rollBack({ waves: [wave(2, [1, 1], 1), wave(1, [1], 1)] });
    expect(await run.result()).toEqual({ status: 'rolled-back', message: '3 of 3 nodes rolled back, 0 lost.' });
    expect(steps()).toEqual([...ofBatch('prod.w2.b1'), ...ofBatch('prod.w2.b2'), ...ofBatch('prod.w1.b1')]);
  });

  test('takes as many batches at once as the wave may spare nodes, and no more', async () => {
    const run = await rollBack({ waves: [wave(1, [2, 2, 2], 4)] }, { restore: 10 * MINUTE });
    await run.result();
    const order = steps();
    const firstRecord = order.findIndex((step) => step.endsWith('.record'));
    expect(order.indexOf('prod.w1.b2.boot-before')).toBeLessThan(firstRecord);
    expect(order.indexOf('prod.w1.b3.boot-before')).toBeGreaterThan(firstRecord);
  });

  test('stops where nodes that did not come back leave no room, and says so of the rest', async () => {
    const run = await rollBack({ waves: [wave(2, [1, 1], 1), wave(1, [1], 1)], loses: { 'prod.w2.b1': 1 } });
    const { status, message } = await run.result();
    expect(status).toBe('failed');
    expect(message).toContain('1 nodes that the rollback took out of service did not come back');
    expect(steps()).toEqual(ofBatch('prod.w2.b1'));
    expect(bench.world.asked('rollback-ended')).toMatchObject([
      { reasonForRest: expect.stringContaining('leaves no room in the wave (at most 1)') },
    ]);
  });

  test('waits for nodes that another cycle has in hand', async () => {
    const run = await rollBack({ waves: [wave(1, [1], 1)], heldBy: ['patch-cycle/billing/7/dev/…'] });
    expect(await run.result()).toMatchObject({ status: 'rolled-back' });
    expect(steps()).toEqual(['prod.w1.b1.boot-before', ...ofBatch('prod.w1.b1')]);
  });

  test('that is cancelled finishes what it has begun, and leaves the rest', async () => {
    const run = await rollBack({ waves: [wave(1, [1, 1], 1)] }, { restore: 10 * MINUTE });
    bench.world.hold('restore');
    await bench.world.until('rollback-step', ({ step }) => step === 'restore');
    await run.cancel();
    bench.world.release('restore');
    expect(await run.result()).toMatchObject({ status: 'failed', message: expect.stringContaining('cancelled') });
    expect(steps()).toEqual(ofBatch('prod.w1.b1'));
  });

  test('says that it waits for AWS, and goes on when AWS answers', async () => {
    const run = await rollBack({ waves: [wave(1, [1], 1)] });
    bench.world.breaks('beginRollbackStep', 6, 'aws-unreachable');
    expect(await run.result()).toMatchObject({ status: 'rolled-back' });
    expect(bench.world.asked('outage').map(({ message }) => message)).toEqual(['AWS is out of reach.', null]);
  });

  test('raises the alarm for each batch that left nodes without a root volume', async () => {
    const [one, other] = ['i-1', 'i-2'] as NodeId[];
    if (!one || !other) throw new Error('There are two.');
    const detaches = { 'prod.w1.b1': [one], 'prod.w1.b2': [other] };
    const run = await rollBack({ waves: [wave(1, [1, 1], 4)], detaches });
    expect(await run.result()).toMatchObject({ status: 'failed' });
    const { world } = bench;
    await world.until('webhook', () => world.asked('webhook').length === 2);
    const alarms = world.asked('webhook').map(({ event }) => `${event.type} ${event.message.slice(0, 3)}`);
    expect(alarms.sort()).toEqual(['node-without-root-volume i-1', 'node-without-root-volume i-2']);
  });
});

describe('a stage with `onFailure: rollback`', () => {
  const policy = { onFailure: 'rollback', pauseAfterFailures: { nodes: 1 } } as const;
  const stage = {
    name: 'prod',
    policy,
    waves: [{ batches: [1] }, { batches: [1], zone: 'euw1-az2' }],
    failures: { 'w1.b1': 1 },
  };

  test('rolls back what it changed when failures stop it, and its cycle ends rolled back', async () => {
    const { world } = bench;
    world.plays({ stages: [stage], rollback: { waves: [wave(1, [1], 1)] } });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({
      status: 'rolled-back',
      message: '1 of 2 nodes of stage prod failed. 1 of 1 nodes rolled back, 0 lost.',
    });
    expect(world.steps('prod').filter((step) => step.startsWith('w2'))).toEqual([]);
    expect(world.asked('rollback-opened')).toMatchObject([{ stage: 'prod', by: 'patchtide' }]);
    expect(steps()).toEqual(ofBatch('prod.w1.b1'));
  });

  test('is what an operator may answer where the plan asks', async () => {
    const { world } = bench;
    const asking = { ...stage, policy: { ...policy, onFailure: 'ask' } } as const;
    world.plays({ stages: [asking, { name: 'after' }], rollback: { waves: [wave(1, [1], 1)] } });
    const cycle = await bench.startCycle();
    const back = { by: 'otto', reason: 'The till does not start.', action: 'rollback' } as const;
    expect(await bench.resultOf(cycle, () => cycle.executeUpdate(answer, { args: [back] }))).toEqual({
      status: 'rolled-back',
      message: 'Stopped and rolled back by otto: The till does not start. 1 of 1 nodes rolled back, 0 lost.',
    });
    expect(steps()).toEqual(ofBatch('prod.w1.b1'));
    expect([world.steps('prod').filter((step) => step.startsWith('w2')), world.steps('after')]).toEqual([[], []]);
  });

  test('fails where some could not go back, and says so', async () => {
    bench.world.plays({ stages: [stage], rollback: { waves: [wave(1, [1], 1)], loses: { 'prod.w1.b1': 1 } } });
    const result = await (await bench.startCycle()).result();
    expect(result).toEqual({
      status: 'failed',
      message: '1 of 2 nodes of stage prod failed. 0 of 1 nodes rolled back, 1 lost.',
    });
  });

  test('fails where there is nothing to go back to, and says so', async () => {
    bench.world.plays({ stages: [stage], rollback: { waves: [] } });
    const result = await (await bench.startCycle()).result();
    expect(result).toEqual({
      status: 'failed',
      message: '1 of 2 nodes of stage prod failed. Nothing was rolled back: It had changed no node.',
    });
  });

  test('is not cancelled out of its rollback', async () => {
    const { world } = bench;
    world.plays({ stages: [stage], rollback: { waves: [wave(1, [1], 1)] } });
    world.hold('restore');
    const cycle = await bench.startCycle();
    await world.until('rollback-step', ({ step }) => step === 'restore');
    await cycle.executeUpdate(cancel, { args: [{ by: 'olga', reason: 'Too slow' }] });
    world.release('restore');
    await cycle.result();
    expect(steps()).toEqual(ofBatch('prod.w1.b1'));
  });
});
