import { z } from 'zod';
import { AwsError, validationError } from '../errors.js';
import type { MaintenanceWindow } from '../fleet/registered.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { pageOf, paging, seconds, tagList, tagsToRecord } from './common.js';

/** Quotas of an account and Region, and of a window (AWS General Reference, Systems Manager service quotas). */
const WINDOWS_A_LOCATION = 50;
export const TASKS_A_WINDOW = 20;
export const TARGETS_A_WINDOW = 100;

const SCHEDULE = /^(cron\([^()]+\)|rate\([1-9]\d* (minute|minutes|hour|hours|day|days)\)|at\([^()]+\))$/;
export const windowId = z.string().regex(/^mw-[0-9a-f]{17}$/, 'Member must satisfy ^mw-[0-9a-f]{17}$');
/** Names of windows, targets and tasks. */
export const windowName = z.string().regex(/^[a-zA-Z0-9_\-.]{3,128}$/, 'Member must satisfy ^[a-zA-Z0-9_\\-.]{3,128}$');
export const windowFilters = z
  .array(z.object({ Key: z.string(), Values: z.array(z.string()) }))
  .max(5)
  .default([]);
/** What the service says of each page of windows, targets and tasks. */
export const windowPaging = paging(10, 100);

/** With a client token that was used before, the window which that one created. */
export const createMaintenanceWindow = jsonOperation(
  z.object({
    Name: windowName,
    Description: z.string().min(1).max(128).optional(),
    StartDate: z.string().optional(),
    EndDate: z.string().optional(),
    Schedule: z.string().max(256).regex(SCHEDULE, 'Member must be a cron, rate or at expression'),
    ScheduleTimezone: z.string().optional(),
    ScheduleOffset: z.int().min(1).max(6).optional(),
    Duration: z.int().min(1).max(24),
    Cutoff: z.int().min(0).max(23),
    AllowUnassociatedTargets: z.boolean(),
    ClientToken: z.string().max(64).optional(),
    Tags: tagList.default([]),
  }),
  (input, call) => {
    const { fleet, account, region } = call;
    const present = windowsAt(call);
    const earlier = input.ClientToken && present.find(({ clientToken }) => clientToken === input.ClientToken);
    if (earlier) return { WindowId: earlier.id };
    if (present.length >= WINDOWS_A_LOCATION) throw limitExceeded(`${WINDOWS_A_LOCATION} maintenance windows`);
    if (input.Cutoff >= input.Duration) throw validationError('Cutoff must be less than Duration.');
    if (input.ScheduleOffset !== undefined && !input.Schedule.startsWith('cron('))
      throw validationError('ScheduleOffset is allowed with a cron expression only.');
    if (input.ScheduleTimezone !== undefined && !isTimezone(input.ScheduleTimezone))
      throw validationError(`${input.ScheduleTimezone} is no time zone.`);
    const id = `mw-0${fleet.chance.hex(16, 'maintenance-window', fleet.next('maintenance-window'))}`;
    const now = fleet.clock.wall();
    const window: MaintenanceWindow = {
      id,
      account,
      region,
      name: input.Name,
      description: input.Description,
      schedule: input.Schedule,
      timezone: input.ScheduleTimezone,
      offset: input.ScheduleOffset,
      startDate: input.StartDate,
      endDate: input.EndDate,
      duration: input.Duration,
      cutoff: input.Cutoff,
      unassociated: input.AllowUnassociatedTargets,
      enabled: true,
      createdAt: now,
      modifiedAt: now,
      clientToken: input.ClientToken,
      tags: tagsToRecord(input.Tags),
      targets: [],
      tasks: [],
    };
    fleet.maintenanceWindows.put(id, window);
    return { WindowId: id };
  },
);

export const describeMaintenanceWindows = jsonOperation(
  z.object({ Filters: windowFilters, ...windowPaging }),
  (input, call) => {
    const found = windowsAt(call).filter((window) =>
      input.Filters.every(({ Key, Values }) => Values.includes(filterValue(window, Key))),
    );
    const { page, token } = pageOf(found, ({ id }) => id, input);
    return { WindowIdentities: page.map(identity), ...token };
  },
);

export const getMaintenanceWindow = jsonOperation(z.object({ WindowId: windowId }), ({ WindowId }, call) => {
  const window = windowOf(WindowId, call);
  return {
    ...identity(window),
    AllowUnassociatedTargets: window.unassociated,
    CreatedDate: seconds(window.createdAt),
    ModifiedDate: seconds(window.modifiedAt),
  };
});

/** Deleting one that is not there is no error. */
export const deleteMaintenanceWindow = jsonOperation(z.object({ WindowId: windowId }), ({ WindowId }, call) => {
  if (windowsAt(call).some(({ id }) => id === WindowId)) call.fleet.maintenanceWindows.delete(WindowId);
  return { WindowId };
});

/** @throws AwsError DoesNotExistException */
export function windowOf(id: string, call: Call): MaintenanceWindow {
  const window = windowsAt(call).find((each) => each.id === id);
  if (!window) throw new AwsError('DoesNotExistException', `Maintenance window ${id} does not exist.`);
  return window;
}

export const limitExceeded = (quota: string): AwsError =>
  new AwsError('ResourceLimitExceededException', `You have exceeded the quota of ${quota}.`);

const windowsAt = ({ fleet, account, region }: Call): MaintenanceWindow[] =>
  [...fleet.maintenanceWindows.values()].filter((each) => each.account === account && each.region === region);

const identity = (window: MaintenanceWindow) => ({
  WindowId: window.id,
  Name: window.name,
  Description: window.description,
  Enabled: window.enabled,
  Duration: window.duration,
  Cutoff: window.cutoff,
  Schedule: window.schedule,
  ScheduleTimezone: window.timezone,
  ScheduleOffset: window.offset,
  StartDate: window.startDate,
  EndDate: window.endDate,
});

function filterValue(window: MaintenanceWindow, key: string): string {
  if (key === 'Name') return window.name;
  if (key === 'Enabled') return String(window.enabled);
  throw validationError(`${key} is no filter key of DescribeMaintenanceWindows.`);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
