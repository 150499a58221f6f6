import {
  CreateReplaceRootVolumeTaskCommand,
  CreateSnapshotsCommand,
  DescribeInstancesCommand,
  DescribeReplaceRootVolumeTasksCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  RebootInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FleetNode } from '../../simulator/index.js';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
let node: FleetNode;
beforeEach(async () => {
  fleet = await testFleet();
  node = await fleet.node('web-01');
});
afterEach(() => fleet.close());

const now = () => fleet.node('web-01');
const versionsOf = ({ packages }: FleetNode) =>
  Object.fromEntries(Object.entries(packages).map(([id, { version }]) => [id, version]));
const rootOf = ({ volumes }: FleetNode) => volumes.find((volume) => volume.root)?.id;

/** A completed snapshot of the root volume. */
async function snapshotRoot({ id }: FleetNode): Promise<string> {
  const InstanceSpecification = { InstanceId: id };
  const { Snapshots = [] } = await fleet.ec2.send(new CreateSnapshotsCommand({ InstanceSpecification }));
  fleet.pass(200);
  return Snapshots[0]?.SnapshotId ?? '';
}

async function replace(more: { SnapshotId?: string; ClientToken?: string; DeleteReplacedRootVolume?: boolean } = {}) {
  const request = { InstanceId: node.id, ...more };
  return (await fleet.ec2.send(new CreateReplaceRootVolumeTaskCommand(request))).ReplaceRootVolumeTask;
}

async function tasks() {
  const Filters = [{ Name: 'instance-id', Values: [node.id] }];
  return (await fleet.ec2.send(new DescribeReplaceRootVolumeTasksCommand({ Filters }))).ReplaceRootVolumeTasks ?? [];
}
const states = async () => (await tasks()).map(({ TaskState }) => TaskState);

const install = () => fleet.run('AWS-RunPatchBaseline', node.id, { Operation: ['Install'] });

/** Steps of ten seconds of fleet time, and the states that were seen on the way. */
async function course(): Promise<(string | undefined)[]> {
  const seen = await states();
  for (let step = 0; step < 30; step += 1) {
    fleet.pass(10);
    const [state] = await states();
    if (state !== seen.at(-1)) seen.push(state);
  }
  return seen;
}

describe('a root volume that is replaced from a snapshot', () => {
  test('brings back the packages that the node had then, after a restart', async () => {
    const before = await now();
    const SnapshotId = await snapshotRoot(node);
    await install();
    const patched = await now();
    await replace({ SnapshotId });
    const seen = await course();
    fleet.pass(300);
    const restored = await now();

    expect(seen).toEqual(['pending', 'in-progress', 'succeeded']);
    expect(versionsOf(patched)).not.toEqual(versionsOf(before));
    expect(versionsOf(restored)).toEqual(versionsOf(before));
    expect(restored.bootId).not.toBe(patched.bootId);
    expect(restored.agentOnline).toBe(true);
    const effects = (await fleet.ledger(`?node=${node.id}`)).map(({ kind }) => kind);
    expect(effects.slice(effects.indexOf('root-volume-task-started'))).toEqual([
      'root-volume-task-started',
      'agent-lost',
      'root-volume-replaced',
      'reboot',
      'agent-back',
    ]);
  });

  test('is shown by the instance, and the old one is kept or deleted as asked', async () => {
    const SnapshotId = await snapshotRoot(node);
    const first = rootOf(node);
    await replace({ SnapshotId });
    fleet.pass(600);
    const second = rootOf(await now());
    await replace({ SnapshotId, DeleteReplacedRootVolume: true });
    fleet.pass(600);
    const third = rootOf(await now());

    const { Reservations } = await fleet.ec2.send(new DescribeInstancesCommand({ InstanceIds: [node.id] }));
    const mappings = Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings ?? [];
    expect(mappings.map(({ Ebs }) => Ebs?.VolumeId)).toContain(third);
    const { Volumes = [] } = await fleet.ec2.send(new DescribeVolumesCommand({}));
    const state = (id: string | undefined) => Volumes.find(({ VolumeId }) => VolumeId === id)?.State;
    expect([first, second, third].map(state)).toEqual(['available', undefined, 'in-use']);
    expect(Volumes.find(({ VolumeId }) => VolumeId === third)?.SnapshotId).toBe(SnapshotId);
  });

  test('is one task for one token, and another request under the token is refused', async () => {
    const SnapshotId = await snapshotRoot(node);
    const first = await replace({ SnapshotId, ClientToken: 'token-1' });
    const again = await replace({ SnapshotId, ClientToken: 'token-1' });

    expect(again?.ReplaceRootVolumeTaskId).toBe(first?.ReplaceRootVolumeTaskId);
    expect(first).toMatchObject({ InstanceId: node.id, TaskState: 'pending', StartTime: expect.any(String) });
    await expect(replace({ ClientToken: 'token-1' })).rejects.toMatchObject({ name: 'IdempotentParameterMismatch' });
    await expect(replace({ SnapshotId })).rejects.toMatchObject({ name: 'IncorrectState' });
    fleet.pass(600);
    await replace({ SnapshotId, ClientToken: 'token-1' });
    expect(await fleet.ledger('?kind=root-volume-task-started')).toHaveLength(1);
  });

  test('takes only a completed snapshot of a root volume of that instance', async () => {
    const other = await snapshotRoot(await fleet.node('web-02'));
    await expect(replace({ SnapshotId: other })).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(replace({ SnapshotId: 'snap-00000000000000000' })).rejects.toMatchObject({
      name: 'InvalidSnapshot.NotFound',
    });
    await fleet.fault({ fault: 'snapshot-slow', node: 'web-01', times: 2 });
    const slow = await snapshotRoot(node);
    await expect(replace({ SnapshotId: slow })).rejects.toMatchObject({ name: 'IncorrectState' });
    fleet.pass(3_000);
    const { Snapshots } = await fleet.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [slow] }));
    expect(Snapshots?.[0]?.State).toBe('completed');
    await replace({ SnapshotId: slow });
  });
});

