import { z } from 'zod';
import { AwsError, validationError } from '../errors.js';
import type { MaintenanceWindow, Target, WindowTask } from '../fleet/registered.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { pageOf } from './common.js';
import {
  limitExceeded,
  TARGETS_A_WINDOW,
  TASKS_A_WINDOW,
  windowFilters,
  windowId,
  windowName,
  windowOf,
  windowPaging,
} from './maintenance-windows.js';

const TASK_TYPES = ['RUN_COMMAND', 'AUTOMATION', 'STEP_FUNCTIONS', 'LAMBDA'] as const;
/** Which part of TaskInvocationParameters belongs to which type. */
const PARAMETERS_OF: Record<(typeof TASK_TYPES)[number], string> = {
  RUN_COMMAND: 'RunCommand',
  AUTOMATION: 'Automation',
  STEP_FUNCTIONS: 'StepFunctions',
  LAMBDA: 'Lambda',
};

const targets = z
  .array(
    z.object({
      Key: z
        .string()
        .regex(/^(InstanceIds|WindowTargetIds|tag:.+|tag-key|resource-groups:(Name|ResourceTypeFilters))$/),
      Values: z.array(z.string()).min(1).max(50),
    }),
  )
  .max(5);
const count = /^([1-9]\d*|[1-9]\d?%|100%)$/;
const errors = /^(0|[1-9]\d*|0%|[1-9]\d?%|100%)$/;
const description = z.string().min(1).max(128).optional();

export const registerTargetWithMaintenanceWindow = jsonOperation(
  z.object({
    WindowId: windowId,
    ResourceType: z.enum(['INSTANCE', 'RESOURCE_GROUP']),
    Targets: targets.min(1),
    OwnerInformation: z.string().min(1).max(128).optional(),
    Name: windowName.optional(),
    Description: description,
    ClientToken: z.string().max(64).optional(),
  }),
  ({ WindowId, ...target }, call) => {
    const window = windowOf(WindowId, call);
    const earlier = window.targets.find((each) => target.ClientToken && each.ClientToken === target.ClientToken);
    if (earlier) return { WindowTargetId: earlier.WindowTargetId };
    if (window.targets.length >= TARGETS_A_WINDOW) throw limitExceeded(`${TARGETS_A_WINDOW} targets a window`);
    const groups = target.Targets.some(({ Key }) => Key.startsWith('resource-groups:'));
    if (groups !== (target.ResourceType === 'RESOURCE_GROUP'))
      throw validationError('Targets of the type RESOURCE_GROUP are resource groups, and no others are.');
    const WindowTargetId = call.fleet.chance.uuid('window-target', WindowId, window.targets.length);
    save(call, { ...window, targets: [...window.targets, { WindowTargetId, ...target }] });
    return { WindowTargetId };
  },
);

export const describeMaintenanceWindowTargets = jsonOperation(
  z.object({ WindowId: windowId, Filters: windowFilters, ...windowPaging }),
  (input, call) => {
    const found = windowOf(input.WindowId, call).targets.filter((target) =>
      input.Filters.every(({ Key, Values }) => {
        const value = { Type: target.ResourceType, WindowTargetId: target.WindowTargetId }[Key] ?? owner(Key);
        return Values.includes(value ?? target.OwnerInformation ?? '');
      }),
    );
    const { page, token } = pageOf(found, ({ WindowTargetId }) => WindowTargetId, input);
    return {
      Targets: page.map(({ ClientToken: _token, ...target }) => ({ WindowId: input.WindowId, ...target })),
      ...token,
    };
  },
);

