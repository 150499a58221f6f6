import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { doctorReport } from '../../api/schemas/doctor.js';
import { RIGHTS, type RightsStep } from '../../domain/rights.js';
import { type FleetDescriptionInput, type RunningFleet, startFleet } from '../../simulator/index.js';
import { RunningStack } from './support/running-stack.js';
import { until } from './support/until.js';

/* What docs/getting-started.md says, done: the embedded stack without a simulated fleet of its own. */

const EXAMPLE = readFileSync(new URL('../../examples/first-account.yaml', import.meta.url), 'utf8');
const PLACES: Readonly<Record<string, string>> = {
  Account: 'accounts',
  MaintenanceWindow: 'windows',
  PatchPlan: 'plans',
};
const SCAN_ROLE: readonly RightsStep[] = ['preview', 'scan', 'other-patching', 'doctor'];
/** What the role of deploy/aws lacks with `Access=scan`. */
const NOT_WITH_SCAN = Object.entries(RIGHTS)
  .filter(([step]) => !SCAN_ROLE.includes(step as RightsStep))
  .flatMap(([, { rights }]) => rights.map(({ action }) => action))
  .filter((action) => action !== 'ssm:SendCommand');
/** S3 calls it otherwise. */
const OPERATION_OF: Readonly<Record<string, string>> = { 's3:ListBucket': 'HeadBucket' };
/** No credentials of this machine, and none from where it runs. */
const NOWHERE = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const NO_FLEET = { ...NOWHERE, PATCHTIDE_BUCKET: 'patchtide-{region}' };

const group = (name: string, count: number, tags: Record<string, string>) => ({
  name,
  os: 'amazon-linux-2023' as const,
  count,
  tags: { Application: 'storefront', ...tags },
});
const ESTATE: FleetDescriptionInput = {
  accounts: [
    {
      name: 'first',
      id: '111122223333',
      roleArn: 'arn:aws:iam::111122223333:role/Patchtide',
      externalId: 'choose-a-secret-of-your-own',
      regions: { 'eu-west-1': { zones: { 'eu-west-1a': 'euw1-az1' } } },
    },
  ],
  buckets: [{ name: 'patchtide-eu-west-1', region: 'eu-west-1' }],
  groups: [group('dev', 1, { 'Patch Group': 'first-dev' }), group('other', 2, { 'Patch Group': 'untouched' })],
  associations: [
    {
      create: {
        Name: 'AWS-RunPatchBaseline',
        AssociationName: 'nightly-install',
        Targets: [{ Key: 'tag:Application', Values: ['storefront'] }],
        Parameters: { Operation: ['Install'] },
      },
    },
  ],
};

const nodesPage = z.object({ items: z.array(z.looseObject({ name: z.string(), compliance: z.string() })) });
const scanAnswer = z.looseObject({ status: z.string(), result: z.looseObject({ scanned: z.number() }).nullable() });
const previewAnswer = z.looseObject({ warnings: z.array(z.string()) });

const doctor = (stack: RunningStack, body: object = {}) => stack.as('operator').post('/v1/doctor', doctorReport, body);
const codesOf = ({ findings }: { readonly findings: readonly { readonly code: string }[] }) =>
  [...new Set(findings.map(({ code }) => code))].toSorted();

async function applyExample(stack: RunningStack): Promise<void> {
  for (const document of parseAllDocuments(EXAMPLE).map((each) => each.toJS()))
    await stack.as('admin').put(`/v1/${PLACES[document.kind]}/${document.metadata.name}`, document);
}

