import {
  type BaselineOverride,
  GetMaintenanceWindowTaskCommand,
  type GetMaintenanceWindowTaskResult,
  GetPatchBaselineCommand,
  type GetPatchBaselineResult,
  type MaintenanceWindowIdentity,
  type PatchBaselineIdentity,
  paginateDescribeMaintenanceWindows,
  paginateDescribeMaintenanceWindowTargets,
  paginateDescribeMaintenanceWindowTasks,
  paginateDescribePatchBaselines,
  paginateDescribePatchGroups,
} from '@aws-sdk/client-ssm';
import { FleetError } from '../activities/ports.js';
import type { EstateBaseline, EstateSettings, EstateTask, EstateWindow, Selector } from '../domain/import/estate.js';
import { type Connection, chunksOf } from './connection.js';

/** SSM API model. */
const PER_PAGE = 100;
/** Tasks and baselines are read one by one; a few at a time keep within the rate of reading calls. */
const AT_ONCE = 5;

/** See Fleet.estate. */
export const estate = async (aws: Connection, signal: AbortSignal): Promise<EstateSettings> => {
  const [windows, registrations] = await Promise.all([readWindows(aws, signal), readRegistrations(aws, signal)]);
  const baselines = await readBaselines(aws, signal);
  return { windows, baselines, registrations };
};

/** Of a window that is disabled its tasks and targets are not read. */
const readWindows = async (aws: Connection, signal: AbortSignal): Promise<EstateWindow[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindows', signal, (options) =>
    paginateDescribeMaintenanceWindows({ client: aws.ssm, pageSize: PER_PAGE }, {}, options),
  );
  const windows: EstateWindow[] = [];
  for (const identity of pages.flatMap(({ WindowIdentities }) => WindowIdentities ?? [])) {
    windows.push(await readWindow(aws, identity, signal));
  }
  return windows;
};

const readWindow = async (
  aws: Connection,
  window: MaintenanceWindowIdentity,
  signal: AbortSignal,
): Promise<EstateWindow> => {
  const { WindowId, Enabled = true } = window;
  const [targets, tasks] = Enabled
    ? await Promise.all([readTargets(aws, WindowId, signal), readTasks(aws, WindowId, signal)])
    : [[], []];
  return {
    id: WindowId ?? '',
    name: window.Name ?? '',
    enabled: Enabled,
    schedule: window.Schedule ?? '',
    timezone: window.ScheduleTimezone ?? null,
    offset: window.ScheduleOffset ?? null,
    duration: window.Duration ?? 0,
    cutoff: window.Cutoff ?? 0,
    startDate: window.StartDate ?? null,
    endDate: window.EndDate ?? null,
    targets,
    tasks,
  };
};

const readTargets = async (aws: Connection, WindowId: string | undefined, signal: AbortSignal) => {
  const pages = await aws.pages('DescribeMaintenanceWindowTargets', signal, (options) =>
    paginateDescribeMaintenanceWindowTargets({ client: aws.ssm, pageSize: PER_PAGE }, { WindowId }, options),
  );
  return pages
    .flatMap(({ Targets }) => Targets ?? [])
    .map(({ WindowTargetId = '', Targets }) => ({ id: WindowTargetId, selectors: selectorsOf(Targets) }));
};

/** The list of tasks leaves out what they are called with. */
const readTasks = async (aws: Connection, WindowId: string | undefined, signal: AbortSignal): Promise<EstateTask[]> => {
  const pages = await aws.pages('DescribeMaintenanceWindowTasks', signal, (options) =>
    paginateDescribeMaintenanceWindowTasks({ client: aws.ssm, pageSize: PER_PAGE }, { WindowId }, options),
  );
  const listed = pages.flatMap(({ Tasks }) => Tasks ?? []);
  return await oneByOne(listed, async ({ WindowTaskId }) => {
    const command = new GetMaintenanceWindowTaskCommand({ WindowId, WindowTaskId });
    return taskOf(await aws.call('GetMaintenanceWindowTask', signal, (options) => aws.ssm.send(command, options)));
  });
};

const taskOf = (task: GetMaintenanceWindowTaskResult): EstateTask => {
  const { RunCommand, Automation } = task.TaskInvocationParameters ?? {};
  const legacy = Object.entries(task.TaskParameters ?? {}).map(([name, { Values }]) => [name, Values ?? []] as const);
  const parameters = RunCommand?.Parameters ?? Automation?.Parameters ?? Object.fromEntries(legacy);
  const { LoggingInfo, CutoffBehavior, AlarmConfiguration } = task;
  return {
    id: task.WindowTaskId ?? '',
    name: task.Name ?? null,
    kind: task.TaskType ?? '',
    document: task.TaskArn ?? '',
    priority: task.Priority ?? 0,
    selectors: selectorsOf(task.Targets),
    parameters,
    maxConcurrency: task.MaxConcurrency ?? null,
    maxErrors: task.MaxErrors ?? null,
    settings: settingsIn({
      LoggingInfo,
      AlarmConfiguration,
      CutoffBehavior: CutoffBehavior === 'CANCEL_TASK' ? CutoffBehavior : undefined,
      ...withoutParameters(RunCommand),
      ...withoutParameters(Automation),
    }),
  };
};