export const registerTaskWithMaintenanceWindow = jsonOperation(
  z.object({
    WindowId: windowId,
    Targets: targets.default([]),
    TaskArn: z.string().min(1).max(1600),
    ServiceRoleArn: z.string().optional(),
    TaskType: z.enum(TASK_TYPES),
    TaskParameters: z.record(z.string(), z.unknown()).optional(),
    TaskInvocationParameters: z.record(z.string(), z.unknown()).optional(),
    Priority: z.int().min(0).default(1),
    MaxConcurrency: z.string().regex(count).optional(),
    MaxErrors: z.string().regex(errors).optional(),
    LoggingInfo: z.record(z.string(), z.unknown()).optional(),
    Name: windowName.optional(),
    Description: description,
    CutoffBehavior: z.enum(['CONTINUE_TASK', 'CANCEL_TASK']).optional(),
    ClientToken: z.string().max(64).optional(),
  }),
  ({ WindowId, ...task }, call) => {
    const window = windowOf(WindowId, call);
    const earlier = window.tasks.find((each) => task.ClientToken && each.ClientToken === task.ClientToken);
    if (earlier) return { WindowTaskId: earlier.WindowTaskId };
    if (window.tasks.length >= TASKS_A_WINDOW) throw limitExceeded(`${TASKS_A_WINDOW} tasks a window`);
    checkTask(window, task);
    const WindowTaskId = call.fleet.chance.uuid('window-task', WindowId, window.tasks.length);
    save(call, { ...window, tasks: [...window.tasks, { WindowTaskId, ...task }] });
    return { WindowTaskId };
  },
);

/** Without TaskInvocationParameters: GetMaintenanceWindowTask has them. */
export const describeMaintenanceWindowTasks = jsonOperation(
  z.object({ WindowId: windowId, Filters: windowFilters, ...windowPaging }),
  (input, call) => {
    const found = windowOf(input.WindowId, call).tasks.filter((task) =>
      input.Filters.every(({ Key, Values }) => Values.includes(taskValue(task, Key))),
    );
    const { page, token } = pageOf(found, ({ WindowTaskId }) => WindowTaskId, input);
    const tasks = page.map(({ ClientToken: _token, TaskInvocationParameters: _parameters, TaskType, ...task }) => ({
      WindowId: input.WindowId,
      Type: TaskType,
      ...task,
    }));
    return { Tasks: tasks, ...token };
  },
);

export const getMaintenanceWindowTask = jsonOperation(
  z.object({ WindowId: windowId, WindowTaskId: z.string() }),
  ({ WindowId, WindowTaskId }, call) => {
    const found = windowOf(WindowId, call).tasks.find((task) => task.WindowTaskId === WindowTaskId);
    if (!found) throw new AwsError('DoesNotExistException', `Task ${WindowTaskId} does not exist in ${WindowId}.`);
    const { ClientToken: _token, ...task } = found;
    return { WindowId, ...task };
  },
);

function checkTask(window: MaintenanceWindow, task: Omit<WindowTask, 'WindowTaskId'>): void {
  const type = task.TaskType as keyof typeof PARAMETERS_OF;
  const stranger = Object.keys(task.TaskInvocationParameters ?? {}).find((part) => part !== PARAMETERS_OF[type]);
  if (stranger)
    throw validationError(`TaskInvocationParameters.${stranger} does not belong to a task of type ${type}.`);
  if (task.Targets.length === 0) {
    if (type === 'RUN_COMMAND') throw validationError('A task of type RUN_COMMAND needs targets.');
    return;
  }
  if (task.MaxConcurrency === undefined || task.MaxErrors === undefined)
    throw validationError('MaxConcurrency and MaxErrors may be left out of a task without targets only.');
  for (const target of task.Targets) checkTarget(window, target);
}

function checkTarget(window: MaintenanceWindow, { Key, Values }: Target): void {
  if (Key === 'WindowTargetIds') {
    const unknown = Values.find((id) => window.targets.every(({ WindowTargetId }) => WindowTargetId !== id));
    if (unknown) throw new AwsError('DoesNotExistException', `Target ${unknown} is not registered with ${window.id}.`);
  } else if (!window.unassociated) {
    throw validationError('The window does not allow targets that are not registered with it.');
  }
}

function taskValue(task: WindowTask, key: string): string {
  const value = {
    WindowTaskId: task.WindowTaskId,
    TaskArn: task.TaskArn,
    Priority: String(task.Priority),
    TaskType: task.TaskType,
  }[key];
  if (value === undefined) throw validationError(`${key} is no filter key of DescribeMaintenanceWindowTasks.`);
  return value;
}

function owner(key: string): undefined {
  if (key !== 'OwnerInformation') throw validationError(`${key} is no filter key of DescribeMaintenanceWindowTargets.`);
}

const save = (call: Call, window: MaintenanceWindow) =>
  call.fleet.maintenanceWindows.put(window.id, { ...window, modifiedAt: call.fleet.clock.wall() });
