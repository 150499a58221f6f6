import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Location, PlanName } from '../../domain/ids.js';
import { type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const TWO_LOCATIONS = { stages: [{ name: 'prod', waves: [{}, { region: 'us-east-1' }] }] };

describe('a scan of the fleet', () => {
  const scan = (id: string, locations: readonly Location[] | null) =>
    bench.client.execute<PatchtideWorkflows['scanFleet']>('scanFleet', {
      taskQueue: TASK_QUEUE,
      workflowId: `fleet-scan/${id}`,
      args: [{ id, requestedBy: 'vera', locations }],
    });

  test('adds up over its locations: what a cycle is at work on keeps its last scan, what could not be scanned is unknown', async () => {
    bench.world.plays(TWO_LOCATIONS);
    const expected = { nodes: 8, scanned: 4, busy: 2, unknown: 2, problems: [] };
    expect(await scan('all', null)).toEqual(expected);
    expect(bench.world.asked('fleet-scanned').map(({ result }) => result)).toEqual([expected]);
    expect(bench.world.asked('scan').map(({ of }) => of)).toEqual(['scan-all', 'scan-all']);
  });

  test('keeps to the locations that it was given', async () => {
    bench.world.plays(TWO_LOCATIONS);
    const there = [{ account: '111122223333', region: 'us-east-1' }] as unknown as Location[];
    expect(await scan('one', there)).toMatchObject({ nodes: 4, scanned: 2, busy: 1, unknown: 1 });
    expect(bench.world.asked('scan').map(({ place }) => place)).toEqual(['111122223333/us-east-1']);
  });

  test('waits for AWS as a cycle does', async () => {
    bench.world.plays(TWO_LOCATIONS);
    bench.world.breaks('beginScan', 9, 'aws-throttled');
    expect(await scan('throttled', null)).toMatchObject({ scanned: 4 });
  });
});

describe('the daily expiry of snapshots', () => {
  const expire = (id: string) =>
    bench.client.execute<PatchtideWorkflows['expireSnapshots']>('expireSnapshots', {
      taskQueue: TASK_QUEUE,
      workflowId: `snapshot-expiry/${id}`,
      args: [],
    });

  test('goes on in each location until nothing is due there any more', async () => {
    bench.world.plays({ dueSnapshots: { '111122223333/eu-west-1': 450, '111122223333/us-east-1': 3 }, stages: [] });
    expect(await expire('all')).toMatchObject({ deleted: 453, gib: 8 * 453, kept: 2 });
    const asked = bench.world.asked('expire').map(({ place, deleted }) => `${place} ${deleted}`);
    expect(asked.toSorted()).toEqual([
      '111122223333/eu-west-1 200',
      '111122223333/eu-west-1 200',
      '111122223333/eu-west-1 50',
      '111122223333/us-east-1 3',
    ]);
  });

  test('names what AWS would not delete once, and a location that it could not reach', async () => {
    bench.world.plays({ dueSnapshots: { '111122223333/eu-west-1': 1, '111122223333/us-east-1': 3 }, stages: [] });
    bench.world.breaks('expireSnapshots 111122223333/us-east-1', 9, 'aws-denied', 'The role may not.');
    expect(await expire('partly')).toEqual({
      deleted: 1,
      gib: 8,
      kept: 1,
      problems: [
        '111122223333 in eu-west-1: snap-image cannot be deleted, since something in AWS uses it.',
        '111122223333 in us-east-1: The role may not.',
      ],
    });
  });
});

describe("a plan's schedule", () => {
  const start = (plan: string) =>
    bench.client.execute<PatchtideWorkflows['startPlannedCycle']>('startPlannedCycle', {
      taskQueue: TASK_QUEUE,
      workflowId: `patch-plan-start/${plan}`,
      args: [{ plan: plan as PlanName }],
    });

  test('starts a cycle and leaves it running', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.hold('install');
    expect(await start('by-itself')).toBe('Started cycle by-itself-1.');
    expect(world.asked('reserve')).toMatchObject([{ idempotencyKey: 'patch-plan-start/by-itself' }]);
    const cycle = bench.client.getHandle<PatchtideWorkflows['patchCycle']>('patch-cycle/by-itself/1');
    expect((await cycle.describe()).status.name).toBe('RUNNING');
    world.release('install');
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('says why where it starts none', async () => {
    bench.world.plays({ stages: [{ name: 'prod' }] });
    bench.world.busyWith = 'busy-41';
    expect(await start('busy')).toBe('Not started: busy-41 is still running.');
    expect(bench.world.asked('open-cycle')).toEqual([]);
  });
});
