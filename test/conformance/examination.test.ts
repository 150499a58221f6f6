import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFleet } from '../../aws/index.js';
import type { Examination } from '../../domain/doctor/examination.js';
import type { AccountId, Location, Region } from '../../domain/ids.js';
import { meantBy } from '../../domain/other-patching.js';
import type { RightsStep } from '../../domain/rights.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { ACCOUNT, REGION, SMALL, type TestFleet, testFleet } from './fleet.js';

/* What an examination of a location finds out, against the simulated fleet. */

const HERE: Location = { account: ACCOUNT as AccountId, region: REGION as Region };
const NOBODY_LISTENS = 'http://127.0.0.1:9';
const signal = new AbortController().signal;

let simulated: TestFleet;
const environment = { ...process.env };
beforeEach(async () => {
  simulated = await testFleet();
  useAwsEndpoint(simulated.url);
});
afterEach(async () => {
  await simulated.close();
  process.env = { ...environment };
});

async function restart(description: Partial<typeof SMALL>): Promise<void> {
  await simulated.close();
  simulated = await testFleet({ ...SMALL, ...description });
  useAwsEndpoint(simulated.url);
}
const keeping = (...denied: string[]) => restart({ accounts: SMALL.accounts.map((each) => ({ ...each, denied })) });

async function examine(more: { externalId?: string; bucket?: string; roleArn?: string } = {}): Promise<Examination> {
  const account = async (id: AccountId) => ({
    name: 'shop',
    id,
    roleArn: more.roleArn ?? `arn:aws:iam::${ACCOUNT}:role/Patchtide`,
    externalId: more.externalId ?? 'shop-external',
    regions: [],
  });
  const fleet = createFleet({ accounts: { account }, bucket: more.bucket ?? 'patchtide-{region}' });
  try {
    return await fleet.examine(HERE, signal);
  } finally {
    fleet.close();
  }
}

const rightsOf = (examination: Examination, step: RightsStep) =>
  Object.fromEntries(
    (examination.steps.find((each) => each.step === step)?.rights ?? []).map(({ action, status, proof }) => [
      action,
      `${status} by ${proof}`,
    ]),
  );

describe('where everything is as it should be', () => {
  test('all rights are there, most of them tried, the rest told by IAM', async () => {
    const found = await examine();

    expect(found.credentials).toEqual({
      kind: 'assumed',
      account: ACCOUNT,
      identity: `arn:aws:sts::${ACCOUNT}:assumed-role/Patchtide/patchtide`,
    });
    expect(found.endpoints.map(({ endpoint, status }) => `${endpoint} ${status}`)).toEqual([
      'sts up',
      'ec2 up',
      'ssm up',
      's3 up',
      'iam up',
    ]);
    expect(found.steps.filter(({ status }) => status !== 'allowed')).toEqual([]);
    expect(found.bucket).toEqual({ name: 'patchtide-eu-west-1', status: 'ok', region: REGION, message: '' });
    expect(found.nodes.value).toHaveLength(5);
    expect(rightsOf(found, 'snapshot')).toEqual({
      'ec2:CreateSnapshots': 'allowed by dry-run',
      'ec2:CreateTags': 'allowed by simulation',
      'ec2:DeleteSnapshot': 'allowed by simulation',
      'ec2:DescribeSnapshots': 'allowed by call',
    });
    expect(rightsOf(found, 'health')).toEqual({ 'elasticloadbalancing:DescribeTargetHealth': 'allowed by call' });
  });

  test('nothing is changed on any node', async () => {
    await examine();

    expect(await simulated.ledger('?kind=snapshot-created')).toEqual([]);
    expect(await simulated.ledger('?kind=command-sent')).toEqual([]);
    expect((await simulated.nodes()).map(({ state }) => state)).not.toContain('stopping');
  });
});

describe('what is missing is named, action by action', () => {
  test('reads by trying, changes by a dry run or by IAM', async () => {
    await keeping('ssm:SendCommand', 'ec2:StopInstances', 'ssm:DescribeInstancePatches', 's3:PutObject');
    const found = await examine();

    expect(rightsOf(found, 'scan')).toMatchObject({
      'ssm:SendCommand': 'missing by simulation',
      'ssm:DescribeInstancePatches': 'missing by call',
      'ssm:ListCommands': 'allowed by call',
    });
    expect(rightsOf(found, 'stop-start')).toEqual({
      'ec2:StartInstances': 'allowed by dry-run',
      'ec2:StopInstances': 'missing by dry-run',
    });
    expect(found.bucket).toMatchObject({ status: 'denied', region: REGION });
  });

  test('where IAM may not be asked, what only IAM knows is unknown, and why is said', async () => {
    await keeping('iam:SimulatePrincipalPolicy');
    const found = await examine();

    expect(rightsOf(found, 'doctor')).toEqual({ 'iam:SimulatePrincipalPolicy': 'missing by call' });
    const [send] = found.steps.find(({ step }) => step === 'patch')?.rights ?? [];
    expect(send).toMatchObject({ status: 'unknown', proof: null });
    expect(send?.message).toContain('the role lacks iam:SimulatePrincipalPolicy');
  });

  test('without an instance to rehearse on, IAM is asked', async () => {
    await restart({ groups: [] });

    expect(rightsOf(await examine(), 'stop-start')).toEqual({
      'ec2:StartInstances': 'allowed by simulation',
      'ec2:StopInstances': 'allowed by simulation',
    });
  });
});

