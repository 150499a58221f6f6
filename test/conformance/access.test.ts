import { DescribeInstancesCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand, GetInventoryCommand } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ACCOUNT, REGION, SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

test('base credentials belong to the hub, which has no nodes', async () => {
  const ec2 = new EC2Client({
    endpoint: fleet.url,
    region: REGION,
    credentials: { accessKeyId: 'AKIAHUB', secretAccessKey: 'hub' },
  });

  expect(await fleet.hub.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: '999900001111' });
  expect(await ec2.send(new DescribeInstancesCommand({}))).toMatchObject({ Reservations: [] });
  ec2.destroy();
});

test.each([
  ['a wrong external id', `arn:aws:iam::${ACCOUNT}:role/Patchtide`, 'guessed'],
  ['no external id', `arn:aws:iam::${ACCOUNT}:role/Patchtide`, undefined],
  ['a role that is not there', `arn:aws:iam::${ACCOUNT}:role/Other`, 'shop-external'],
])('AssumeRole with %s is denied', async (_title, RoleArn, ExternalId) => {
  const request = new AssumeRoleCommand({ RoleArn, ExternalId, RoleSessionName: 'test' });

  await expect(fleet.hub.send(request)).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('a chained role lasts an hour at most', async () => {
  const RoleArn = `arn:aws:iam::${ACCOUNT}:role/Patchtide`;
  const request = { RoleArn, ExternalId: 'shop-external', RoleSessionName: 'test' };

  await expect(fleet.hub.send(new AssumeRoleCommand({ ...request, DurationSeconds: 7200 }))).rejects.toMatchObject({
    name: 'ValidationError',
  });
});

test('credentials expire by the wall clock', async () => {
  await fleet.ssm.send(new DescribeInstanceInformationCommand({}));
  fleet.passWall(3601);

  await expect(fleet.ssm.send(new DescribeInstanceInformationCommand({}))).rejects.toMatchObject({
    name: 'ExpiredTokenException',
  });
  await expect(fleet.ec2.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({ name: 'RequestExpired' });
});

test('an operation that the fleet does not know gets the error of its service', async () => {
  await expect(fleet.ssm.send(new GetInventoryCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
  });
  await expect(fleet.ec2.send(new DescribeVpcsCommand({}))).rejects.toMatchObject({ name: 'InvalidAction' });
  await expect(fleet.hub.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({ name: 'InvalidAction' });
});

test('a location that runs out of calls is throttled, and recovers with the wall clock', async () => {
  await fleet.close();
  fleet = await testFleet({
    ...SMALL,
    limits: { ssm: { capacity: 2, refill: 1 }, 'ec2-describe': { capacity: 1, refill: 1 } },
  });
  const ask = () => fleet.ssm.send(new DescribeInstanceInformationCommand({}));
  await ask();
  await ask();

  await expect(ask()).rejects.toMatchObject({ name: 'ThrottlingException' });
  await fleet.ec2.send(new DescribeInstancesCommand({}));
  await expect(fleet.ec2.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
    name: 'RequestLimitExceeded',
  });
  fleet.passWall(1);
  await ask();

  expect(await fleet.control('GET', '/calls')).toContainEqual(
    expect.objectContaining({
      operation: 'DescribeInstanceInformation',
      account: ACCOUNT,
      region: REGION,
      count: 4,
      throttled: 1,
    }),
  );
});