test('without a snapshot the node goes back to how it was launched', async () => {
  const launched = versionsOf(node);
  await install();
  await replace();
  fleet.pass(600);

  expect(versionsOf(await now())).toEqual(launched);
});

describe('a replacement that fails', () => {
  test('leaves the old volume and the running node alone', async () => {
    await fleet.fault({ fault: 'restore-fails', node: 'web-01' });
    await replace();

    expect(await course()).toEqual(['pending', 'failing', 'failed']);
    expect(await now()).toMatchObject({ bootId: node.bootId, agentOnline: true, volumes: node.volumes });
    expect(await fleet.ledger('?kind=root-volume-task-failed')).toMatchObject([{ node: node.id, state: 'failed' }]);
  });

  test('leaves a dead node without a root volume where it was detached', async () => {
    await fleet.fault({ fault: 'restore-fails-detached', node: 'web-01' });
    await replace();
    const seen = await course();
    await fleet.ec2.send(new RebootInstancesCommand({ InstanceIds: [node.id] }));
    fleet.pass(10_000);
    const left = await now();

    expect(seen).toEqual(['pending', 'in-progress', 'failing', 'failed-detached']);
    expect(left.agentOnline).toBe(false);
    expect(rootOf(left)).toBeUndefined();
    const { Volumes = [] } = await fleet.ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.find(({ VolumeId }) => VolumeId === rootOf(node))?.State).toBe('available');
    await expect(replace()).rejects.toMatchObject({ name: 'IncorrectState' });
  });

  test('may never end', async () => {
    await fleet.fault({ fault: 'restore-stuck', node: 'web-01' });
    await replace();
    fleet.pass(100_000);

    expect(await states()).toEqual(['in-progress']);
    expect((await tasks())[0]?.CompleteTime).toBeUndefined();
  });
});

test('tasks are listed in pages', async () => {
  for (let count = 0; count < 3; count += 1) {
    await replace();
    fleet.pass(600);
  }
  const first = await fleet.ec2.send(new DescribeReplaceRootVolumeTasksCommand({ MaxResults: 2 }));
  const { NextToken } = first;
  const second = await fleet.ec2.send(
    new DescribeReplaceRootVolumeTasksCommand({ MaxResults: 2, ...(NextToken ? { NextToken } : {}) }),
  );

  expect([first, second].map(({ ReplaceRootVolumeTasks }) => ReplaceRootVolumeTasks?.length)).toEqual([2, 1]);
});
