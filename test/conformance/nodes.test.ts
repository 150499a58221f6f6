import {
  CreateTagsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  paginateDescribeInstances,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  DescribeInstanceInformationCommand,
  ListTagsForResourceCommand,
  paginateDescribeInstanceInformation,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

test('instances are found by tag with wildcards, with zone ids and volumes', async () => {
  const { Reservations = [] } = await fleet.ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: 'tag:Name', Values: ['web-*'] }] }),
  );
  const instances = Reservations.flatMap(({ Instances }) => Instances ?? []);

  expect(instances.map(({ Placement }) => Placement)).toMatchObject([
    { AvailabilityZone: 'eu-west-1a', AvailabilityZoneId: 'euw1-az1' },
    { AvailabilityZone: 'eu-west-1b', AvailabilityZoneId: 'euw1-az2' },
  ]);
  expect(instances[0]).toMatchObject({
    State: { Name: 'running', Code: 16 },
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda' }, { DeviceName: '/dev/sdf' }],
    Tags: expect.arrayContaining([{ Key: 'Patch Group', Value: 'web' }]),
  });
  expect(instances[0]?.LaunchTime).toBeInstanceOf(Date);
});

test('lists are paged, EC2 and managed nodes alike', async () => {
  await fleet.close();
  fleet = await testFleet({ ...SMALL, groups: [{ name: 'many', os: 'amazon-linux-2023', count: 120 }] });
  const sizes = { ec2: [] as number[], ssm: [] as number[] };
  for await (const page of paginateDescribeInstances({ client: fleet.ec2, pageSize: 50 }, {})) {
    sizes.ec2.push(page.Reservations?.length ?? 0);
  }
  for await (const page of paginateDescribeInstanceInformation({ client: fleet.ssm }, {})) {
    sizes.ssm.push(page.InstanceInformationList?.length ?? 0);
  }

  expect(sizes).toEqual({ ec2: [50, 50, 20], ssm: [50, 50, 20] });
  await expect(fleet.ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 51 }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
  await expect(fleet.ssm.send(new DescribeInstanceInformationCommand({ NextToken: 'made-up' }))).rejects.toMatchObject({
    name: 'InvalidNextToken',
  });
});

test('volumes and zones are described', async () => {
  const { id, volumes } = await fleet.node('web-01');
  const { Volumes = [] } = await fleet.ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] }),
  );
  const { AvailabilityZones = [] } = await fleet.ec2.send(new DescribeAvailabilityZonesCommand({}));

  expect(Volumes.map(({ VolumeId }) => VolumeId)).toEqual(volumes.map((volume) => volume.id));
  expect(AvailabilityZones.map(({ ZoneName, ZoneId }) => `${ZoneName} ${ZoneId}`)).toEqual([
    'eu-west-1a euw1-az1',
    'eu-west-1b euw1-az2',
  ]);
});

test('an instance that is stopped is no managed node, and comes back with a new boot id when it is started', async () => {
  const { id, bootId } = await fleet.node('web-01');
  const InstanceIds = [id];
  const managed = async () => {
    const filter = { Filters: [{ Key: 'InstanceIds', Values: InstanceIds }] };
    const { InstanceInformationList } = await fleet.ssm.send(new DescribeInstanceInformationCommand(filter));
    return InstanceInformationList?.map((each) => each.PingStatus);
  };

  const { StoppingInstances } = await fleet.ec2.send(new StopInstancesCommand({ InstanceIds }));
  fleet.pass(60);
  const { InstanceStatuses } = await fleet.ec2.send(
    new DescribeInstanceStatusCommand({ InstanceIds, IncludeAllInstances: true }),
  );
  expect(StoppingInstances?.[0]?.CurrentState?.Name).toBe('stopping');
  expect(InstanceStatuses?.[0]?.InstanceState?.Name).toBe('stopped');
  expect(await managed()).toEqual([]);

  await fleet.ec2.send(new StartInstancesCommand({ InstanceIds }));
  fleet.pass(65);
  expect(await managed()).toEqual(['ConnectionLost']);
  fleet.pass(300);
  expect(await managed()).toEqual(['Online']);
  expect((await fleet.node('web-01')).bootId).not.toBe(bootId);
});

test('EC2 restarts an instance, and its agent is gone for a while', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  fleet.pass(300);

  expect((await fleet.ledger(`?node=${id}`)).map((entry) => entry.kind)).toEqual([
    'agent-lost',
    'reboot',
    'agent-back',
  ]);
});

test('tags of instances are changed by EC2, those of on-premises nodes by SSM', async () => {
  const [web, store] = await Promise.all([fleet.node('web-01'), fleet.node('store-01')]);
  const resource = { ResourceType: 'ManagedInstance', ResourceId: store.id } as const;
  await fleet.ec2.send(
    new CreateTagsCommand({ Resources: [web.id], Tags: [{ Key: 'patchtide:set-aside', Value: 'yes' }] }),
  );
  await fleet.ssm.send(new AddTagsToResourceCommand({ ...resource, Tags: [{ Key: 'Owner', Value: 'tills' }] }));
  const { TagList } = await fleet.ssm.send(new ListTagsForResourceCommand(resource));

  expect((await fleet.node('web-01')).tags).toMatchObject({ 'patchtide:set-aside': 'yes' });
  expect(TagList).toContainEqual({ Key: 'Owner', Value: 'tills' });
  expect(await fleet.ledger('?kind=tags-changed')).toHaveLength(2);
});

test('what is not there is refused with the codes of EC2', async () => {
  const describe = (InstanceIds: string[]) => fleet.ec2.send(new DescribeInstancesCommand({ InstanceIds }));
  const store = await fleet.node('store-01');

  await expect(describe(['i-00000000000000000'])).rejects.toMatchObject({ name: 'InvalidInstanceID.NotFound' });
  await expect(describe([store.id])).rejects.toMatchObject({ name: 'InvalidInstanceID.Malformed' });
  await expect(
    fleet.ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'colour', Values: ['blue'] }] })),
  ).rejects.toMatchObject({ name: 'InvalidParameterValue' });
});
