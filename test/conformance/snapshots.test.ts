import {
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  paginateDescribeSnapshots,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { REGION, SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

async function create(name: string, key = 'key-1') {
  const { id } = await fleet.node(name);
  const Tags = [{ Key: 'patchtide:key', Value: key }];
  const request = {
    InstanceSpecification: { InstanceId: id },
    TagSpecifications: [{ ResourceType: 'snapshot' as const, Tags }],
  };
  return (await fleet.ec2.send(new CreateSnapshotsCommand(request))).Snapshots ?? [];
}

async function find(key = 'key-1') {
  const Filters = [{ Name: 'tag:patchtide:key', Values: [key] }];
  return (await fleet.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }))).Snapshots ?? [];
}

test('all volumes of an instance are taken at once, and are complete after a while', async () => {
  const made = await create('web-01');
  const pending = await find();
  fleet.pass(200);
  const completed = await find();

  expect(made).toHaveLength(2);
  expect(pending.map(({ State }) => State)).toEqual(['pending', 'pending']);
  expect(completed.map(({ State, Progress }) => `${State} ${Progress}`)).toEqual(['completed 100%', 'completed 100%']);
  const { id, volumes } = await fleet.node('web-01');
  const ledger = await fleet.ledger(`?node=${id}`);
  expect(ledger.map(({ kind, volume }) => `${kind} ${String(volume)}`).sort()).toEqual(
    ['snapshot-completed', 'snapshot-created'].flatMap((kind) => volumes.map((each) => `${kind} ${each.id}`)).sort(),
  );
  expect(ledger.find(({ kind }) => kind === 'snapshot-created')?.tags).toEqual({ 'patchtide:key': 'key-1' });
});

test('a snapshot can end in error, or never', async () => {
  await fleet.fault({ fault: 'snapshot-error', node: 'web-01', times: 2 });
  await fleet.fault({ fault: 'snapshot-stuck', node: 'web-02', times: 2 });
  await create('web-01', 'broken');
  await create('web-02', 'stuck');
  fleet.pass(20_000);

  expect((await find('broken')).map(({ State }) => State)).toEqual(['error', 'error']);
  expect((await find('stuck')).map(({ State }) => State)).toEqual(['pending', 'pending']);
});

test('pending snapshots have a quota, for a volume and for a location', async () => {
  for (let count = 0; count < 5; count += 1) await create('web-01');
  await expect(create('web-01')).rejects.toMatchObject({ name: 'ConcurrentSnapshotLimitExceeded' });

  await fleet.close();
  const [account] = SMALL.accounts;
  if (!account) throw new Error('no account');
  const zones = account.regions[REGION]?.zones ?? {};
  fleet = await testFleet({
    ...SMALL,
    accounts: [{ ...account, regions: { [REGION]: { zones, pendingSnapshots: 3 } } }],
  });
  await create('web-01');
  await expect(create('web-02')).rejects.toMatchObject({ name: 'PendingSnapshotLimitExceeded' });
});

test('snapshots are listed in pages and deleted', async () => {
  for (const name of ['web-01', 'web-02', 'api-01']) await create(name);
  const sizes = [];
  for await (const page of paginateDescribeSnapshots({ client: fleet.ec2, pageSize: 5 }, { OwnerIds: ['self'] })) {
    sizes.push(page.Snapshots?.length);
  }
  const [first] = await find();
  await fleet.ec2.send(new DeleteSnapshotCommand({ SnapshotId: first?.SnapshotId }));

  expect(sizes).toEqual([5, 1]);
  expect(await find()).toHaveLength(5);
});
