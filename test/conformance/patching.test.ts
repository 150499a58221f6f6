import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  DescribeAvailablePatchesCommand,
  DescribeInstancePatchesCommand,
  DescribeInstancePatchStatesCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FleetDescriptionInput } from '../../simulator/index.js';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

const AMAZON = 'amazon-linux-2023';

async function patch(name: string, parameters: Record<string, string>) {
  const { id } = await fleet.node(name);
  const lists = Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, [value]]));
  return fleet.run('AWS-RunPatchBaseline', id, lists);
}

async function state(name: string) {
  const { id } = await fleet.node(name);
  const { InstancePatchStates } = await fleet.ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds: [id] }));
  return InstancePatchStates?.[0];
}

/** `State Title` of a node's rows about one package, sorted. */
async function rows(name: string, patchId: string) {
  const { id } = await fleet.node(name);
  const { Patches = [] } = await fleet.ssm.send(
    new DescribeInstancePatchesCommand({ InstanceId: id, Filters: [{ Key: 'KBId', Values: [patchId] }] }),
  );
  return Patches.map(({ State, Title }) => `${State} ${Title}`).sort();
}

async function overrideList(text: string): Promise<string> {
  await fleet.s3.send(new PutObjectCommand({ Bucket: 'patchtide-eu-west-1', Key: 'list.yaml', Body: text }));
  return 's3://patchtide-eu-west-1/list.yaml';
}

async function installed(): Promise<string[]> {
  return (await fleet.ledger('?kind=patches-installed')).flatMap(({ patches }) =>
    (patches as { title: string }[]).map(({ title }) => title),
  );
}

