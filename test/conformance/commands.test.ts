import { GetObjectCommand } from '@aws-sdk/client-s3';
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  paginateListCommandInvocations,
  SendCommandCommand,
  type SendCommandCommandInput,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(() => fleet.close());

const echo = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['echo hello'] } };

describe('SendCommand refuses', () => {
  const cases: [string, Partial<SendCommandCommandInput>, string][] = [
    ['a comment of more than 100 characters', { Comment: 'x'.repeat(101) }, 'ValidationException'],
    ['more than 50 nodes', { InstanceIds: Array.from({ length: 51 }, () => 'i-0') }, 'ValidationException'],
    ['a document that is not there', { DocumentName: 'AWS-Nonsense' }, 'InvalidDocument'],
    ['a parameter that the document does not take', { Parameters: { command: ['true'] } }, 'InvalidParameters'],
    ['a node that is not there', { InstanceIds: ['i-00000000000000000'] }, 'InvalidInstanceId'],
    ['no nodes', { InstanceIds: [] }, 'ValidationException'],
  ];
  test.each(cases)('%s', async (_title, wrong, code) => {
    const { id } = await fleet.node('web-01');
    const request = new SendCommandCommand({ ...echo, InstanceIds: [id], ...wrong });

    await expect(fleet.ssm.send(request)).rejects.toMatchObject({ name: code });
    expect(await fleet.ledger('?kind=command-accepted')).toEqual([]);
  });

  test('a stopped instance, and then sends to none', async () => {
    const { id } = await fleet.node('web-01');
    const { id: other } = await fleet.node('web-02');
    await fleet.control('POST', '/nodes', { node: id, state: 'stopped' });

    await expect(fleet.send(echo.DocumentName, [id, other], echo.Parameters)).rejects.toMatchObject({
      name: 'InvalidInstanceId',
    });
  });
});

test('what was sent shows a moment later', async () => {
  await fleet.close();
  fleet = await testFleet({ ...SMALL, consistencyMs: [200, 200] });
  const { id } = await fleet.node('web-01');
  const CommandId = await fleet.send(echo.DocumentName, [id], echo.Parameters, 'key-1');
  const get = () => fleet.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: id }));

  await expect(get()).rejects.toMatchObject({ name: 'InvocationDoesNotExist' });
  expect((await fleet.ssm.send(new ListCommandsCommand({}))).Commands).toEqual([]);
  fleet.passWall(1);
  expect(await get()).toMatchObject({ Status: 'Success', StandardOutputContent: 'hello\n', Comment: 'key-1' });
  expect((await fleet.ssm.send(new ListCommandsCommand({}))).Commands).toMatchObject([{ CommandId, Comment: 'key-1' }]);
});

test('one call counts the progress of a whole command', async () => {
  const ids = (await fleet.nodes()).filter((node) => node.os !== 'windows-server-2022').map((node) => node.id);
  await fleet.fault({ fault: 'command-fails', node: 'web-01' });
  await fleet.send(echo.DocumentName, ids, echo.Parameters);
  const command = async () => (await fleet.ssm.send(new ListCommandsCommand({}))).Commands?.[0];

  expect(await command()).toMatchObject({ Status: 'Pending', TargetCount: 4, CompletedCount: 0 });
  fleet.pass(60);
  expect(await command()).toMatchObject({ StatusDetails: 'Incomplete', CompletedCount: 4, ErrorCount: 1 });
});

test('invocations are paged and carry their output', async () => {
  await fleet.close();
  fleet = await testFleet({ ...SMALL, groups: [{ name: 'many', os: 'amazon-linux-2023', count: 50 }] });
  const ids = (await fleet.nodes()).map((node) => node.id);
  const CommandId = await fleet.send(echo.DocumentName, ids, echo.Parameters);
  await fleet.send(echo.DocumentName, ids, echo.Parameters);
  fleet.pass(60);
  const pages = [];
  for await (const page of paginateListCommandInvocations({ client: fleet.ssm }, { Details: true })) {
    pages.push(page.CommandInvocations ?? []);
  }

  expect(pages.map((page) => page.length)).toEqual([50, 50]);
  expect(pages[1]?.[0]).toMatchObject({
    CommandId,
    Status: 'Success',
    CommandPlugins: [{ Output: 'hello\n', ResponseCode: 0 }],
  });
});

test('output goes to the bucket that the command names', async () => {
  const { id } = await fleet.node('web-01');
  const { Command } = await fleet.ssm.send(
    new SendCommandCommand({
      ...echo,
      InstanceIds: [id],
      OutputS3BucketName: 'patchtide-eu-west-1',
      OutputS3KeyPrefix: 'out',
    }),
  );
  fleet.pass(60);
  const Key = `out/${Command?.CommandId}/${id}/awsrunShellScript/0.awsrunShellScript/stdout`;
  const { Body } = await fleet.s3.send(new GetObjectCommand({ Bucket: 'patchtide-eu-west-1', Key }));

  expect(await Body?.transformToString()).toBe('hello\n');
});

