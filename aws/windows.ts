import {
  GetMaintenanceWindowTaskCommand,
  type GetMaintenanceWindowTaskResult,
  type MaintenanceWindowFilter,
  type MaintenanceWindowIdentity,
  type MaintenanceWindowTask,
  paginateDescribeMaintenanceWindows,
  paginateDescribeMaintenanceWindowTargets,
  paginateDescribeMaintenanceWindowTasks,
  type Target,
} from '@aws-sdk/client-ssm';
import type { EstateTarget } from '../domain/import/estate.js';
import type { Selector } from '../domain/selectors.js';
import { type Connection, fewAtATime } from './connection.js';

/** SSM API model. */
const PER_PAGE = 100;

export const windowsWhere = async (
  aws: Connection,
  Filters: MaintenanceWindowFilter[],
  signal: AbortSignal,
): Promise<MaintenanceWindowIdentity[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindows', signal, (options) =>
    paginateDescribeMaintenanceWindows({ client: aws.ssm, pageSize: PER_PAGE }, { Filters }, options),
  );
  return pages.flatMap(({ WindowIdentities }) => WindowIdentities ?? []);
};

/** The targets that are registered with a window. */
export const windowTargets = async (
  aws: Connection,
  WindowId: string | undefined,
  signal: AbortSignal,
): Promise<EstateTarget[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindowTargets', signal, (options) =>
    paginateDescribeMaintenanceWindowTargets({ client: aws.ssm, pageSize: PER_PAGE }, { WindowId }, options),
  );
  return pages
    .flatMap(({ Targets }) => Targets ?? [])
    .map(({ WindowTargetId = '', Targets }) => ({ id: WindowTargetId, selectors: selectorsOf(Targets) }));
};

/** The tasks of a window, without what they are called with: `tasksRead` has that. */
export const windowTasks = async (
  aws: Connection,
  WindowId: string | undefined,
  signal: AbortSignal,
): Promise<MaintenanceWindowTask[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindowTasks', signal, (options) =>
    paginateDescribeMaintenanceWindowTasks({ client: aws.ssm, pageSize: PER_PAGE }, { WindowId }, options),
  );
  return pages.flatMap(({ Tasks }) => Tasks ?? []);
};

/** Tasks with all that is known of them, in their order. */
export const tasksRead = async (
  aws: Connection,
  tasks: readonly MaintenanceWindowTask[],
  signal: AbortSignal,
): Promise<GetMaintenanceWindowTaskResult[]> =>
  await fewAtATime(tasks, async ({ WindowId, WindowTaskId }) => {
    const command = new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId });
    return await aws.call('GetMaintenanceWindowTask', signal, (options) => aws.ssm.send(command, options));
  });

/** What a command or an automation is called with; old tasks have it in a place of its own. */
export const parametersOf = ({
  TaskInvocationParameters: { RunCommand, Automation } = {},
  TaskParameters = {},
}: GetMaintenanceWindowTaskResult): Record<string, string[]> =>
  RunCommand?.Parameters ??
  Automation?.Parameters ??
  Object.fromEntries(Object.entries(TaskParameters).map(([name, { Values = [] }]) => [name, Values]));

export const selectorsOf = (targets: readonly Target[] = []): Selector[] =>
  targets.map(({ Key = '', Values = [] }) => ({ key: Key, values: Values }));
