import {
  CancelCommandCommand,
  type CommandInvocation,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { Command, CommandRequest, Invocation, InvocationStatus } from '../activities/ports.js';
import type { BeforeSend } from '../activities/send-ports.js';
import type { Instant, NodeId } from '../domain/ids.js';
import { AT_THE_WIRE, type Connection, calling } from './connection.js';
import { rejected } from './errors.js';

/** SSM API model, SendCommand. */
const NODES_PER_COMMAND = 50;
const COMMENT_LENGTH = 100;
const PER_PAGE = 50;
/**
 * How long a node has to begin. Short, because a command that is delivered late runs late: a node that comes back after
 * its window must find nothing waiting for it.
 */
const DELIVERY_SECONDS = 600;
/** The documents of AWS that take the time a node may run as a parameter. AWS-RunPatchBaseline takes none. */
const TAKES_EXECUTION_TIMEOUT = new Set(['AWS-RunShellScript', 'AWS-RunPowerShellScript']);

/** Where Run Command leaves output; the node's own role writes it. */
export interface OutputPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/** See Fleet.sendCommand. */
export const sendCommand = async (
  aws: Connection,
  output: OutputPlace,
  request: CommandRequest,
  signal: AbortSignal,
  beforeSend?: BeforeSend,
): Promise<{ commandId: string }> => {
  if (request.nodes.length === 0 || request.nodes.length > NODES_PER_COMMAND) {
    const message = `a command takes 1 to ${NODES_PER_COMMAND} nodes, not ${request.nodes.length}: split them into batches`;
    throw rejected(aws.at, 'SendCommand', message);
  }
  if (request.key.length > COMMENT_LENGTH) {
    const message = `the key ${request.key} does not fit into a comment of ${COMMENT_LENGTH} characters: shorten the names of plan and stage`;
    throw rejected(aws.at, 'SendCommand', message);
  }
  const command = new SendCommandCommand({
    DocumentName: request.document,
    InstanceIds: [...request.nodes],
    Parameters: parametersOf(request),
    Comment: request.key,
    // Judging is ours, so no failure of one node keeps another from its turn, and the batch is the limit.
    MaxErrors: '100%',
    MaxConcurrency: '100%',
    TimeoutSeconds: DELIVERY_SECONDS,
    OutputS3BucketName: output.bucket,
    OutputS3KeyPrefix: output.prefix,
  });
  if (beforeSend) command.middlewareStack.add(calling(beforeSend), AT_THE_WIRE);
  const answer = await aws.call('SendCommand', signal, (options) => aws.once.ssm.send(command, options));
  return { commandId: answer.Command?.CommandId ?? '' };
};

const parametersOf = ({ document, parameters, executionTimeout }: CommandRequest): Record<string, string[]> => ({
  ...(TAKES_EXECUTION_TIMEOUT.has(document) ? { executionTimeout: [String(executionTimeout)] } : {}),
  ...Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]])),
});

/** See Fleet.listCommands. */
export const listCommands = async (
  aws: Connection,
  { keyPrefix, since }: { keyPrefix: string; since: Instant },
  signal: AbortSignal,
): Promise<Command[]> => {
  // The filter takes whole seconds.
  const after = since.replace(/\.\d+Z$/, 'Z');
  const pages = await aws.pages('ListCommands', signal, (options) =>
    paginateListCommands(
      { client: aws.ssm, pageSize: PER_PAGE },
      { Filters: [{ key: 'InvokedAfter', value: after }] },
      options,
    ),
  );
  return pages
    .flatMap(({ Commands }) => Commands ?? [])
    .flatMap(({ CommandId, Comment, Status }) =>
      CommandId !== undefined && Comment?.startsWith(keyPrefix)
        ? [{ commandId: CommandId, key: Comment, status: commandStatus(Status) }]
        : [],
    );
};

const UNDER_WAY = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

/** A command of which AWS says nothing has not ended. */
export const commandStatus = (status: string | undefined): Command['status'] =>
  status === undefined || UNDER_WAY.has(status) ? 'running' : 'ended';

/** See Fleet.listInvocations. */
export const listInvocations = async (
  aws: Connection,
  output: OutputPlace,
  commandId: string,
  signal: AbortSignal,
): Promise<Invocation[]> => {
  const pages = await aws.pages('ListCommandInvocations', signal, (options) =>
    paginateListCommandInvocations({ client: aws.ssm, pageSize: PER_PAGE }, { CommandId: commandId }, options),
  );
  return pages
    .flatMap(({ CommandInvocations }) => CommandInvocations ?? [])
    .flatMap((invocation) => toInvocation(invocation, output) ?? []);
};

/** See Fleet.commandOutputs. Details come with all plugins; those that did not run print nothing. */
export const commandOutputs = async (
  aws: Connection,
  commandId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<NodeId, string>> => {
  const pages = await aws.pages('ListCommandInvocations', signal, (options) =>
    paginateListCommandInvocations(
      { client: aws.ssm, pageSize: PER_PAGE },
      { CommandId: commandId, Details: true },
      options,
    ),
  );
  return new Map(
    pages
      .flatMap(({ CommandInvocations }) => CommandInvocations ?? [])
      .flatMap(({ InstanceId, CommandPlugins }): [NodeId, string][] => {
        const printed = (CommandPlugins ?? []).map(({ Output }) => Output ?? '').join('');
        return InstanceId === undefined || printed === '' ? [] : [[InstanceId as NodeId, printed]];
      }),
  );
};

export const toInvocation = (invocation: CommandInvocation, output: OutputPlace): Invocation | null => {
  const { CommandId, InstanceId, Status, StatusDetails, StandardOutputUrl } = invocation;
  if (CommandId === undefined || InstanceId === undefined) return null;
  return {
    node: InstanceId as NodeId,
    status: invocationStatus(StatusDetails || Status),
    detail: StatusDetails || Status || 'Pending',
    // AWS gives a link only for documents of a single plugin, and AWS-RunPatchBaseline has several.
    outputUrl: StandardOutputUrl || `s3://${output.bucket}/${output.prefix}/${CommandId}/${InstanceId}/`,
  };
};

/**
 * Status details (SSM user guide, command statuses), written with or without blanks. `DeliveryTimedOut` is no proof that
 * nothing ran: a command that expires puts its invocations in progress there too.
 */
const INVOCATION_STATUSES: Readonly<Record<string, InvocationStatus>> = {
  pending: 'running',
  inprogress: 'running',
  delayed: 'running',
  cancelling: 'running',
  success: 'success',
  failed: 'failed',
  invalidplatform: 'failed',
  accessdenied: 'failed',
  timedout: 'timed-out',
  executiontimedout: 'timed-out',
  deliverytimedout: 'timed-out',
  undeliverable: 'undeliverable',
  cancelled: 'cancelled',
  terminated: 'cancelled',
  rateexceeded: 'cancelled',
};

/** A word that AWS has yet to invent counts as failed: somebody looks at it, and nobody waits for it. */
export const invocationStatus = (detail: string | undefined): InvocationStatus =>
  detail === undefined ? 'running' : (INVOCATION_STATUSES[detail.replace(/\s/g, '').toLowerCase()] ?? 'failed');

/** See Fleet.cancelCommand. */
export const cancelCommand = async (aws: Connection, commandId: string, signal: AbortSignal): Promise<void> => {
  const command = new CancelCommandCommand({ CommandId: commandId });
  await aws.call('CancelCommand', signal, (options) => aws.ssm.send(command, options));
};