describe('the first real account', () => {
  let aws: RunningFleet;
  let stack: RunningStack;
  const deny = (operation: string) =>
    fetch(`${aws.url}/_fleet/faults`, {
      method: 'POST',
      body: JSON.stringify({ fault: 'deny', operation, always: true }),
    });
  /** CloudFormation's update of the role to `Access=patch`. */
  const grantEverything = () => fetch(`${aws.url}/_fleet/faults`, { method: 'DELETE' });

  beforeAll(async () => {
    aws = await startFleet({ fleet: ESTATE, port: 0, speed: 600 });
    for (const action of NOT_WITH_SCAN) await deny(OPERATION_OF[action] ?? action.replace(/^.*:/, ''));
    stack = await RunningStack.startWithoutFleet({
      ...NO_FLEET,
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: 'AKIAOURS',
      AWS_SECRET_ACCESS_KEY: 'secret',
    });
    await applyExample(stack);
  }, 120_000);
  afterAll(async () => {
    await stack?.stop();
    await aws?.close();
  });

  test('no simulated fleet is started', () => {
    expect(existsSync(join(stack.process.folder, 'run', 'worker.json'))).toBe(true);
    expect(existsSync(join(stack.process.folder, 'run', 'fleet.json'))).toBe(false);
  });

  test('with a role that may scan, scanning works, and what else patches is said', async () => {
    const report = await doctor(stack, { steps: ['preview', 'scan', 'other-patching', 'doctor'] });

    expect(report).toMatchObject({ healthy: true, service: { worker: { status: 'up' } } });
    expect(codesOf(report)).toEqual(['other-patching']);
    expect(report.findings[0]?.message).toContain('The State Manager association nightly-install');
    expect(report.findings[0]?.message).toContain('installs patches on 3 nodes there by AWS-RunPatchBaseline.');
  });

  test('what that role lacks for cycles is named, step by step', async () => {
    const report = await doctor(stack);
    const missing = report.findings.filter(({ code }) => code === 'rights-missing').map(({ message }) => message);

    expect(report.healthy).toBe(false);
    expect(missing.join('\n')).toContain('delete the snapshots when they have expired: ec2:DescribeSnapshots');
    expect(missing.join('\n')).toContain('ssm:CreatePatchBaseline');
    expect(codesOf(report)).toEqual(['bucket-denied', 'other-patching', 'rights-missing']);
  });

  test('a scan fills compliance, and preview says what a cycle would do, and what disturbs it', async () => {
    const { id } = await stack.as('operator').post('/v1/scans', z.object({ id: z.string() }), {}, 'first-scan');
    const scanned = await until('the scan', async () => {
      const scan = await stack.as('viewer').get(`/v1/scans/${id}`, scanAnswer);
      return scan.status !== 'running' && scan;
    });
    expect(scanned).toMatchObject({ status: 'completed', result: { scanned: 3, problems: [] } });
    const { items } = await stack.as('viewer').get('/v1/compliance/nodes', nodesPage);
    expect(items.map(({ name }) => name).toSorted()).toEqual(['dev-01', 'other-01', 'other-02']);

    const preview = await stack.as('viewer').post('/v1/plans/first/preview', previewAnswer, undefined);
    expect(preview.warnings.join('\n')).toMatch(
      /nightly-install .* in first eu-west-1 installs patches on 3 nodes of this plan/,
    );
  }, 120_000);

  test('with the role for cycles all is well, and the first cycle patches one node, after an approval', async () => {
    await grantEverything();
    expect(await doctor(stack)).toMatchObject({ healthy: true });

    const id = await stack.startCycle('first');
    await stack.approve(id);
    expect(await stack.ended(id)).toMatchObject({ status: 'completed', nodes: { total: 1, patched: 1 } });
  }, 120_000);
});

test('without credentials and without an endpoint of a test, the doctor says what is missing, and asks nobody', async () => {
  const stack = await RunningStack.startWithoutFleet(NO_FLEET);
  try {
    await applyExample(stack);
    const report = await doctor(stack);

    expect(report.healthy).toBe(false);
    expect(codesOf(report)).toEqual(['no-credentials']);
    expect(report.findings[0]).toMatchObject({
      account: 'first',
      region: 'eu-west-1',
      message: expect.stringContaining('The worker has no AWS credentials of its own.'),
      advice: expect.stringContaining('AWS_PROFILE'),
    });
  } finally {
    await stack.stop();
  }
}, 120_000);
