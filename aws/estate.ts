import {
  type BaselineOverride,
  type GetMaintenanceWindowTaskResult,
  GetPatchBaselineCommand,
  type GetPatchBaselineResult,
  type MaintenanceWindowIdentity,
  type PatchBaselineIdentity,
  paginateDescribePatchBaselines,
  paginateDescribePatchGroups,
} from '@aws-sdk/client-ssm';
import { FleetError } from '../activities/ports.js';
import type { EstateBaseline, EstateSettings, EstateTask, EstateWindow } from '../domain/import/estate.js';
import type { Selector } from '../domain/selectors.js';
import { type Connection, fewAtATime } from './connection.js';
import { parametersOf, selectorsOf, tasksRead, windowsWhere, windowTargets, windowTasks } from './windows.js';

/** SSM API model. */
const PER_PAGE = 100;

/** See Fleet.estate. */
export const estate = async (aws: Connection, signal: AbortSignal): Promise<EstateSettings> => {
  const [windows, registrations] = await Promise.all([readWindows(aws, signal), readRegistrations(aws, signal)]);
  const baselines = await readBaselines(aws, signal);
  return { windows, baselines, registrations };
};

/** Of a window that is disabled its tasks and targets are not read. */
const readWindows = async (aws: Connection, signal: AbortSignal): Promise<EstateWindow[]> => {
  const windows: EstateWindow[] = [];
  for (const identity of await windowsWhere(aws, [], signal)) windows.push(await readWindow(aws, identity, signal));
  return windows;
};

const readWindow = async (
  aws: Connection,
  window: MaintenanceWindowIdentity,
  signal: AbortSignal,
): Promise<EstateWindow> => {
  const { WindowId, Enabled = true } = window;
  const [targets, tasks] = Enabled
    ? await Promise.all([windowTargets(aws, WindowId, signal), readTasks(aws, WindowId, signal)])
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

const readTasks = async (aws: Connection, WindowId: string | undefined, signal: AbortSignal): Promise<EstateTask[]> =>
  (await tasksRead(aws, await windowTasks(aws, WindowId, signal), signal)).map(taskOf);

const taskOf = (task: GetMaintenanceWindowTaskResult): EstateTask => {
  const { RunCommand, Automation } = task.TaskInvocationParameters ?? {};
  const { LoggingInfo, CutoffBehavior, AlarmConfiguration } = task;
  return {
    id: task.WindowTaskId ?? '',
    name: task.Name ?? null,
    kind: task.TaskType ?? '',
    document: task.TaskArn ?? '',
    priority: task.Priority ?? 0,
    selectors: selectorsOf(task.Targets),
    parameters: parametersOf(task),
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
  const read = await fewAtATime(wanted, async (each) => {
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
