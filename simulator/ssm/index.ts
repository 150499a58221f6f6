import type { JsonOperation } from '../http/operation.js';
import * as associations from './associations.js';
import * as automations from './automations.js';
import * as baselines from './baselines.js';
import * as commands from './commands.js';
import * as windowTasks from './maintenance-window-tasks.js';
import * as windows from './maintenance-windows.js';
import { describeInstanceInformation } from './nodes.js';
import { describeAvailablePatches, describeInstancePatches, describeInstancePatchStates } from './patches.js';
import { addTagsToResource, listTagsForResource, removeTagsFromResource } from './tags.js';

/** Systems Manager. */
export const ssmOperations: Record<string, JsonOperation> = {
  DescribeInstanceInformation: describeInstanceInformation,
  SendCommand: commands.sendCommand,
  ListCommands: commands.listCommands,
  ListCommandInvocations: commands.listCommandInvocations,
  GetCommandInvocation: commands.getCommandInvocation,
  CancelCommand: commands.cancelCommand,
  DescribeInstancePatchStates: describeInstancePatchStates,
  DescribeInstancePatches: describeInstancePatches,
  DescribeAvailablePatches: describeAvailablePatches,
  CreatePatchBaseline: baselines.createPatchBaseline,
  UpdatePatchBaseline: baselines.updatePatchBaseline,
  GetPatchBaseline: baselines.getPatchBaseline,
  DeletePatchBaseline: baselines.deletePatchBaseline,
  DescribePatchBaselines: baselines.describePatchBaselines,
  GetDefaultPatchBaseline: baselines.getDefaultPatchBaseline,
  RegisterPatchBaselineForPatchGroup: baselines.registerPatchBaselineForPatchGroup,
  DeregisterPatchBaselineForPatchGroup: baselines.deregisterPatchBaselineForPatchGroup,
  GetPatchBaselineForPatchGroup: baselines.getPatchBaselineForPatchGroup,
  DescribePatchGroups: baselines.describePatchGroups,
  CreateMaintenanceWindow: windows.createMaintenanceWindow,
  DescribeMaintenanceWindows: windows.describeMaintenanceWindows,
  GetMaintenanceWindow: windows.getMaintenanceWindow,
  DeleteMaintenanceWindow: windows.deleteMaintenanceWindow,
  RegisterTargetWithMaintenanceWindow: windowTasks.registerTargetWithMaintenanceWindow,
  DescribeMaintenanceWindowTargets: windowTasks.describeMaintenanceWindowTargets,
  RegisterTaskWithMaintenanceWindow: windowTasks.registerTaskWithMaintenanceWindow,
  DescribeMaintenanceWindowTasks: windowTasks.describeMaintenanceWindowTasks,
  GetMaintenanceWindowTask: windowTasks.getMaintenanceWindowTask,
  CreateAssociation: associations.createAssociation,
  ListAssociations: associations.listAssociations,
  DescribeAssociation: associations.describeAssociation,
  StartAutomationExecution: automations.startAutomationExecution,
  GetAutomationExecution: automations.getAutomationExecution,
  DescribeAutomationExecutions: automations.describeAutomationExecutions,
  StopAutomationExecution: automations.stopAutomationExecution,
  AddTagsToResource: addTagsToResource,
  RemoveTagsFromResource: removeTagsFromResource,
  ListTagsForResource: listTagsForResource,
};
