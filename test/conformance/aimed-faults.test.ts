import { CreateSnapshotsCommand, DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type TestFleet, testFleet } from './fleet.js';

const KEY = 'patchtide/shop-1/prod/w1.b2.install';
let fleet: TestFleet;
let id: string;
beforeEach(async () => {
  fleet = await testFleet();
  ({ id } = await fleet.node('web-01'));
});
afterEach(() => fleet.close());

const send = (key: string) => fleet.send('AWS-RunShellScript', [id], { commands: ['true'] }, key);
const accepted = async () => (await fleet.ledger('?kind=command-accepted')).map(({ key }) => key);
const snapshot = (key: string) => {
  const Tags = [{ Key: 'patchtide:key', Value: key }];
  return fleet.ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: id },
      TagSpecifications: [{ ResourceType: 'snapshot', Tags }],
    }),
  );
};

test('a fault strikes the n-th call of one operation for one key, and no other', async () => {
  await fleet.fault({ fault: 'throttle', match: { operation: 'SendCommand', key: KEY, nth: 2 } });

  await send(KEY);
  await send(`${KEY}er`);
  await send(`x/${KEY}`);
  await fleet.ssm.send(new DescribeInstanceInformationCommand({}));
  await expect(send(KEY)).rejects.toMatchObject({ name: 'ThrottlingException' });
  await send(KEY);
  expect(await accepted()).toEqual([KEY, `${KEY}er`, `x/${KEY}`, KEY]);
});

test('a key is found in every protocol', async () => {
  for (const operation of ['CreateSnapshots', 'DescribeSnapshots', 'PutObject'])
    await fleet.fault({ fault: 'lose-reply', match: { operation, key: KEY } });

  await snapshot('another');
  await expect(snapshot(KEY)).rejects.toThrow('socket hang up');
  const Filters = [{ Name: 'tag:patchtide:key', Values: [KEY] }];
  await expect(fleet.ec2.send(new DescribeSnapshotsCommand({ Filters }))).rejects.toThrow('socket hang up');
  const object = { Bucket: 'patchtide-eu-west-1', Key: KEY, Body: '{}' };
  await expect(fleet.s3.send(new PutObjectCommand(object))).rejects.toThrow('socket hang up');
  expect((await fleet.ec2.send(new DescribeSnapshotsCommand({ Filters }))).Snapshots).toHaveLength(2);
});

test('aimed from a call on, as often as asked', async () => {
  await fleet.fault({ fault: 'error-500', times: 2, match: { operation: 'SendCommand', key: KEY, nth: 2 } });

  const outcomes: string[] = [];
  for (let call = 1; call <= 4; call += 1)
    outcomes.push(
      await send(KEY).then(
        () => 'done',
        (failure: Error) => failure.name,
      ),
    );
  expect(outcomes).toEqual(['done', 'InternalServerError', 'InternalServerError', 'done']);
});

test('two aimed faults count the same calls', async () => {
  await fleet.fault({ fault: 'throttle', match: { operation: 'SendCommand', key: KEY, nth: 1 } });
  await fleet.fault({ fault: 'error-500', match: { operation: 'SendCommand', key: KEY, nth: 2 } });

  await expect(send(KEY)).rejects.toMatchObject({ name: 'ThrottlingException' });
  await expect(send(KEY)).rejects.toMatchObject({ name: 'InternalServerError' });
});

test('a 5xx can come although it was done', async () => {
  await fleet.fault({ fault: 'error-500-done', match: { operation: 'SendCommand', key: KEY } });

  await expect(send(KEY)).rejects.toMatchObject({ name: 'InternalServerError' });
  expect(await accepted()).toEqual([KEY]);
});

test("any of AWS's errors can be answered", async () => {
  const code = 'SnapshotCreationPerVolumeRateExceeded';
  await fleet.fault({ fault: 'answer-error', code, operation: 'CreateSnapshots' });

  await expect(snapshot(KEY)).rejects.toMatchObject({ name: code, $metadata: { httpStatusCode: 400 } });
  expect(await fleet.ledger('?kind=snapshot-created')).toEqual([]);
});

test('a fault that cannot be aimed, or that lacks its code, is refused', async () => {
  const match = { operation: 'SendCommand' };
  await expect(fleet.control('POST', '/faults', { fault: 'install-fails', match })).rejects.toThrow('aims at a call');
  await expect(fleet.control('POST', '/faults', { fault: 'answer-error' })).rejects.toThrow('takes one');
});
