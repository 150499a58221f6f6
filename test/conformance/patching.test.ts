import {
  DescribeInstanceInformationCommand,
  DescribeInstancePatchesCommand,
  DescribeInstancePatchStatesCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

test('a node reports what it misses after a scan, and nothing after an install that restarts it', async () => {
  const web = await fleet.node('web-01');

  await fleet.run('AWS-RunPatchBaseline', web.id, { Operation: ['Scan'] });
  const before = await patchState(web.id);
  const install = await fleet.run('AWS-RunPatchBaseline', web.id, { Operation: ['Install'] });
  const after = await patchState(web.id);

  expect(before).toMatchObject({ Operation: 'Scan', InstalledCount: 8, MissingCount: 8 });
  expect(install.Status).toBe('Success');
  expect(after).toMatchObject({ Operation: 'Install', MissingCount: 0, InstalledPendingRebootCount: 0 });
  const kinds = (await fleet.ledger(`?node=${web.id}`)).map((entry) => entry.kind);
  expect(kinds).toEqual([
    'command-started',
    'command-ended',
    'command-started',
    'patches-installed',
    'agent-lost',
    'reboot',
    'agent-back',
    'command-ended',
  ]);
});

test('nodes are listed with their platforms, on-premises ones among them', async () => {
  const { InstanceInformationList = [] } = await fleet.ssm.send(
    new DescribeInstanceInformationCommand({ Filters: [{ Key: 'tag:Application', Values: ['storefront'] }] }),
  );

  expect(InstanceInformationList.map((node) => `${node.PlatformType} ${node.ResourceType}`).sort()).toEqual([
    'Linux EC2Instance',
    'Linux EC2Instance',
    'Linux EC2Instance',
    'Linux ManagedInstance',
    'Windows EC2Instance',
  ]);
});

test('patch titles pin name, architecture and version', async () => {
  const web = await fleet.node('web-01');
  await fleet.run('AWS-RunPatchBaseline', web.id, { Operation: ['Scan'] });

  const { Patches = [] } = await fleet.ssm.send(
    new DescribeInstancePatchesCommand({ InstanceId: web.id, Filters: [{ Key: 'State', Values: ['Missing'] }] }),
  );

  expect(Patches).toContainEqual(
    expect.objectContaining({
      KBId: 'openssl.x86_64',
      Title: 'openssl.x86_64:1:3.0.8-1.amzn2023.0.20',
      State: 'Missing',
    }),
  );
});

async function patchState(node: string) {
  const { InstancePatchStates } = await fleet.ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds: [node] }));
  return InstancePatchStates?.[0];
}