describe('a node', () => {
  test('reports what it misses after a scan, and nothing after an install that restarts it', async () => {
    const { id } = await fleet.node('web-01');
    await patch('web-01', { Operation: 'Scan' });
    const before = await state('web-01');
    const install = await patch('web-01', { Operation: 'Install' });
    const after = await state('web-01');

    expect(before).toMatchObject({ Operation: 'Scan', PatchGroup: 'web', InstalledCount: 8, MissingCount: 8 });
    expect(install.Status).toBe('Success');
    expect(after).toMatchObject({ Operation: 'Install', MissingCount: 0, InstalledPendingRebootCount: 0 });
    expect((await fleet.ledger(`?node=${id}`)).map((entry) => entry.kind)).toEqual([
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

  test('that never reported is left out', async () => {
    expect(await state('web-01')).toBeUndefined();
  });

  test('with NoReboot waits for a restart and a scan', async () => {
    await patch('web-01', { Operation: 'Install', RebootOption: 'NoReboot' });
    const pending = await state('web-01');
    const { id } = await fleet.node('web-01');
    await fleet.run('AWS-RunShellScript', id, { commands: ['reboot'] });
    const unscanned = await state('web-01');
    await patch('web-01', { Operation: 'Scan' });

    expect(pending?.InstalledPendingRebootCount).toBe(6);
    expect(unscanned?.InstalledPendingRebootCount).toBe(6);
    expect((await state('web-01'))?.InstalledPendingRebootCount).toBe(0);
  });

  test('names patches by package and full version on Linux, by KB on Windows', async () => {
    await patch('web-01', { Operation: 'Scan' });
    await patch('api-01', { Operation: 'Scan' });
    await patch('till-01', { Operation: 'Scan' });

    expect(await rows('web-01', 'openssl.x86_64')).toContain('Missing openssl.x86_64:1:3.0.8-1.amzn2023.0.20');
    expect(await rows('api-01', 'curl.amd64')).toContain('Missing curl.amd64:7.81.0-1ubuntu1.21');
    expect(await rows('till-01', 'KB5048654')).toEqual([expect.stringMatching(/^Missing 2026-11 Cumulative Update/)]);
  });

  test('that fails to patch keeps the patch as failed, and its command fails', async () => {
    await fleet.close();
    const group = { name: 'web', os: AMAZON, count: 1, behaviour: { failsToPatch: 'curl.*' } } as const;
    fleet = await testFleet({ ...SMALL, groups: [group] });

    expect(await patch('web-01', { Operation: 'Install' })).toMatchObject({ Status: 'Failed', ResponseCode: 1 });
    expect(await state('web-01')).toMatchObject({ FailedCount: 1, MissingCount: 0 });
    await patch('web-01', { Operation: 'Scan' });
    expect(await rows('web-01', 'curl.x86_64')).toContain('Failed curl.x86_64:0:8.11.1-4.amzn2023.0.1');
  });
});

describe('an InstallOverrideList', () => {
  test('pins versions, with wildcards; a newer one that the baseline approves is then missing', async () => {
    const list = await overrideList(
      'patches:\n  - { id: curl.amd64, title: "curl.amd64:7.81.0-1ubuntu1.20" }\n  - { id: "sudo.*", title: "*1.9.9-1ubuntu2.5" }\n',
    );
    await patch('api-01', { Operation: 'Install', InstallOverrideList: list });

    expect((await installed()).sort()).toEqual(['curl.amd64:7.81.0-1ubuntu1.20', 'sudo.amd64:1.9.9-1ubuntu2.5']);
    expect(await rows('api-01', 'curl.amd64')).toEqual([
      'Installed curl.amd64:7.81.0-1ubuntu1.20',
      'Missing curl.amd64:7.81.0-1ubuntu1.21',
    ]);
  });

  test('names Windows updates by KB', async () => {
    const list = await overrideList(JSON.stringify({ patches: [{ id: 'KB5046616' }] }));
    await patch('till-01', { Operation: 'Install', InstallOverrideList: list });

    expect(await installed()).toEqual([expect.stringContaining('(KB5046616)')]);
  });

  test('pulls in what a patch needs', async () => {
    const list = await overrideList('patches: [{ id: openssl.amd64 }]');
    await patch('api-01', { Operation: 'Install', InstallOverrideList: list });

    expect((await installed()).sort()).toEqual(['libssl3.amd64:3.0.2-0ubuntu1.19', 'openssl.amd64:3.0.2-0ubuntu1.19']);
  });

  test('that pins a dependency to another version than is needed blocks the package', async () => {
    const list = await overrideList(
      'patches: [{ id: openssl.x86_64 }, { id: openssl-libs.x86_64, title: "openssl-libs.x86_64:1:3.0.8-1.amzn2023.0.14" }]',
    );

    expect(await patch('web-01', { Operation: 'Install', InstallOverrideList: list })).toMatchObject({
      Status: 'Failed',
      StandardErrorContent: expect.stringContaining('pinned to another version'),
    });
    expect(await rows('web-01', 'openssl.x86_64')).toContain('Failed openssl.x86_64:1:3.0.8-1.amzn2023.0.20');
  });

  test('that cannot be read fails the install, and changes nothing', async () => {
    const result = await patch('web-01', {
      Operation: 'Install',
      InstallOverrideList: 's3://patchtide-eu-west-1/none',
    });

    expect(result).toMatchObject({ Status: 'Failed', StandardErrorContent: expect.stringContaining('NoSuchKey') });
    expect(await installed()).toEqual([]);
    expect(await fleet.ledger('?kind=reboot')).toEqual([]);
  });

  test('is ignored by a scan', async () => {
    const list = await overrideList('patches: [{ id: curl.x86_64 }]');
    await patch('web-01', { Operation: 'Scan', InstallOverrideList: list });

    expect(await state('web-01')).toMatchObject({ MissingCount: 8 });
  });

  test('whose version has vanished from the repository installs nothing in its place', async () => {
    const list = await overrideList('patches: [{ id: curl.amd64, title: "curl.amd64:7.81.0-1ubuntu1.20" }]');
    await fleet.control('POST', '/patches/withdraw', {
      os: 'ubuntu-22.04',
      id: 'curl.amd64',
      version: '7.81.0-1ubuntu1.20',
    });

    expect(await patch('api-01', { Operation: 'Install', InstallOverrideList: list })).toMatchObject({
      Status: 'Success',
    });
    expect(await installed()).toEqual([]);
  });
});

describe('a patch that is released later', () => {
  const later = { os: AMAZON, id: 'tool.x86_64', classification: 'Security' } as const;
  const withTool: FleetDescriptionInput = {
    ...SMALL,
    builtInPatches: false,
    patches: [
      { ...later, version: '0:1.1-1', releasedDaysAgo: 400 },
      { ...later, version: '0:1.2-1', releasedDaysAgo: 10 },
    ],
  };
  const release = () => fleet.control('POST', '/patches', { ...later, version: '0:1.3-1' });
  beforeEach(async () => {
    await fleet.close();
    fleet = await testFleet(withTool);
  });

  test('is missing from then on', async () => {
    await patch('web-01', { Operation: 'Scan' });
    expect(await rows('web-01', 'tool.x86_64')).toEqual([
      'Installed tool.x86_64:0:1.1-1',
      'Missing tool.x86_64:0:1.2-1',
    ]);
    await release();
    await patch('web-01', { Operation: 'Scan' });
    expect(await rows('web-01', 'tool.x86_64')).toEqual([
      'Installed tool.x86_64:0:1.1-1',
      'Missing tool.x86_64:0:1.3-1',
    ]);
  });

  test('is not approved for a SnapshotId that was used before', async () => {
    const scan = { Operation: 'Scan', SnapshotId: '11111111-2222-4333-8444-555555555555' };
    await patch('web-01', scan);
    await release();
    await patch('web-02', scan);

    expect(await rows('web-02', 'tool.x86_64')).toContain('Missing tool.x86_64:0:1.2-1');
  });

  test('can be planned in the description', async () => {
    await fleet.close();
    const planned = { ...later, version: '0:1.3-1', releasedAfterSeconds: 3_000 };
    fleet = await testFleet({ ...withTool, patches: [...(withTool.patches ?? []), planned] });
    const offered = async () => (await fleet.ssm.send(new DescribeAvailablePatchesCommand({}))).Patches?.length;

    expect(await offered()).toBe(2);
    fleet.passWall(3_001);
    expect(await offered()).toBe(3);
  });
});
