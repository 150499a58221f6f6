import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';
import { members, query } from './query.js';

const GROUP = 'web-group';
let fleet: TestFleet;
let ids: string[];
beforeEach(async () => {
  fleet = await testFleet({
    ...SMALL,
    groups: [
      { name: 'web', os: 'amazon-linux-2023', count: 3, tags: { 'aws:autoscaling:groupName': GROUP, role: 'web' } },
      { name: 'db', os: 'amazon-linux-2023', count: 1 },
    ],
    autoScalingGroups: [{ name: GROUP, minSize: 2 }],
    targetGroups: [{ name: 'web-targets', tags: { role: 'web' } }],
  });
  ids = (await fleet.nodes()).filter(({ group }) => group === 'web').map(({ id }) => id);
});
afterEach(() => fleet.close());

const ask = (action: string, parameters: Record<string, string> = {}) =>
  query(fleet, 'autoscaling', action, parameters);
const standby = (action: 'EnterStandby' | 'ExitStandby', instances: string[], more: Record<string, string> = {}) =>
  ask(action, { AutoScalingGroupName: GROUP, ...members('InstanceIds', instances), ...more });
const states = async (instances: string[]) =>
  (await ask('DescribeAutoScalingInstances', members('InstanceIds', instances))).texts('LifecycleState');
const desired = async () => (await ask('DescribeAutoScalingGroups')).texts('DesiredCapacity');
const DECREMENT = { ShouldDecrementDesiredCapacity: 'true' };

test('groups are what the tags of their members say', async () => {
  const answer = await ask('DescribeAutoScalingGroups', members('AutoScalingGroupNames', [GROUP, 'none']));

  expect(answer.xml).toContain('<DescribeAutoScalingGroupsResult><AutoScalingGroups><member>');
  expect(answer.texts('AutoScalingGroupName')).toEqual([GROUP]);
  expect(answer.texts('InstanceId')).toEqual(ids);
  expect([answer.texts('MinSize'), answer.texts('MaxSize'), answer.texts('DesiredCapacity')].flat()).toEqual([
    '2',
    '3',
    '3',
  ]);
  expect(answer.texts('member')).toContainEqual(expect.stringMatching(/:targetgroup\/web-targets\/[0-9a-f]{16}$/));
});

test('only members of a group are listed, in pages', async () => {
  const db = await fleet.node('db-01');
  expect(await states([db.id])).toEqual([]);
  const first = await ask('DescribeAutoScalingInstances', { MaxRecords: '2' });
  const NextToken = first.texts('NextToken')[0] ?? '';
  const second = await ask('DescribeAutoScalingInstances', { MaxRecords: '2', NextToken });

  expect([...first.texts('InstanceId'), ...second.texts('InstanceId')]).toEqual(ids);
  expect((await ask('DescribeAutoScalingInstances', { NextToken: 'stale' })).code).toBe('InvalidNextToken');
});

test('a member goes into Standby and back, and the desired capacity with it', async () => {
  const [id = ''] = ids;
  const entered = await standby('EnterStandby', [id], DECREMENT);
  expect(entered.texts('StatusCode')).toEqual(['InProgress']);
  expect(await states([id])).toEqual(['EnteringStandby']);
  fleet.pass(60);
  expect([await states([id]), await desired()]).toEqual([['Standby'], ['2']]);

  await standby('ExitStandby', [id]);
  expect(await states([id])).toEqual(['Pending']);
  fleet.pass(60);
  expect([await states([id]), await desired()]).toEqual([['InService'], ['3']]);
  expect((await fleet.ledger('?kind=lifecycle-changed')).map(({ lifecycle }) => lifecycle)).toEqual([
    'EnteringStandby',
    'Standby',
    'Pending',
    'InService',
  ]);
});

test('what cannot be done is refused, and nothing is changed', async () => {
  const [one = '', two = ''] = ids;
  const db = await fleet.node('db-01');
  const refusals = [
    await standby('EnterStandby', [one, two], DECREMENT),
    await standby('EnterStandby', [one, db.id], DECREMENT),
    await standby('EnterStandby', [one]),
    await standby('ExitStandby', [one]),
    await ask('EnterStandby', { AutoScalingGroupName: 'none', ...members('InstanceIds', [one]), ...DECREMENT }),
  ];

  expect(refusals.map(({ status, code }) => `${status} ${code}`)).toEqual(refusals.map(() => '400 ValidationError'));
  expect(refusals[0]?.xml).toContain('min-size=2');
  expect(await fleet.ledger('?kind=lifecycle-changed')).toEqual([]);
});
