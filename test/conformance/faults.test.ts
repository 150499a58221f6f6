import { CreateSnapshotsCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, ListCommandsCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

const list = () => fleet.ssm.send(new DescribeInstanceInformationCommand({}));
const instances = () => fleet.ec2.send(new DescribeInstancesCommand({}));

test.each([
  ['throttle', 'ThrottlingException', 'RequestLimitExceeded'],
  ['deny', 'AccessDeniedException', 'UnauthorizedOperation'],
  ['error-500', 'InternalServerError', 'InternalError'],
] as const)('%s answers with the code of the service, as often as asked', async (fault, ssm, ec2) => {
  await fleet.fault({ fault, times: 2 });

  await expect(list()).rejects.toMatchObject({ name: ssm });
  await expect(instances()).rejects.toMatchObject({ name: ec2 });
  await list();
  await instances();
});

test('a lost reply has its effect all the same, once', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.fault({ fault: 'lose-reply', operation: 'SendCommand', contains: 'key-1' });

  await fleet.send('AWS-RunShellScript', [id], { commands: ['true'] }, 'key-0');
  await expect(fleet.send('AWS-RunShellScript', [id], { commands: ['true'] }, 'key-1')).rejects.toThrow(
    'socket hang up',
  );
  const { Commands = [] } = await fleet.ssm.send(new ListCommandsCommand({}));
  expect(Commands.map(({ Comment = '' }) => Comment).toSorted()).toEqual(['key-0', 'key-1']);
});

test('a location that is down hangs up and does nothing', async () => {
  await fleet.fault({ fault: 'down', region: 'eu-west-*', always: true });
  const { id } = await fleet.node('web-01');
  const create = () => fleet.ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: id } }));

  await expect(create()).rejects.toThrow('socket hang up');
  await expect(list()).rejects.toThrow('socket hang up');
  expect(await fleet.ledger('?kind=snapshot-created')).toEqual([]);
  await fleet.control('DELETE', '/faults');
  await create();
});

test('an answer can come too late', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.fault({ fault: 'time-out', operation: 'CreateSnapshots', delayMs: 60_000 });
  const abortSignal = AbortSignal.timeout(50);

  await expect(
    fleet.ec2.send(new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: id } }), { abortSignal }),
  ).rejects.toMatchObject({ name: 'AbortError' });
  expect(await fleet.ledger('?kind=snapshot-created')).toHaveLength(2);
});

test('credentials expire in the middle', async () => {
  await fleet.fault({ fault: 'expire-credentials', operation: 'DescribeInstanceInformation' });

  await expect(list()).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  await expect(list()).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('an install fails on demand', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.fault({ fault: 'install-fails', node: id });

  expect(await fleet.run('AWS-RunPatchBaseline', id, { Operation: ['Install'] })).toMatchObject({ Status: 'Failed' });
  expect(await fleet.ledger('?kind=patches-installed')).toEqual([]);
  expect(await fleet.run('AWS-RunPatchBaseline', id, { Operation: ['Install'] })).toMatchObject({ Status: 'Success' });
});

test('a change of speed reaches what is under way', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.control('POST', '/clock', { speed: 1 });
  await fleet.send('AWS-RunPatchBaseline', [id], { Operation: ['Scan'] });
  fleet.passWall(2);
  expect(await fleet.ledger('?kind=command-ended')).toEqual([]);
  await fleet.control('POST', '/clock', { speed: 1_000 });
  fleet.passWall(1);

  expect(await fleet.ledger('?kind=command-ended')).toHaveLength(1);
});

test('a fault that nobody knows is refused with its reason', async () => {
  await expect(fleet.control('POST', '/faults', { fault: 'gremlin' })).rejects.toThrow('Invalid option');
});
