import { RebootInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';
import { members, query } from './query.js';

let fleet: TestFleet;
let id: string;
let arn: string;
beforeEach(async () => {
  const tags = { Application: 'storefront', role: 'web', 'aws:autoscaling:groupName': 'web-group' };
  fleet = await testFleet({
    ...SMALL,
    groups: [{ name: 'web', os: 'amazon-linux-2023', count: 2, tags }],
    targetGroups: [
      { name: 'web-targets', tags: { role: 'web' }, service: 'storefront' },
      { name: 'empty', tags: { role: 'none' } },
    ],
  });
  ({ id } = await fleet.node('web-01'));
  arn = (await ask('DescribeTargetGroups', members('Names', ['web-targets']))).texts('TargetGroupArn')[0] ?? '';
});
afterEach(() => fleet.close());

const ask = (action: string, parameters: Record<string, string> = {}) =>
  query(fleet, 'elasticloadbalancing', action, parameters);
/** State and reason of the first node. */
async function health(): Promise<string> {
  const answer = await ask('DescribeTargetHealth', { TargetGroupArn: arn, 'Targets.member.1.Id': id });
  return [...answer.texts('State'), ...answer.texts('Reason')].join(' ');
}
const shell = (command: string) => fleet.run('AWS-RunShellScript', id, { commands: [command] });

test('target groups are listed in pages and found by name', async () => {
  const first = await ask('DescribeTargetGroups', { PageSize: '1' });
  const second = await ask('DescribeTargetGroups', { PageSize: '1', Marker: first.texts('NextMarker')[0] ?? '' });

  expect([...first.texts('TargetGroupName'), ...second.texts('TargetGroupName')]).toEqual(['web-targets', 'empty']);
  expect((await ask('DescribeTargetGroups', members('Names', ['none']))).code).toBe('TargetGroupNotFound');
});

test('all targets of a healthy group are healthy', async () => {
  const answer = await ask('DescribeTargetHealth', { TargetGroupArn: arn });

  expect(answer.texts('State')).toEqual(['healthy', 'healthy']);
  expect(answer.texts('Reason')).toEqual([]);
  expect((await ask('DescribeTargetHealth', { TargetGroupArn: `${arn}0` })).code).toBe('TargetGroupNotFound');
  const stranger = { TargetGroupArn: arn, 'Targets.member.1.Id': 'i-00000000000000000' };
  expect((await ask('DescribeTargetHealth', stranger)).code).toBe('InvalidTarget');
});

describe('a target is not healthy', () => {
  test('while it restarts', async () => {
    await fleet.ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    const during = await health();
    fleet.pass(200);

    expect([during, await health()]).toEqual(['unhealthy Target.Timeout', 'healthy']);
  });

  test('while a script has stopped its service', async () => {
    await shell('systemctl stop storefront.service');
    const stopped = await health();
    expect(await shell('systemctl is-active storefront')).toMatchObject({ StandardOutputContent: 'inactive\n' });
    await shell('systemctl start storefront');

    expect([stopped, await health()]).toEqual(['unhealthy Target.FailedHealthChecks', 'healthy']);
  });

  test('while it is stopped', async () => {
    await fleet.ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    fleet.pass(200);

    expect(await health()).toBe('unused Target.InvalidState');
  });

  test('on its way into Standby, in it, and on its way back', async () => {
    const of = { AutoScalingGroupName: 'web-group', ...members('InstanceIds', [id]) };
    const seen: string[] = [];
    await query(fleet, 'autoscaling', 'EnterStandby', { ...of, ShouldDecrementDesiredCapacity: 'true' });
    seen.push(await health());
    fleet.pass(60);
    seen.push(await health());
    const registered = (await ask('DescribeTargetHealth', { TargetGroupArn: arn })).texts('State');
    await query(fleet, 'autoscaling', 'ExitStandby', of);
    seen.push(await health());

    expect(seen).toEqual([
      'draining Target.DeregistrationInProgress',
      'unused Target.NotRegistered',
      'initial Elb.RegistrationInProgress',
    ]);
    expect(registered).toEqual(['healthy']);
  });

  test('by fault', async () => {
    await fleet.fault({ fault: 'target-unhealthy', node: 'web-01' });

    expect([await health(), await health()]).toEqual(['unhealthy Target.ResponseCodeMismatch', 'healthy']);
  });
});

test("an application's own health address answers 200, or 503 by fault", async () => {
  const status = async (name: string) => (await fetch(`${fleet.url}/_fleet/health/${name}`)).status;
  await fleet.fault({ fault: 'health-fails', application: 'storefront', times: 2 });

  expect([await status('storefront'), await status('storefront'), await status('storefront')]).toEqual([503, 503, 200]);
  expect(await status('nothing')).toBe(404);
});
