import type { JsonOperation } from '../http/operation.js';
import * as automations from './automations.js';
import * as baselines from './baselines.js';
import * as commands from './commands.js';
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
  StartAutomationExecution: automations.startAutomationExecution,
  GetAutomationExecution: automations.getAutomationExecution,
  DescribeAutomationExecutions: automations.describeAutomationExecutions,
  StopAutomationExecution: automations.stopAutomationExecution,
  AddTagsToResource: addTagsToResource,
  RemoveTagsFromResource: removeTagsFromResource,
  ListTagsForResource: listTagsForResource,
};
