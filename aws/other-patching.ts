import {
  type AssociationDescription,
  DescribeAssociationCommand,
  type MaintenanceWindowIdentity,
  paginateListAssociations,
} from '@aws-sdk/client-ssm';
import { isPatchDocument, kindOfAssociation, type OtherPatching, operationOf } from '../domain/other-patching.js';
import { groupsOfTask } from '../domain/selectors.js';
import { type Connection, fewAtATime } from './connection.js';
import { parametersOf, selectorsOf, tasksRead, windowsWhere, windowTargets, windowTasks } from './windows.js';

/** SSM API model. */
const ASSOCIATIONS_PER_PAGE = 50;

/** See Fleet.otherPatching. */
export const otherPatching = async (aws: Connection, signal: AbortSignal): Promise<OtherPatching[]> => {
  const [windows, associations] = await Promise.all([patchingWindows(aws, signal), patchingAssociations(aws, signal)]);
  return [...windows, ...associations];
};

const patchingWindows = async (aws: Connection, signal: AbortSignal): Promise<OtherPatching[]> => {
  const windows = await windowsWhere(aws, [{ Key: 'Enabled', Values: ['true'] }], signal);
  const found: OtherPatching[] = [];
  for (const window of windows) {
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
  const all = await windowTasks(aws, WindowId, signal);
  const tasks = all.filter(({ TaskArn = '' }) => isPatchDocument(TaskArn));
  if (tasks.length === 0) return null;
  const [registered, read] = await Promise.all([windowTargets(aws, WindowId, signal), tasksRead(aws, tasks, signal)]);
  return {
    ...aws.at,
    kind: 'maintenance-window',
    id: WindowId ?? '',
    name: Name ?? '',
    documents: [...new Set(tasks.map(({ TaskArn = '' }) => TaskArn))],
    operation: strongest(read.map((task) => operationOf(task.TaskArn ?? '', parametersOf(task)))),
    targets: tasks.flatMap(({ Targets }) => groupsOfTask(selectorsOf(Targets), registered)),
  };
};

/** The list leaves out what associations are called with. */
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
  const described = await fewAtATime(patching, async ({ AssociationId }) => {
    const command = new DescribeAssociationCommand({ AssociationId });
    return await aws.call('DescribeAssociation', signal, (options) => aws.ssm.send(command, options));
  });
  return described.flatMap(({ AssociationDescription }) =>
    AssociationDescription ? [associationOf(aws, AssociationDescription)] : [],
  );
};

const associationOf = (aws: Connection, association: AssociationDescription): OtherPatching => {
  const { AssociationId = '', AssociationName, Name = '', InstanceId, Targets, Parameters = {} } = association;
  const targets = InstanceId ? [{ key: 'InstanceIds', values: [InstanceId] }] : selectorsOf(Targets);
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

const strongest = (operations: readonly OtherPatching['operation'][]): OtherPatching['operation'] =>
  (['install', 'unknown', 'scan'] as const).find((operation) => operations.includes(operation)) ?? 'unknown';
