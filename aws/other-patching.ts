import {
  type AssociationDescription,
  DescribeAssociationCommand,
  GetMaintenanceWindowTaskCommand,
  type MaintenanceWindowIdentity,
  type MaintenanceWindowTask,
  paginateDescribeMaintenanceWindows,
  paginateDescribeMaintenanceWindowTargets,
  paginateDescribeMaintenanceWindowTasks,
  paginateListAssociations,
  type Target,
} from '@aws-sdk/client-ssm';
import {
  isPatchDocument,
  kindOfAssociation,
  type OtherPatching,
  operationOf,
  type PatchTarget,
} from '../domain/other-patching.js';
import type { Connection } from './connection.js';

/** SSM API model. */
const WINDOWS_PER_PAGE = 100;
const ASSOCIATIONS_PER_PAGE = 50;

/** See Fleet.otherPatching. */
export const otherPatching = async (aws: Connection, signal: AbortSignal): Promise<OtherPatching[]> => {
  const [windows, associations] = await Promise.all([patchingWindows(aws, signal), patchingAssociations(aws, signal)]);
  return [...windows, ...associations];
};

const patchingWindows = async (aws: Connection, signal: AbortSignal): Promise<OtherPatching[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindows', signal, (options) =>
    paginateDescribeMaintenanceWindows(
      { client: aws.ssm, pageSize: WINDOWS_PER_PAGE },
      { Filters: [{ Key: 'Enabled', Values: ['true'] }] },
      options,
    ),
  );
  const found: OtherPatching[] = [];
  for (const window of pages.flatMap(({ WindowIdentities }) => WindowIdentities ?? [])) {
    const patching = await patchingWindow(aws, window, signal);
    if (patching !== null) found.push(patching);
  }
  return found;
};

/** Null for a window that patches nothing. */
const patchingWindow = async (
  aws: Connection,
  { WindowId, Name }: MaintenanceWindowIdentity,
  signal: AbortSignal,
): Promise<OtherPatching | null> => {
  const pages = await aws.pages('DescribeMaintenanceWindowTasks', signal, (options) =>
    paginateDescribeMaintenanceWindowTasks({ client: aws.ssm, pageSize: WINDOWS_PER_PAGE }, { WindowId }, options),
  );
  const tasks = pages.flatMap(({ Tasks }) => Tasks ?? []).filter(({ TaskArn }) => isPatchDocument(TaskArn ?? ''));
  if (tasks.length === 0) return null;
  const [registered, operations] = await Promise.all([
    registeredTargets(aws, WindowId, signal),
    Promise.all(tasks.map((task) => operationOfTask(aws, task, signal))),
  ]);
  return {
    ...aws.at,
    kind: 'maintenance-window',
    id: WindowId ?? '',
    name: Name ?? '',
    documents: [...new Set(tasks.map(({ TaskArn }) => TaskArn ?? ''))],
    operation: strongest(operations),
    targets: tasks.flatMap((task) => targetsOfTask(task, registered)),
  };
};

const registeredTargets = async (
  aws: Connection,
  WindowId: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly PatchTarget[]>> => {
  const pages = await aws.pages('DescribeMaintenanceWindowTargets', signal, (options) =>
    paginateDescribeMaintenanceWindowTargets({ client: aws.ssm, pageSize: WINDOWS_PER_PAGE }, { WindowId }, options),
  );
  const targets = pages.flatMap(({ Targets }) => Targets ?? []);
  return new Map(targets.map((target) => [target.WindowTargetId ?? '', (target.Targets ?? []).map(patchTarget)]));
};

/** A task names targets of its window, each a group of its own, or nodes of its own, all of which a node must fit. */
const targetsOfTask = (
  { Targets = [] }: MaintenanceWindowTask,
  registered: ReadonlyMap<string, readonly PatchTarget[]>,
): (readonly PatchTarget[])[] => {
  const ofWindow = Targets.filter(({ Key }) => Key === 'WindowTargetIds').flatMap(({ Values }) => Values ?? []);
  const own = Targets.filter(({ Key }) => Key !== 'WindowTargetIds').map(patchTarget);
  return [...ofWindow.map((id) => registered.get(id) ?? []), ...(own.length > 0 ? [own] : [])].filter(
    (group) => group.length > 0,
  );
};

/** The list of tasks leaves out what they are called with. */
const operationOfTask = async (
  aws: Connection,
  { WindowId, WindowTaskId, TaskArn = '' }: MaintenanceWindowTask,
  signal: AbortSignal,
): Promise<OtherPatching['operation']> => {
  const command = new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId });
  const task = await aws.call('GetMaintenanceWindowTask', signal, (options) => aws.ssm.send(command, options));
  const { RunCommand, Automation } = task.TaskInvocationParameters ?? {};
  const legacy = Object.entries(task.TaskParameters ?? {}).map(([name, { Values }]) => [name, Values ?? []]);
  return operationOf(TaskArn, RunCommand?.Parameters ?? Automation?.Parameters ?? Object.fromEntries(legacy));
};

const patchingAssociations = async (aws: Connection, signal: AbortSignal): Promise<OtherPatching[]> => {
  const pages = await aws.pages('ListAssociations', signal, (options) =>
    paginateListAssociations({ client: aws.ssm, pageSize: ASSOCIATIONS_PER_PAGE }, {}, options),
  );
  const patching = pages
    .flatMap(({ Associations }) => Associations ?? [])
    .filter(
      ({ Name = '', AssociationName = '' }) =>
        isPatchDocument(Name) || kindOfAssociation(AssociationName) === 'patch-policy',
    );
  const found: OtherPatching[] = [];
  for (const { AssociationId } of patching) {
    const command = new DescribeAssociationCommand({ AssociationId });
    const { AssociationDescription } = await aws.call('DescribeAssociation', signal, (options) =>
      aws.ssm.send(command, options),
    );
    if (AssociationDescription) found.push(associationOf(aws, AssociationDescription));
  }
  return found;
};

const associationOf = (aws: Connection, association: AssociationDescription): OtherPatching => {
  const { AssociationId = '', AssociationName, Name = '', InstanceId, Targets = [], Parameters = {} } = association;
  const targets = InstanceId ? [{ key: 'InstanceIds', values: [InstanceId] }] : Targets.map(patchTarget);
  return {
    ...aws.at,
    kind: kindOfAssociation(AssociationName ?? ''),
    id: AssociationId,
    name: AssociationName ?? Name,
    documents: [Name],
    operation: operationOf(Name, Parameters),
    targets: targets.length > 0 ? [targets] : [],
  };
};

const patchTarget = ({ Key = '', Values = [] }: Target): PatchTarget => ({ key: Key, values: Values });

const strongest = (operations: readonly OtherPatching['operation'][]): OtherPatching['operation'] =>
  (['install', 'unknown', 'scan'] as const).find((operation) => operations.includes(operation)) ?? 'unknown';