/** What a command or an automation is called with is carried over; a comment of it means nothing. */
const withoutParameters = (invocation: object | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(invocation ?? {}).filter(([name]) => name !== 'Parameters' && name !== 'Comment'));

/** The names of what is set, without what says the default. */
const settingsIn = (given: Record<string, unknown>): string[] =>
  Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== '$DEFAULT')
    .map(([name]) => name)
    .sort();

const readRegistrations = async (aws: Connection, signal: AbortSignal): Promise<EstateSettings['registrations']> => {
  const pages = await aws.pages('DescribePatchGroups', signal, (options) =>
    paginateDescribePatchGroups({ client: aws.ssm, pageSize: PER_PAGE }, {}, options),
  );
  return pages
    .flatMap(({ Mappings }) => Mappings ?? [])
    .map(({ PatchGroup = '', BaselineIdentity }) => ({
      patchGroup: PatchGroup,
      baselineId: BaselineIdentity?.BaselineId ?? '',
      os: BaselineIdentity?.OperatingSystem ?? '',
    }));
};

/** The account's own, and the defaults of the operating systems. */
const readBaselines = async (aws: Connection, signal: AbortSignal): Promise<EstateBaseline[]> => {
  const identities = async (owner: string) => {
    const pages = await aws.pages('DescribePatchBaselines', signal, (options) =>
      paginateDescribePatchBaselines(
        { client: aws.ssm, pageSize: PER_PAGE },
        { Filters: [{ Key: 'OWNER', Values: [owner] }] },
        options,
      ),
    );
    return pages.flatMap(({ BaselineIdentities }) => BaselineIdentities ?? []);
  };
  const [own, provided] = await Promise.all([identities('Self'), identities('AWS')]);
  const wanted = [
    ...own.map((identity) => ({ identity, own: true })),
    ...provided.filter(({ DefaultBaseline }) => DefaultBaseline).map((identity) => ({ identity, own: false })),
  ];
  const read = await oneByOne(wanted, async (each) => {
    const command = new GetPatchBaselineCommand({ BaselineId: each.identity.BaselineId });
    try {
      const found = await aws.call('GetPatchBaseline', signal, (options) => aws.ssm.send(command, options));
      return [baselineOf(found, each.identity, each.own)];
    } catch (error) {
      // AWS's own baselines belong to another account, which a role may leave out: what needs them is said not to come over.
      if (!each.own && error instanceof FleetError && error.code === 'denied') return [];
      throw error;
    }
  });
  return read.flat();
};

const baselineOf = (
  baseline: GetPatchBaselineResult,
  identity: PatchBaselineIdentity,
  own: boolean,
): EstateBaseline => ({
  id: identity.BaselineId ?? '',
  name: baseline.Name ?? '',
  os: baseline.OperatingSystem ?? 'WINDOWS',
  own,
  isDefault: identity.DefaultBaseline ?? false,
  rules: (baseline.ApprovalRules?.PatchRules ?? []).map((rule) => ({
    filters: filtersOf(rule.PatchFilterGroup),
    approveAfterDays: rule.ApproveAfterDays ?? null,
    approveUntil: rule.ApproveUntilDate || null,
    nonSecurity: rule.EnableNonSecurity ?? false,
    level: rule.ComplianceLevel ?? 'UNSPECIFIED',
  })),
  globalFilters: filtersOf(baseline.GlobalFilters),
  approved: baseline.ApprovedPatches ?? [],
  approvedNonSecurity: baseline.ApprovedPatchesEnableNonSecurity ?? false,
  rejected: baseline.RejectedPatches ?? [],
  rejectedAction: baseline.RejectedPatchesAction ?? 'ALLOW_AS_DEPENDENCY',
  sources: (baseline.Sources ?? []).map(({ Name = '' }) => Name),
});

const filtersOf = (group: BaselineOverride['GlobalFilters']): Selector[] =>
  (group?.PatchFilters ?? []).map(({ Key = '', Values = [] }) => ({ key: Key, values: Values }));

const selectorsOf = (targets: GetMaintenanceWindowTaskResult['Targets'] = []): Selector[] =>
  targets.map(({ Key = '', Values = [] }) => ({ key: Key, values: Values }));

const oneByOne = async <Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  for (const some of chunksOf(items, AT_ONCE)) results.push(...(await Promise.all(some.map(read))));
  return results;
};
