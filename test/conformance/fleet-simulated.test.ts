import { randomUUID } from 'node:crypto';
import { CreatePatchBaselineCommand, RegisterPatchBaselineForPatchGroupCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountDirectory, Command, FleetError } from '../../activities/ports.js';
import { type CallRecord, createFleet } from '../../aws/index.js';
import type { AccountId, Instant, Location, NodeId, Region } from '../../domain/ids.js';
import { type FleetDescriptionInput, type RunningFleet, startFleet } from '../../simulator/index.js';
import { useAwsEndpoint } from '../support/aws-environment.js';

/* The adapters and the simulated fleet understand each other: each port method once, and how it fails. */

const shop = '111122223333' as AccountId;
const lab = '444455556666' as AccountId;
const ireland: Location = { account: shop, region: 'eu-west-1' as Region };
const virginia: Location = { account: shop, region: 'us-east-1' as Region };
const labIreland: Location = { account: lab, region: 'eu-west-1' as Region };

const description: FleetDescriptionInput = {
  seed: 7,
  accounts: [
    {
      name: 'shop',
      id: shop,
      roleArn: `arn:aws:iam::${shop}:role/Patchtide`,
      externalId: 'shop-external-id',
      regions: {
        'eu-west-1': { zones: { 'eu-west-1a': 'euw1-az1', 'eu-west-1b': 'euw1-az2' } },
        'us-east-1': { zones: { 'us-east-1a': 'use1-az4' } },
      },
    },
    {
      name: 'lab',
      id: lab,
      roleArn: `arn:aws:iam::${lab}:role/Patchtide`,
      externalId: 'lab-external-id',
      regions: { 'eu-west-1': { zones: { 'eu-west-1a': 'euw1-az2' } } },
    },
  ],
  groups: [
    group('web', 'amazon-linux-2023', 60, { 'Patch Group': 'storefront-dev', 'Maintenance Window': 'dev-a' }),
    group('legacy', 'windows-server-2022', 2, { PatchGroup: 'storefront-win' }),
    { ...group('cellar', 'ubuntu-22.04', 2, { PatchGroup: 'storefront-cellar' }), hybrid: true },
    { ...group('asleep', 'ubuntu-22.04', 1, { PatchGroup: 'storefront-dev' }), state: 'stopped' },
    { ...group('gone', 'ubuntu-22.04', 1, {}), state: 'terminated' },
    { ...group('other', 'ubuntu-22.04', 1, {}), tags: { Application: 'else' } },
    { ...group('far', 'ubuntu-22.04', 1, {}), regions: ['us-east-1'] },
  ],
  buckets: [
    { name: 'patchtide-eu-west-1', region: 'eu-west-1' },
    { name: 'patchtide-us-east-1', region: 'us-east-1' },
  ],
  limits: { ssm: 'none', 'ec2-describe': 'none', 'ec2-mutate': 'none', 'ec2-snapshots': 'none' },
  automations: [{ name: 'Storefront-Drain', seconds: 5 }],
  consistencyMs: [20, 50],
};

function group(
  name: string,
  os: 'amazon-linux-2023' | 'ubuntu-22.04' | 'windows-server-2022',
  count: number,
  tags: Record<string, string>,
) {
  return { name, os, count, accounts: ['shop'], regions: ['eu-west-1'], tags: { Application: 'storefront', ...tags } };
}

const accounts: AccountDirectory = {
  account: async (id) => ({
    name: id,
    id,
    roleArn: `arn:aws:iam::${id}:role/Patchtide`,
    externalId: id === shop ? 'shop-external-id' : 'wrong',
    regions: [],
  }),
};

let simulator: RunningFleet;
let fleet: ReturnType<typeof createFleet>;
const calls: CallRecord[] = [];

