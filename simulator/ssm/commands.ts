import { z } from 'zod';
import { AwsError, validationError } from '../errors.js';
import { checkDocument, pluginOf } from '../fleet/documents.js';
import { keyOf } from '../fleet/invocations.js';
import type { Command, FleetNode, Invocation } from '../fleet/model.js';
import { accept, cancel } from '../fleet/run-command.js';
import { type Call, jsonOperation } from '../http/operation.js';
import {
  commandStatus,
  describeCommand,
  describeInvocation,
  invocationsOf,
  outputUrls,
  statusOf,
} from './command-views.js';
import { instanceIds, isManaged, nodeOf, pageOf, paging, parameters } from './common.js';

const limit = z.string().regex(/^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/, 'Member must be a number or a percentage');
const errorLimit = z.string().regex(/^([0-9]+|[0-9]{1,2}%|100%)$/, 'Member must be a number or a percentage');
const commandId = z.string().length(36, 'Member must have length 36');
const filters = z
  .array(z.object({ key: z.string(), value: z.string().min(1) }))
  .max(5)
  .default([]);

export const sendCommand = jsonOperation(
  z.object({
    DocumentName: z.string(),
    InstanceIds: instanceIds.default([]),
    Targets: z
      .array(z.object({ Key: z.string(), Values: z.array(z.string()).max(50) }))
      .max(5)
      .default([]),
    DocumentVersion: z.string().default('$DEFAULT'),
    TimeoutSeconds: z.int().min(30, 'Member must have value greater than or equal to 30').max(2_592_000).default(3_600),
    Comment: z.string().max(100, 'Member must have length less than or equal to 100').default(''),
    Parameters: parameters,
    OutputS3BucketName: z.string().min(3).optional(),
    OutputS3KeyPrefix: z.string().max(500).default(''),
    MaxConcurrency: limit.default('50'),
    MaxErrors: errorLimit.default('0'),
  }),
  (input, call) => {
    checkDocument(call.fleet.description, input.DocumentName, input.Parameters);
    const command = accept(call.fleet, {
      account: call.account,
      region: call.region,
      document: input.DocumentName,
      documentVersion: input.DocumentVersion,
      comment: input.Comment,
      parameters: input.Parameters,
      nodes: targetsOf(input, call),
      targets: input.Targets,
      timeoutSeconds: input.TimeoutSeconds,
      maxConcurrency: input.MaxConcurrency,
      maxErrors: input.MaxErrors,
      ...(input.OutputS3BucketName
        ? { output: { bucket: input.OutputS3BucketName, prefix: input.OutputS3KeyPrefix } }
        : {}),
    });
    return { Command: describeCommand(call.fleet, command) };
  },
);

export const listCommands = jsonOperation(
  z.object({
    CommandId: commandId.optional(),
    InstanceId: z.string().optional(),
    Filters: filters,
    ...paging(1, 50),
  }),
  (input, call) => {
    const found = commandsSeen(call, input.CommandId)
      .filter((command) => input.InstanceId === undefined || command.nodes.includes(input.InstanceId))
      .filter((command) => input.Filters.every(({ key, value }) => commandPasses(call, command, key, value)));
    const { page, token } = pageOf(found, (command) => command.id, input);
    return { Commands: page.map((command) => describeCommand(call.fleet, command)), ...token };
  },
);

export const listCommandInvocations = jsonOperation(
  z.object({
    CommandId: commandId.optional(),
    InstanceId: z.string().optional(),
    Filters: filters,
    Details: z.boolean().default(false),
    ...paging(1, 50),
  }),
  (input, call) => {
    const found = commandsSeen(call, input.CommandId).flatMap((command) =>
      invocationsOf(call.fleet, command)
        .filter((each) => input.InstanceId === undefined || each.node === input.InstanceId)
        .filter((each) => input.Filters.every(({ key, value }) => invocationPasses(command, each, key, value)))
        .map((invocation) => ({ command, invocation })),
    );
    const { page, token } = pageOf(found, ({ invocation }) => invocation.key, input);
    return {
      CommandInvocations: page.map(({ command, invocation }) =>
        describeInvocation(call.fleet, command, invocation, input.Details),
      ),
      ...token,
    };
  },
);

