import {
  DescribeAutomationExecutionsCommand,
  GetAutomationExecutionCommand,
  StartAutomationExecutionCommand,
  type StartAutomationExecutionCommandInput,
  StopAutomationExecutionCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet({
    ...SMALL,
    automations: [
      { name: 'Storefront-Drain', seconds: 60 },
      { name: 'Storefront-Break', seconds: 10, fails: true },
    ],
  });
});
afterEach(() => fleet.close());

const start = async (input: StartAutomationExecutionCommandInput) =>
  (await fleet.ssm.send(new StartAutomationExecutionCommand(input))).AutomationExecutionId;
const execution = async (AutomationExecutionId: string | undefined) =>
  (await fleet.ssm.send(new GetAutomationExecutionCommand({ AutomationExecutionId }))).AutomationExecution;

test('a runbook runs for a while, and succeeds or fails', async () => {
  const [drain, broken] = [
    await start({ DocumentName: 'Storefront-Drain' }),
    await start({ DocumentName: 'Storefront-Break' }),
  ];
  expect(await execution(drain)).toMatchObject({ AutomationExecutionStatus: 'InProgress' });
  fleet.pass(70);

  expect(await execution(drain)).toMatchObject({
    AutomationExecutionStatus: 'Success',
    StepExecutions: [{ StepStatus: 'Success' }],
  });
  expect(await execution(broken)).toMatchObject({
    AutomationExecutionStatus: 'Failed',
    FailureMessage: expect.any(String),
  });
  expect(
    (await fleet.ssm.send(new DescribeAutomationExecutionsCommand({}))).AutomationExecutionMetadataList,
  ).toHaveLength(2);
});

test('the same client token starts one execution', async () => {
  const ClientToken = '11111111-2222-4333-8444-555555555555';
  const first = await start({ DocumentName: 'Storefront-Drain', ClientToken });

  expect(await start({ DocumentName: 'Storefront-Drain', ClientToken })).toBe(first);
  expect(await fleet.ledger('?kind=automation-started')).toHaveLength(1);
  await expect(start({ DocumentName: 'Storefront-Break', ClientToken })).rejects.toMatchObject({
    name: 'IdempotentParameterMismatch',
  });
});

test('a runbook can be stopped', async () => {
  const AutomationExecutionId = await start({ DocumentName: 'Storefront-Drain' });
  await fleet.ssm.send(new StopAutomationExecutionCommand({ AutomationExecutionId, Type: 'Cancel' }));

  expect(await execution(AutomationExecutionId)).toMatchObject({ AutomationExecutionStatus: 'Cancelled' });
});

test('AWS’s own runbook stops an instance', async () => {
  const { id } = await fleet.node('web-01');
  await start({ DocumentName: 'AWS-StopEC2Instance', Parameters: { InstanceId: [id] } });
  fleet.pass(120);

  expect((await fleet.node('web-01')).state).toBe('stopped');
});

test('what is not there is refused', async () => {
  await expect(start({ DocumentName: 'Nobody-Wrote-This' })).rejects.toMatchObject({
    name: 'AutomationDefinitionNotFoundException',
  });
  await expect(execution('11111111-2222-4333-8444-555555555555')).rejects.toMatchObject({
    name: 'AutomationExecutionNotFoundException',
  });
});