beforeAll(async () => {
  simulator = await startFleet({ fleet: description, port: 0, speed: 2000 });
  useAwsEndpoint(simulator.url);
  fleet = createFleet({ accounts, bucket: 'patchtide-{region}', onCall: (call) => calls.push(call) });
});
afterAll(async () => {
  fleet.close();
  await simulator.close();
});
beforeEach(() => {
  calls.length = 0;
});

const never = new AbortController().signal;
const storefront = { Application: 'storefront' };
const plant = async (fault: object): Promise<void> => {
  const answer = await fetch(`${simulator.url}/_fleet/faults`, { method: 'POST', body: JSON.stringify(fault) });
  expect(answer.status).toBe(200);
};
const ledger = async (kind: string): Promise<{ key?: string; node?: string }[]> =>
  (await (await fetch(`${simulator.url}/_fleet/ledger?kind=${kind}`)).json()) as { key?: string; node?: string }[];
/** Asks until the answer is as wanted; the fleet lives at its own pace. */
const eventually = async <Answer>(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> => {
  const until = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > until) throw new Error(`still ${JSON.stringify(answer).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const failure = async (work: Promise<unknown>): Promise<FleetError> =>
  await work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as FleetError,
  );
const named = async (prefix: string): Promise<NodeId[]> =>
  (await fleet.findNodes(ireland, storefront, never)).filter(({ name }) => name.startsWith(prefix)).map(({ id }) => id);
/** What another team does in the account, past Patchtide. */
const registerTheirs = async (PatchGroup: string): Promise<string> => {
  const region = 'eu-west-1';
  const sts = new STSClient({ region });
  const { roleArn, externalId } = await accounts.account(shop);
  const role = { RoleArn: roleArn, ExternalId: externalId ?? '', RoleSessionName: 'another-team' };
  const { Credentials: given } = await sts.send(new AssumeRoleCommand(role));
  const credentials = {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  };
  const ssm = new SSMClient({ region, credentials });
  const { BaselineId } = await ssm.send(
    new CreatePatchBaselineCommand({ Name: 'another-teams-baseline', OperatingSystem: 'AMAZON_LINUX_2023' }),
  );
  await ssm.send(new RegisterPatchBaselineForPatchGroupCommand({ BaselineId, PatchGroup }));
  sts.destroy();
  ssm.destroy();
  return BaselineId ?? '';
};
const scan = { document: 'AWS-RunPatchBaseline', parameters: { Operation: ['Scan'] }, executionTimeout: 600 };
const since = new Date(Date.now() - 60_000).toISOString() as Instant;
const hasEnded = (commands: Command[]) => commands.length > 0 && commands.every(({ status }) => status === 'ended');

describe('nodes', () => {
  test('are found by their tags, EC2 and hybrid, in full whatever the pages hold', async () => {
    const nodes = await fleet.findNodes(ireland, storefront, never);
    expect(nodes.length).toBe(65);
    const web = nodes.find(({ name }) => name.startsWith('web'));
    expect(web).toMatchObject({
      kind: 'ec2',
      ...ireland,
      os: 'AMAZON_LINUX_2023',
      state: 'running',
      ping: 'online',
      patchGroup: 'storefront-dev',
      window: 'dev-a',
    });
    expect(web?.zone).toMatch(/^euw1-az[12]$/);
    expect(web?.zoneName).toMatch(/^eu-west-1[ab]$/);
    expect(nodes.find(({ name }) => name.startsWith('legacy'))).toMatchObject({
      os: 'WINDOWS',
      patchGroup: 'storefront-win',
    });
    expect(nodes.find(({ name }) => name.startsWith('cellar'))).toMatchObject({
      kind: 'hybrid',
      zone: 'hybrid',
      os: 'UBUNTU',
      patchGroup: 'storefront-cellar',
    });
    expect(nodes.find(({ name }) => name.startsWith('asleep'))).toMatchObject({
      state: 'stopped',
      ping: 'not-registered',
    });
    expect((await fleet.findNodes(virginia, storefront, never)).map(({ region }) => region)).toEqual(['us-east-1']);
  });

  test('are described by id, and one that is not there is left out', async () => {
    const wanted = [...(await named('web')).slice(0, 2), ...(await named('cellar')).slice(0, 1)];
    const nodes = await fleet.describeNodes(ireland, [...wanted, 'i-00000000000000000' as NodeId], never);
    expect(nodes.map(({ id }) => id).sort()).toEqual([...wanted].sort());
  });

  test('of an account that does not trust us are denied', async () => {
    expect(await failure(fleet.findNodes(labIreland, storefront, never))).toMatchObject({
      code: 'denied',
      operation: 'AssumeRole',
    });
  });

  test('start and stop, and their states can be asked for', async () => {
    const [node] = await named('asleep');
    if (node === undefined) throw new Error('no node');
    await fleet.startInstances(ireland, [node], never);
    await eventually(
      () => fleet.instanceStates(ireland, [node], never),
      ([is]) => is?.state === 'running',
    );
    await fleet.stopInstances(ireland, [node], never);
    await eventually(
      () => fleet.instanceStates(ireland, [node], never),
      ([is]) => is?.state === 'stopped',
    );
  });
});

describe('commands', () => {
  test('are found by their key, end, and say what became of each node', async () => {
    const nodes = (await named('web')).slice(0, 50);
    const key = 'patchtide/shop-1/dev/w1.b1.scan';
    const { commandId } = await fleet.sendCommand(ireland, { ...scan, key, nodes }, never);
    const found = await eventually(
      () => fleet.listCommands(ireland, { keyPrefix: 'patchtide/shop-1/dev/w1.', since }, never),
      hasEnded,
    );
    expect(found).toEqual([{ commandId, key, status: 'ended' }]);
    const invocations = await fleet.listInvocations(ireland, commandId, never);
    expect(invocations.length).toBe(50);
    expect(new Set(invocations.map(({ status }) => status))).toEqual(new Set(['success']));
    expect(invocations[0]?.outputUrl).toContain(commandId);
  });

  test('whose reply is lost are found again by their key', async () => {
    const nodes = (await named('web')).slice(0, 1);
    const key = 'patchtide/shop-1/dev/w1.b2.scan';
    await plant({ fault: 'lose-reply', operation: 'SendCommand' });
    const error = await failure(fleet.sendCommand(ireland, { ...scan, key, nodes }, never));
    expect(error).toMatchObject({ code: 'unreachable', effect: 'unknown' });
    await eventually(() => fleet.listCommands(ireland, { keyPrefix: key, since }, never), hasEnded);
    expect((await ledger('command-accepted')).filter((entry) => entry.key === key).length).toBe(1);
  });

  test('that are throttled did nothing', async () => {
    const nodes = (await named('web')).slice(0, 1);
    const key = 'patchtide/shop-1/dev/w1.b3.scan';
    await plant({ fault: 'throttle', operation: 'SendCommand' });
    expect(await failure(fleet.sendCommand(ireland, { ...scan, key, nodes }, never))).toMatchObject({
      code: 'throttled',
      effect: 'none',
    });
    expect((await ledger('command-accepted')).filter((entry) => entry.key === key)).toEqual([]);
    expect(calls.filter(({ operation }) => operation === 'SendCommand').map(({ outcome }) => outcome)).toEqual([
      'throttled',
    ]);
  });

  test('go on over credentials that expire', async () => {
    const nodes = (await named('web')).slice(0, 1);
    await plant({ fault: 'expire-credentials', operation: 'SendCommand' });
    await fleet.sendCommand(ireland, { ...scan, key: 'patchtide/shop-1/dev/w1.b4.scan', nodes }, never);
    expect(calls.map(({ operation }) => operation)).toContain('AssumeRole');
  });

  test('to a node that is gone are rejected', async () => {
    const nodes = ['i-00000000000000000' as NodeId];
    const error = await failure(fleet.sendCommand(ireland, { ...scan, key: 'patchtide/x', nodes }, never));
    expect(error).toMatchObject({ code: 'rejected', effect: 'none' });
  });

  test('are cancelled', async () => {
    const nodes = (await named('web')).slice(0, 1);
    const { commandId } = await fleet.sendCommand(
      ireland,
      { ...scan, key: 'patchtide/shop-1/dev/w1.b5.scan', nodes },
      never,
    );
    await fleet.cancelCommand(ireland, commandId, never);
  });

  test('of a shell document carry their execution timeout', async () => {
    const nodes = (await named('web')).slice(0, 1);
    const key = 'patchtide/shop-1/dev/w1.b6.before';
    const shell = { document: 'AWS-RunShellScript', parameters: { commands: ['true'] }, executionTimeout: 120 };
    await fleet.sendCommand(ireland, { ...shell, key, nodes }, never);
    await eventually(() => fleet.listCommands(ireland, { keyPrefix: key, since }, never), hasEnded);
  });
});

test('patch states and patches are read after a scan', async () => {
  const nodes = await named('web');
  const first = nodes.slice(0, 50);
  const key = 'patchtide/shop-1/dev/w2.b1.scan';
  await fleet.sendCommand(ireland, { ...scan, key, nodes: first }, never);
  await fleet.sendCommand(ireland, { ...scan, key: `${key}2`, nodes: nodes.slice(50) }, never);
  await eventually(
    () => fleet.listCommands(ireland, { keyPrefix: key, since }, never),
    (all) => all.length === 2 && hasEnded(all),
  );
  const states = await fleet.patchStates(ireland, [...nodes, 'i-00000000000000000' as NodeId], never);
  expect(states.length).toBe(60);
  const [state] = states;
  if (state === undefined) throw new Error('no state');
  const patches = await fleet.patches(ireland, state.node, never);
  expect(patches.filter((patch) => patch.state === 'Missing').length).toBe(state.missing);
  expect(patches.every(({ id, title }) => title.startsWith(`${id}:`))).toBe(true);
});

describe('a patch baseline', () => {
  const request = {
    baseline: 'dev',
    os: 'AMAZON_LINUX_2023' as const,
    rules: [{ classifications: [], severities: [], approveAfterDays: 0, nonSecurity: true }],
    approved: [],
    rejected: [],
    patchGroups: ['storefront-dev'],
  };

  test('is created and registered once, and brought up to date when its rules change', async () => {
    const first = await fleet.ensureBaseline(ireland, request, never);
    expect(first).toEqual([
      { baselineId: expect.stringMatching(/^pb-/), patchGroup: 'storefront-dev', foreign: false },
    ]);
    expect(await fleet.ensureBaseline(ireland, request, never)).toEqual(first);
    expect((await ledger('baseline-created')).length).toBe(1);
    expect(await ledger('baseline-updated')).toEqual([]);

    await fleet.ensureBaseline(ireland, { ...request, rejected: ['kernel*'] }, never);
    expect((await ledger('baseline-updated')).length).toBe(1);
    expect((await ledger('baseline-created')).length).toBe(1);
  });

  test('that two ask for at once is one', async () => {
    const asked = { ...request, baseline: 'twice', patchGroups: ['storefront-twice'] };
    const [one, other] = await Promise.all([
      fleet.ensureBaseline(ireland, asked, never),
      fleet.ensureBaseline(ireland, asked, never),
    ]);
    expect(one).toEqual(other);
  });

  test('of ours gives way to another of ours', async () => {
    const asked = { ...request, baseline: 'strict', patchGroups: ['storefront-dev'] };
    const [moved] = await fleet.ensureBaseline(ireland, asked, never);
    expect(moved).toMatchObject({ foreign: false });
    expect(await fleet.ensureBaseline(ireland, asked, never)).toEqual([moved]);
  });

  test('of somebody else is left as it is, and said to be foreign', async () => {
    const theirs = await registerTheirs('storefront-theirs');
    const asked = { ...request, patchGroups: ['storefront-theirs', 'storefront-ours'] };
    expect(await fleet.ensureBaseline(ireland, asked, never)).toEqual([
      { baselineId: theirs, patchGroup: 'storefront-theirs', foreign: true },
      { baselineId: expect.not.stringMatching(theirs), patchGroup: 'storefront-ours', foreign: false },
    ]);
  });

  test.each(['UBUNTU', 'WINDOWS'] as const)('of %s has rules in that system’s terms', async (os) => {
    const approveAfterDays = os === 'UBUNTU' ? null : 7;
    const rules = [{ classifications: [], severities: ['Important'], approveAfterDays, nonSecurity: os === 'UBUNTU' }];
    const asked = { ...request, os, rules, patchGroups: [`storefront-${os}`] };
    const first = await fleet.ensureBaseline(ireland, asked, never);
    expect(await fleet.ensureBaseline(ireland, asked, never)).toEqual(first);
  });
});

describe('snapshots', () => {
  test('of all volumes are found by their key until they are completed', async () => {
    const [node] = await named('web');
    if (node === undefined) throw new Error('no node');
    const key = 'patchtide/shop-1/dev/w1.b1.protect';
    const made = await fleet.createSnapshots(ireland, { key, node, tags: { 'patchtide:cycle': 'shop-1' } }, never);
    expect(made.map((snapshot) => [snapshot.node, snapshot.key])).toEqual([
      [node, key],
      [node, key],
    ]);
    const found = await eventually(
      () => fleet.findSnapshots(ireland, 'patchtide/shop-1/dev/w1.', never),
      (all) => all.length === 2 && all.every(({ status }) => status === 'completed'),
    );
    expect(new Set(found.map(({ volume }) => volume)).size).toBe(2);
    expect(await fleet.findSnapshots(ireland, 'patchtide/shop-1/dev/w2.', never)).toEqual([]);
  });
});

describe('automations', () => {
  test('with the same token are the same, and end', async () => {
    const request = { token: randomUUID(), document: 'Storefront-Drain', parameters: {} };
    const first = await fleet.startAutomation(ireland, request, never);
    expect(await fleet.startAutomation(ireland, request, never)).toEqual(first);
    const ended = await eventually(
      () => fleet.automation(ireland, first.executionId, never),
      ({ status }) => status !== 'running',
    );
    expect(ended).toMatchObject({ executionId: first.executionId, status: 'success' });
  });

  test('that nobody wrote are rejected', async () => {
    const request = { token: randomUUID(), document: 'No-Such-Document', parameters: {} };
    expect(await failure(fleet.startAutomation(ireland, request, never))).toMatchObject({ code: 'rejected' });
  });
});

test('a root volume that is replaced twice under one token is replaced once', async () => {
  const [node] = (await named('web')).slice(-1);
  if (node === undefined) throw new Error('no node');
  const key = 'patchtide/shop-1/dev/w9.b1.snapshot';
  await fleet.createSnapshots(ireland, { key, node, tags: {} }, never);
  const snapshots = await eventually(
    () => fleet.findSnapshots(ireland, key, never),
    (all) => all.length > 0 && all.every(({ status }) => status === 'completed'),
  );
  const [volumes] = await fleet.instanceVolumes(ireland, [node], never);
  const snapshot = snapshots.find(({ volume }) => volume === volumes?.root?.volume)?.snapshotId ?? '';
  const request = { token: randomUUID(), key: 'patchtide/shop-1/dev/r1.w9.b1.restore', node, snapshot, tags: {} };
  const first = await fleet.restoreRootVolume(ireland, request, never);
  expect(await fleet.restoreRootVolume(ireland, request, never)).toEqual(first);
  expect(await ledger('root-volume-task-started')).toMatchObject([{ node }]);
});

test('objects are written to the bucket of the Region', async () => {
  expect(await fleet.putObject(virginia, 'lists/one.yaml', 'patches: []', never)).toBe(
    's3://patchtide-us-east-1/patchtide/lists/one.yaml',
  );
});