export const getCommandInvocation = jsonOperation(
  z.object({ CommandId: commandId, InstanceId: z.string(), PluginName: z.string().optional() }),
  ({ CommandId, InstanceId }, call) => {
    const { fleet } = call;
    const command = ownCommand(call, CommandId);
    const invocation = command && fleet.invocations.get(keyOf(command.id, InstanceId));
    const node = fleet.nodes.get(InstanceId);
    if (!command || !invocation || !node || command.visibleAt > fleet.clock.wall()) {
      throw new AwsError('InvocationDoesNotExist', '');
    }
    const { startedAt, endedAt } = invocation;
    const urls = outputUrls(command, node);
    const iso = (at: number | undefined) => (at === undefined ? '' : new Date(at).toISOString());
    return {
      CommandId,
      InstanceId,
      Comment: command.comment,
      DocumentName: command.document,
      DocumentVersion: command.documentVersion,
      PluginName: pluginOf(command, node),
      ResponseCode: invocation.exitCode,
      ExecutionStartDateTime: iso(startedAt),
      ExecutionElapsedTime:
        startedAt === undefined || endedAt === undefined ? '' : `PT${((endedAt - startedAt) / 1000).toFixed(3)}S`,
      ExecutionEndDateTime: iso(endedAt),
      Status: statusOf(invocation),
      StatusDetails: invocation.details,
      StandardOutputContent: invocation.stdout.slice(0, 24_000),
      StandardOutputUrl: urls.stdout,
      StandardErrorContent: invocation.stderr.slice(0, 8_000),
      StandardErrorUrl: urls.stderr,
      CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
    };
  },
);

/** Promises nothing: an install that runs goes on to its end. */
export const cancelCommand = jsonOperation(
  z.object({ CommandId: commandId, InstanceIds: instanceIds.optional() }),
  ({ CommandId, InstanceIds }, call) => {
    const command = ownCommand(call, CommandId);
    if (!command) throw new AwsError('InvalidCommandId', '', 404);
    cancel(call.fleet, command, InstanceIds?.length ? InstanceIds : command.nodes);
    return {};
  },
);

function targetsOf(
  input: { InstanceIds: string[]; Targets: { Key: string; Values: string[] }[] },
  call: Call,
): string[] {
  const { fleet, account, region } = call;
  if (input.InstanceIds.length > 0 && input.Targets.length > 0) {
    throw new AwsError('InvalidParameters', 'Give either InstanceIds or Targets.');
  }
  if (input.InstanceIds.length === 0 && input.Targets.length === 0) {
    throw validationError('InstanceIds or Targets is required.');
  }
  if (new Set(input.InstanceIds).size < input.InstanceIds.length) throw new AwsError('DuplicateInstanceId', '', 404);
  const invalid = input.InstanceIds.filter((id) => {
    const node = nodeOf(id, call);
    return !node || !isManaged(node);
  });
  if (invalid.length > 0) {
    throw new AwsError(
      'InvalidInstanceId',
      `Instances [[${invalid.join(', ')}]] not in a valid state for account ${account}`,
      404,
    );
  }
  if (input.InstanceIds.length > 0) return input.InstanceIds;
  return fleet
    .nodesAt(account, region)
    .filter((node) => isManaged(node) && input.Targets.every((target) => isTarget(node, target)))
    .map((node) => node.id);
}

function isTarget(node: FleetNode, { Key, Values }: { Key: string; Values: string[] }): boolean {
  if (Key === 'InstanceIds') return Values.includes(node.id);
  if (Key === 'tag-key') return Values.some((value) => value in node.tags);
  const value = node.tags[Key.replace(/^tag:/, '')];
  return value !== undefined && Values.includes(value);
}

function ownCommand({ fleet, account, region }: Call, id: string): Command | undefined {
  const command = fleet.commands.get(id);
  return command && command.account === account && command.region === region ? command : undefined;
}

/** The location's commands, newest first, that the service shows by now: one is listed a moment after it was accepted. */
function commandsSeen(call: Call, id: string | undefined): Command[] {
  const { fleet, account, region } = call;
  const now = fleet.clock.wall();
  if (id === undefined)
    return fleet
      .commandsAt(account, region)
      .filter((each) => each.visibleAt <= now)
      .toReversed();
  const command = ownCommand(call, id);
  if (!command) throw new AwsError('InvalidCommandId', '', 404);
  return command.visibleAt <= now ? [command] : [];
}

function commandPasses(call: Call, command: Command, key: string, value: string): boolean {
  if (key === 'Status') return commandStatus(call.fleet, command).status === value;
  if (key === 'ExecutionStage') {
    const { completed } = commandStatus(call.fleet, command);
    return completed < command.nodes.length === (value === 'Executing');
  }
  return commonFilter(command, key, value);
}

function invocationPasses(command: Command, invocation: Invocation, key: string, value: string): boolean {
  return key === 'Status' ? statusOf(invocation) === value : commonFilter(command, key, value);
}

function commonFilter(command: Command, key: string, value: string): boolean {
  switch (key) {
    case 'InvokedAfter':
      return command.requestedAt >= Date.parse(value);
    case 'InvokedBefore':
      return command.requestedAt < Date.parse(value);
    case 'DocumentName':
      return command.document === value;
    default:
      throw new AwsError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  }
}