test('errors beyond MaxErrors end what has not begun', async () => {
  await fleet.close();
  fleet = await testFleet({ ...SMALL, groups: [{ name: 'many', os: 'amazon-linux-2023', count: 6 }] });
  const InstanceIds = (await fleet.nodes()).map((node) => node.id);
  await fleet.ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: ['exit 1'] },
      InstanceIds,
      MaxConcurrency: '1',
      MaxErrors: '1',
    }),
  );
  fleet.pass(60);
  const { CommandInvocations = [] } = await fleet.ssm.send(new ListCommandInvocationsCommand({}));
  const details = CommandInvocations.map((each) => each.StatusDetails ?? '').toSorted();

  expect(details).toEqual(['Failed', 'Failed', 'Terminated', 'Terminated', 'Terminated', 'Terminated']);
  expect((await fleet.ssm.send(new ListCommandsCommand({}))).Commands?.[0]).toMatchObject({
    Status: 'Failed',
    ErrorCount: 2,
    CompletedCount: 6,
  });
});

test('CancelCommand ends what has not begun and stops a script, but no install', async () => {
  const ids = await Promise.all(['web-01', 'web-02'].map(async (name) => (await fleet.node(name)).id));
  const [first = '', second = ''] = ids;
  const script = await fleet.send('AWS-RunShellScript', [first], { commands: ['sleep 600'] });
  const install = await fleet.send('AWS-RunPatchBaseline', [second], { Operation: ['Install'] });
  fleet.pass(10);
  await fleet.ssm.send(new CancelCommandCommand({ CommandId: script }));
  await fleet.ssm.send(new CancelCommandCommand({ CommandId: install }));
  fleet.pass(900);
  const status = async (CommandId: string, InstanceId: string) =>
    (await fleet.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }))).Status;

  expect(await status(script, first)).toBe('Cancelled');
  expect(await status(install, second)).toBe('Success');
  await expect(
    fleet.ssm.send(new CancelCommandCommand({ CommandId: '00000000-0000-4000-8000-000000000000' })),
  ).rejects.toMatchObject({ name: 'InvalidCommandId' });
});

test('a node without its agent keeps a command waiting, until it is back or the delivery times out', async () => {
  const { id } = await fleet.node('web-01');
  const send = async (TimeoutSeconds: number) =>
    (await fleet.ssm.send(new SendCommandCommand({ ...echo, InstanceIds: [id], TimeoutSeconds }))).Command?.CommandId;
  await fleet.fault({ fault: 'agent-lost-until-reboot', node: id });
  await fleet.run('AWS-RunShellScript', id, { commands: ['reboot'] });

  const { InstanceInformationList } = await fleet.ssm.send(
    new DescribeInstanceInformationCommand({ Filters: [{ Key: 'InstanceIds', Values: [id] }] }),
  );
  const [short, long] = [await send(30), await send(2_000)];
  fleet.pass(40);
  const status = async (CommandId: string | undefined) =>
    (await fleet.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: id }))).StatusDetails;

  expect(InstanceInformationList?.[0]?.PingStatus).toBe('ConnectionLost');
  expect([await status(short), await status(long)]).toEqual(['DeliveryTimedOut', 'Delayed']);
});

test('a node that never comes back from its restart leaves its install in progress until it times out', async () => {
  const { id } = await fleet.node('web-01');
  await fleet.fault({ fault: 'agent-never-returns', node: id });
  const CommandId = await fleet.send('AWS-RunPatchBaseline', [id], { Operation: ['Install'] });
  const status = async () =>
    (await fleet.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId: id }))).StatusDetails;

  fleet.pass(3_600);
  expect(await status()).toBe('InProgress');
  fleet.pass(3_700);
  expect(await status()).toBe('ExecutionTimedOut');
});

test('the ledger is in the order of true time, whenever it is read', async () => {
  const ids = (await fleet.nodes()).map((node) => node.id);
  await fleet.send('AWS-RunPatchBaseline', ids, { Operation: ['Install'] }, 'cycle/1');
  await fleet.send('AWS-RunPatchBaseline', ids, { Operation: ['Scan'] }, 'cycle/2');
  fleet.pass(2_000);
  const ledger = await fleet.ledger();
  const times = ledger.map((entry) => entry.at);

  expect(times).toEqual(times.toSorted());
  expect(ledger.map((entry) => entry.seq)).toEqual(ledger.map((_, index) => index + 1));
  expect(ledger.filter((entry) => entry.kind === 'command-accepted').map((entry) => entry.key)).toEqual([
    'cycle/1',
    'cycle/2',
  ]);
});
