import {
  CreateMaintenanceWindowCommand,
  type CreateMaintenanceWindowCommandInput,
  DeleteMaintenanceWindowCommand,
  DescribeMaintenanceWindowsCommand,
  DescribeMaintenanceWindowTargetsCommand,
  DescribeMaintenanceWindowTasksCommand,
  GetMaintenanceWindowCommand,
  GetMaintenanceWindowTaskCommand,
  paginateDescribeMaintenanceWindows,
  RegisterTargetWithMaintenanceWindowCommand,
  RegisterTaskWithMaintenanceWindowCommand,
  type RegisterTaskWithMaintenanceWindowCommandInput,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SMALL, type TestFleet, testFleet } from './fleet.js';

let fleet: TestFleet;
beforeEach(async () => {
  fleet = await testFleet({ ...SMALL, limits: { ssm: 'none' } });
});
afterEach(() => fleet.close());

const sunday = {
  Name: 'prod-sunday',
  Schedule: 'cron(0 2 ? * SUN *)',
  ScheduleTimezone: 'Europe/London',
  Duration: 4,
  Cutoff: 1,
  AllowUnassociatedTargets: false,
} satisfies CreateMaintenanceWindowCommandInput;

const create = async (more: Partial<CreateMaintenanceWindowCommandInput> = {}): Promise<string> =>
  (await fleet.ssm.send(new CreateMaintenanceWindowCommand({ ...sunday, ...more }))).WindowId ?? '';

const registerTarget = async (WindowId: string): Promise<string> => {
  const { WindowTargetId } = await fleet.ssm.send(
    new RegisterTargetWithMaintenanceWindowCommand({
      WindowId,
      ResourceType: 'INSTANCE',
      Name: 'production',
      Targets: [{ Key: 'tag:Patch Group', Values: ['web'] }],
    }),
  );
  return WindowTargetId ?? '';
};

const registerTask = async (
  WindowId: string,
  more: Partial<RegisterTaskWithMaintenanceWindowCommandInput>,
): Promise<string> => {
  const { WindowTaskId } = await fleet.ssm.send(
    new RegisterTaskWithMaintenanceWindowCommand({
      WindowId,
      TaskType: 'RUN_COMMAND',
      TaskArn: 'AWS-RunPatchBaseline',
      MaxConcurrency: '10%',
      MaxErrors: '2',
      TaskInvocationParameters: { RunCommand: { Parameters: { Operation: ['Install'] }, TimeoutSeconds: 600 } },
      ...more,
    }),
  );
  return WindowTaskId ?? '';
};

test('a window is told as it was created, with its targets and its tasks', async () => {
  const WindowId = await create({ ScheduleOffset: 3, Description: 'Production' });
  const WindowTargetId = await registerTarget(WindowId);
  const WindowTaskId = await registerTask(WindowId, {
    Priority: 5,
    Targets: [{ Key: 'WindowTargetIds', Values: [WindowTargetId] }],
  });

  expect(await fleet.ssm.send(new GetMaintenanceWindowCommand({ WindowId }))).toMatchObject({
    ...sunday,
    WindowId,
    ScheduleOffset: 3,
    Description: 'Production',
    Enabled: true,
    CreatedDate: expect.any(Date),
  });
  const { Targets } = await fleet.ssm.send(new DescribeMaintenanceWindowTargetsCommand({ WindowId }));
  expect(Targets).toEqual([
    {
      WindowId,
      WindowTargetId,
      ResourceType: 'INSTANCE',
      Name: 'production',
      Targets: [{ Key: 'tag:Patch Group', Values: ['web'] }],
    },
  ]);
  const { Tasks } = await fleet.ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId }));
  expect(Tasks).toMatchObject([{ WindowTaskId, Type: 'RUN_COMMAND', Priority: 5, MaxErrors: '2' }]);
  expect(await fleet.ssm.send(new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId }))).toMatchObject({
    TaskType: 'RUN_COMMAND',
    TaskArn: 'AWS-RunPatchBaseline',
    TaskInvocationParameters: { RunCommand: { Parameters: { Operation: ['Install'] }, TimeoutSeconds: 600 } },
  });
});

test('the payload of a Lambda task comes back as its bytes', async () => {
  const WindowId = await create();
  const WindowTaskId = await registerTask(WindowId, {
    TaskType: 'LAMBDA',
    TaskArn: 'arn:aws:lambda:eu-west-1:111122223333:function:notify',
    TaskInvocationParameters: { Lambda: { Payload: new TextEncoder().encode('{"team":"web"}') } },
  });

  const { TaskInvocationParameters } = await fleet.ssm.send(
    new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId }),
  );
  expect(new TextDecoder().decode(TaskInvocationParameters?.Lambda?.Payload)).toBe('{"team":"web"}');
});

