import {
  CreateSnapshotsCommand,
  DescribeInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { ListCommandsCommand } from '@aws-sdk/client-ssm';
import { afterEach, expect, test } from '@jest/globals';
import { ACCOUNT, REGION, SMALL, type TestFleet, testFleet } from './fleet.js';

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Patchtide`;
let fleet: TestFleet;
const clients: { destroy(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await fleet.close();
});

async function keptFromTheRole(...denied: string[]): Promise<void> {
  fleet = await testFleet({ ...SMALL, accounts: SMALL.accounts.map((account) => ({ ...account, denied })) });
}

/** What IAM would decide, action by action. */
async function simulated(...ActionNames: string[]): Promise<Record<string, string | undefined>> {
  const iam = new IAMClient({ endpoint: fleet.url, region: REGION, credentials: () => fleet.ssm.config.credentials() });
  clients.push(iam);
  const command = new SimulatePrincipalPolicyCommand({ PolicySourceArn: ROLE, ActionNames });
  const { EvaluationResults = [] } = await iam.send(command);
  return Object.fromEntries(EvaluationResults.map((result) => [result.EvalActionName, result.EvalDecision]));
}

test('a dry run says what would be, and does nothing', async () => {
  await keptFromTheRole('ec2:StopInstances');
  const { id } = await fleet.node('web-01');

  const snapshots = new CreateSnapshotsCommand({ InstanceSpecification: { InstanceId: id }, DryRun: true });
  await expect(fleet.ec2.send(snapshots)).rejects.toMatchObject({ name: 'DryRunOperation' });
  const start = new StartInstancesCommand({ InstanceIds: [id], DryRun: true });
  await expect(fleet.ec2.send(start)).rejects.toMatchObject({ name: 'DryRunOperation' });
  const stop = new StopInstancesCommand({ InstanceIds: [id], DryRun: true });
  await expect(fleet.ec2.send(stop)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
  expect((await fleet.ledger()).filter(({ kind }) => kind !== 'fleet-began')).toEqual([]);
});

test('what the description keeps from a role is refused in the words of each service', async () => {
  await keptFromTheRole('ec2:Describe*', 'ssm:ListCommands', 's3:ListBucket');
  const s3 = new S3Client({
    endpoint: fleet.url,
    region: REGION,
    forcePathStyle: true,
    credentials: () => fleet.ssm.config.credentials(),
  });
  clients.push(s3);

  await expect(fleet.ec2.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
    name: 'UnauthorizedOperation',
  });
  await expect(fleet.ssm.send(new ListCommandsCommand({}))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'patchtide-eu-west-1' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
});

test('IAM tells beforehand what is kept from a role, by the description or by a planted refusal', async () => {
  await keptFromTheRole('ssm:Send*');
  await fleet.fault({ fault: 'deny', operation: 'StartAutomationExecution', always: true });

  expect(await simulated('ssm:SendCommand', 'ssm:StartAutomationExecution', 's3:PutObject')).toEqual({
    'ssm:SendCommand': 'implicitDeny',
    'ssm:StartAutomationExecution': 'implicitDeny',
    's3:PutObject': 'allowed',
  });
});

test('a role without the right to ask IAM is not told', async () => {
  await keptFromTheRole('iam:SimulatePrincipalPolicy');

  await expect(simulated('ssm:SendCommand')).rejects.toMatchObject({ name: 'AccessDenied' });
});
