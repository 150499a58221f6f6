import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { type AccountId, type NodeId, type Region, workflowIds } from '../../domain/ids.js';
import { type LeaseMessage, lease, leases, release, snapshotted, throttled } from '../../workflows/lease-messages.js';
import { type location, locationStart } from '../../workflows/location.js';
import { TASK_QUEUE } from '../../workflows/messages.js';
import { testBundle, timeSkippingTemporal } from '../support/temporal.js';

let environment: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  environment = await timeSkippingTemporal();
  worker = await Worker.create({
    connection: environment.nativeConnection,
    namespace: environment.namespace ?? 'default',
    taskQueue: TASK_QUEUE,
    workflowBundle: await testBundle(),
    activities: {
      endedOwners: async ({ owners }: { owners: readonly string[] }) => {
        const ended: string[] = [];
        for (const owner of owners) {
          const { status } = await environment.client.workflow.getHandle(owner).describe();
          if (status.name !== 'RUNNING') ended.push(owner);
        }
        return ended;
      },
    },
  });
  running = worker.run();
}, 120_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await environment.teardown();
});

test('a node that one wave has is given to the next one when it is given back', async () => {
  const { desk, a, b } = await locationWithWaves();
  await desk.signal(lease, wants(a, ['i-1', 'i-2']));
  await desk.signal(lease, wants(b, ['i-2']));
  expect(await holders(desk)).toEqual([a.workflowId]);

  await desk.signal(release, { owner: a.workflowId, batch: 1 });
  expect(await holders(desk)).toEqual([b.workflowId]);
});

test('a wave that ended without a word loses its nodes to who waits for them, a wave that lives never does', async () => {
  const { desk, a, b, c } = await locationWithWaves();
  await desk.signal(lease, wants(a, ['i-1']));
  await desk.signal(lease, wants(b, ['i-2']));
  await desk.signal(lease, wants(c, ['i-1', 'i-2']));
  await a.cancel();
  await environment.sleep('1 day');
  expect(await holders(desk)).toEqual([b.workflowId]);

  await b.cancel();
  await environment.sleep('31 minutes');
  expect(await holders(desk)).toEqual([c.workflowId]);
});

test('snapshots of all cycles together stay within the quota', async () => {
  const { desk, a, b } = await locationWithWaves();
  await desk.signal(lease, wants(a, ['i-1'], 80));
  await desk.signal(lease, wants(b, ['i-2'], 30));
  expect(await holders(desk)).toEqual([a.workflowId]);

  await desk.signal(snapshotted, { owner: a.workflowId, batch: 1 });
  expect(await holders(desk)).toEqual([a.workflowId, b.workflowId]);
});

test('after AWS asked to slow down, batches begin one by one, and later at full pace again', async () => {
  const { desk, a } = await locationWithWaves();
  await desk.signal(throttled, { owner: a.workflowId });
  for (let batch = 1; batch <= 3; batch++) await desk.signal(lease, { ...wants(a, [`i-${batch}`]), batch });
  expect(await holders(desk)).toEqual([]);
  await environment.sleep('3 seconds');
  expect(await holders(desk)).toHaveLength(1);

  await environment.sleep('5 minutes');
  for (let batch = 4; batch <= 5; batch++) await desk.signal(lease, { ...wants(a, [`i-${batch}`]), batch });
  expect(await holders(desk)).toHaveLength(5);
});

test('what is malformed is ignored', async () => {
  const { desk, a } = await locationWithWaves();
  for (const signal of ['lease', 'release', 'snapshotted']) {
    await desk.signal(signal, null);
    await desk.signal(signal, { owner: 7, nodes: 'i-1' });
  }
  await desk.signal(lease, wants(a, ['i-1']));
  expect(await holders(desk)).toEqual([a.workflowId]);
});

let places = 0;

/** A location, and three workflows that stand for waves: all that counts of those is that they are open. */
async function locationWithWaves() {
  places += 1;
  const open = (region: string): Promise<WorkflowHandle<typeof location>> => {
    const at = { account: '111122223333' as AccountId, region: `${region}-${places}` as Region };
    return environment.client.workflow.start<typeof location>('location', {
      workflowId: workflowIds.location(at),
      taskQueue: TASK_QUEUE,
      args: [locationStart(at, 100)],
    });
  };
  return { desk: await open('eu-west'), a: await open('wave-a'), b: await open('wave-b'), c: await open('wave-c') };
}

const wants = (owner: WorkflowHandle, nodes: readonly string[], snapshots = 0): LeaseMessage => ({
  owner: owner.workflowId,
  batch: 1,
  nodes: nodes as readonly NodeId[],
  snapshots,
  quota: 100,
});

/** Who has leases, once the location has had the time to think. */
async function holders(desk: WorkflowHandle<typeof location>): Promise<string[]> {
  await environment.sleep('100 milliseconds');
  return (await desk.query(leases)).leases.map(({ owner }) => owner);
}