describe('what is not as it should be', () => {
  test('a wrong external id: STS answers, and says no', async () => {
    const found = await examine({ externalId: 'guessed' });

    expect(found.credentials).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(found.credentials)).toContain('is not authorized to perform: sts:AssumeRole');
    expect(found.endpoints[0]).toMatchObject({ endpoint: 'sts', status: 'up' });
    expect(found.steps.every(({ status }) => status === 'unknown')).toBe(true);
  });

  test('an endpoint at which nobody listens', async () => {
    useAwsEndpoint(NOBODY_LISTENS);
    const found = await examine();

    expect(found.credentials).toMatchObject({ kind: 'unreachable' });
    expect(found.endpoints[0]).toMatchObject({ endpoint: 'sts', status: 'down' });
  });

  test('no credentials at all', async () => {
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;

    expect((await examine()).credentials).toMatchObject({ kind: 'none' });
  });

  test('a service that hangs up does not keep the others from answering', async () => {
    await simulated.fault({ fault: 'down', operation: 'Describe*', always: true });
    const found = await examine();

    expect(found.nodes).toMatchObject({ value: null });
    expect(found.endpoints.find(({ endpoint }) => endpoint === 'ec2')).toMatchObject({ status: 'down' });
    expect(found.endpoints.find(({ endpoint }) => endpoint === 's3')).toMatchObject({ status: 'up' });
    expect(rightsOf(found, 'preview')).toMatchObject({ 'ec2:DescribeInstances': 'unknown by null' });
  });

  test('a bucket that is not there, and one of another Region', async () => {
    await restart({ buckets: [{ name: 'elsewhere', region: 'us-east-1' }] });

    expect((await examine({ bucket: 'nowhere' })).bucket).toMatchObject({ status: 'absent' });
    expect((await examine({ bucket: 'elsewhere' })).bucket).toMatchObject({ status: 'elsewhere', region: 'us-east-1' });
  });
});

test('what else patches nodes: windows by their tasks and targets, associations, patch policies', async () => {
  await restart({
    maintenanceWindows: [
      {
        create: { Name: 'weekly', Schedule: 'rate(7 days)', Duration: 3, Cutoff: 1, AllowUnassociatedTargets: false },
        targets: [
          { Name: 'web', ResourceType: 'INSTANCE', Targets: [{ Key: 'tag:Patch Group', Values: ['web'] }] },
          {
            Name: 'grouped',
            ResourceType: 'RESOURCE_GROUP',
            Targets: [{ Key: 'resource-groups:Name', Values: ['tills'] }],
          },
        ],
        tasks: [
          {
            TaskArn: 'AWS-RunPatchBaseline',
            TaskType: 'RUN_COMMAND',
            Targets: [{ Key: 'WindowTargetIds', Values: ['web'] }],
            TaskInvocationParameters: { RunCommand: { Parameters: { Operation: ['Install'] } } },
            MaxConcurrency: '10',
            MaxErrors: '1',
          },
        ],
      },
      {
        create: { Name: 'backups', Schedule: 'rate(1 day)', Duration: 3, Cutoff: 1, AllowUnassociatedTargets: false },
        targets: [{ Name: 'web', ResourceType: 'INSTANCE', Targets: [{ Key: 'tag:Patch Group', Values: ['web'] }] }],
        tasks: [
          {
            TaskArn: 'AWS-RunShellScript',
            TaskType: 'RUN_COMMAND',
            Targets: [{ Key: 'WindowTargetIds', Values: ['web'] }],
            MaxConcurrency: '10',
            MaxErrors: '1',
          },
        ],
      },
    ],
    associations: [
      {
        create: {
          Name: 'AWS-RunPatchBaseline',
          AssociationName: 'daily-scan',
          Targets: [{ Key: 'InstanceIds', Values: ['*'] }],
          Parameters: { Operation: ['Scan'] },
        },
      },
      {
        create: {
          Name: 'AWS-RunPatchBaseline',
          AssociationName: 'AWS-QuickSetup-PatchPolicy-InstallPatches-LA-a1b2c',
          Targets: [{ Key: 'tag:Application', Values: ['storefront'] }],
          Parameters: { Operation: ['Install'] },
        },
      },
      { create: { Name: 'AWS-UpdateSSMAgent', Targets: [{ Key: 'InstanceIds', Values: ['*'] }] } },
    ],
  });
  const found = await examine();
  const nodes = found.nodes.value ?? [];

  expect(
    (found.otherPatching.value ?? []).map((other) => [
      other.kind,
      other.name,
      other.operation,
      meantBy(other, nodes)?.length,
    ]),
  ).toEqual([
    ['maintenance-window', 'weekly', 'install', 2],
    ['association', 'daily-scan', 'scan', 5],
    ['patch-policy', 'AWS-QuickSetup-PatchPolicy-InstallPatches-LA-a1b2c', 'install', 5],
  ]);
});

test('where it may not be looked for, what else patches is not known', async () => {
  await keeping('ssm:ListAssociations');
  const found = await examine();

  expect(found.otherPatching).toMatchObject({ value: null });
  expect(rightsOf(found, 'other-patching')).toMatchObject({ 'ssm:ListAssociations': 'missing by call' });
});