test('50 windows to an account and Region, told in pages of at least 10', async () => {
  for (let number = 1; number <= 50; number += 1) await create({ Name: `window-${number}` });

  await expect(create()).rejects.toMatchObject({ name: 'ResourceLimitExceededException' });
  const pages: number[] = [];
  for await (const page of paginateDescribeMaintenanceWindows({ client: fleet.ssm, pageSize: 20 }, {}))
    pages.push(page.WindowIdentities?.length ?? 0);
  expect(pages).toEqual([20, 20, 10]);
  await expect(fleet.ssm.send(new DescribeMaintenanceWindowsCommand({ MaxResults: 5 }))).rejects.toMatchObject({
    name: 'ValidationException',
  });
});

test('20 tasks to a window', async () => {
  const WindowId = await create();
  const Targets = [{ Key: 'WindowTargetIds', Values: [await registerTarget(WindowId)] }];
  for (let number = 1; number <= 20; number += 1) await registerTask(WindowId, { Targets });

  await expect(registerTask(WindowId, { Targets })).rejects.toMatchObject({ name: 'ResourceLimitExceededException' });
});

test('a window that is deleted is gone, and deleting it again is no error', async () => {
  const WindowId = await create();
  await fleet.ssm.send(new DeleteMaintenanceWindowCommand({ WindowId }));
  await fleet.ssm.send(new DeleteMaintenanceWindowCommand({ WindowId }));

  await expect(fleet.ssm.send(new GetMaintenanceWindowCommand({ WindowId }))).rejects.toMatchObject({
    name: 'DoesNotExistException',
  });
  await expect(registerTarget(WindowId)).rejects.toMatchObject({ name: 'DoesNotExistException' });
});

test('the same client token creates one window', async () => {
  const ClientToken = '11111111-2222-4333-8444-555555555555';

  expect(await create({ ClientToken })).toBe(await create({ ClientToken }));
});

describe('refused', () => {
  const windows: [string, Partial<CreateMaintenanceWindowCommandInput>][] = [
    ['a cutoff as long as the window', { Cutoff: 4 }],
    ['an offset of more than 6 days', { ScheduleOffset: 7 }],
    ['an offset to a rate', { Schedule: 'rate(7 days)', ScheduleOffset: 2 }],
    ['a schedule that is none', { Schedule: '0 2 * * SUN' }],
    ['a time zone that is none', { ScheduleTimezone: 'Europe/Londno' }],
    ['a duration of more than a day', { Duration: 25 }],
  ];
  test.each(windows)('%s', async (_title, more) => {
    await expect(create(more)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('a task for nodes that are not registered, unless the window allows them', async () => {
    const { id } = await fleet.node('web-01');
    const Targets = [{ Key: 'InstanceIds', Values: [id] }];

    await expect(registerTask(await create(), { Targets })).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await registerTask(await create({ AllowUnassociatedTargets: true }), { Targets })).toHaveLength(36);
  });

  test('a command without targets, and targets without MaxErrors', async () => {
    const WindowId = await create();
    const Targets = [{ Key: 'WindowTargetIds', Values: [await registerTarget(WindowId)] }];

    await expect(registerTask(WindowId, {})).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(registerTask(WindowId, { Targets, MaxErrors: undefined })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

test('a description says which windows, baselines and associations there are, and a disabled window stays so', async () => {
  await fleet.close();
  fleet = await testFleet({
    ...SMALL,
    maintenanceWindows: [
      {
        create: sunday,
        enabled: false,
        targets: [{ Name: 'front', ResourceType: 'INSTANCE', Targets: [{ Key: 'InstanceIds', Values: ['web-01'] }] }],
        tasks: [
          {
            TaskType: 'RUN_COMMAND',
            TaskArn: 'AWS-RunPatchBaseline',
            Targets: [{ Key: 'WindowTargetIds', Values: ['front'] }],
            MaxConcurrency: '1',
            MaxErrors: '1',
          },
        ],
      },
    ],
  });
  const { WindowIdentities: [window] = [] } = await fleet.ssm.send(
    new DescribeMaintenanceWindowsCommand({ Filters: [{ Key: 'Enabled', Values: ['false'] }] }),
  );
  expect(window).toMatchObject({ Name: 'prod-sunday', Enabled: false });
  const WindowId = window?.WindowId;
  const { Targets } = await fleet.ssm.send(new DescribeMaintenanceWindowTargetsCommand({ WindowId }));
  expect(Targets?.[0]?.Targets).toEqual([{ Key: 'InstanceIds', Values: [(await fleet.node('web-01')).id] }]);
  const { Tasks } = await fleet.ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId }));
  expect(Tasks?.[0]?.Targets).toEqual([{ Key: 'WindowTargetIds', Values: [Targets?.[0]?.WindowTargetId] }]);
});

test('a description that AWS would refuse is refused, with what AWS would say', async () => {
  const twentyFifth = { create: { ...sunday, Duration: 25 } };

  await expect(testFleet({ ...SMALL, maintenanceWindows: [twentyFifth] })).rejects.toThrow(/prod-sunday.*Duration/);
});
