import { pluginOf } from '../fleet/documents.js';
import type { Fleet } from '../fleet/fleet.js';
import { isOpen, keyOf, share } from '../fleet/invocations.js';
import type { Command, FleetNode, Invocation, InvocationDetails } from '../fleet/model.js';
import { outputKey } from '../s3/objects.js';
import { seconds } from './common.js';

const INLINE_OUTPUT = 2_500;
const STATUS: Partial<Record<InvocationDetails, string>> = {
  DeliveryTimedOut: 'TimedOut',
  ExecutionTimedOut: 'TimedOut',
  Undeliverable: 'Failed',
  InvalidPlatform: 'Failed',
  AccessDenied: 'Failed',
  Terminated: 'Cancelled',
};

export const statusOf = (invocation: Invocation): string => STATUS[invocation.details] ?? invocation.details;

export const invocationsOf = (fleet: Fleet, command: Command): Invocation[] =>
  command.nodes.flatMap((node) => fleet.invocations.get(keyOf(command.id, node)) ?? []);

/** What became of a command as a whole. Undeliverable and Terminated count neither as errors nor towards its status. */
export function commandStatus(fleet: Fleet, command: Command) {
  const all = invocationsOf(fleet, command);
  const count = (...details: InvocationDetails[]) => all.filter((each) => details.includes(each.details)).length;
  const completed = all.filter((each) => !isOpen(each)).length;
  const counts = {
    completed,
    errors: count('Failed', 'ExecutionTimedOut', 'InvalidPlatform', 'AccessDenied'),
    deliveryTimedOut: count('DeliveryTimedOut'),
  };
  if (completed < all.length) {
    const begun = all.some((each) => each.startedAt !== undefined || !isOpen(each));
    return { ...counts, status: command.cancelled ? 'Cancelling' : begun ? 'InProgress' : 'Pending' };
  }
  if (count('Cancelled') > 0) return { ...counts, status: 'Cancelled' };
  if (counts.errors > share(command.maxErrors, all.length)) return { ...counts, status: 'Failed' };
  if (counts.deliveryTimedOut === all.length) return { ...counts, status: 'TimedOut', details: 'DeliveryTimedOut' };
  const incomplete = counts.errors + counts.deliveryTimedOut > 0;
  return incomplete ? { ...counts, status: 'Failed', details: 'Incomplete' } : { ...counts, status: 'Success' };
}

export function describeCommand(fleet: Fleet, command: Command) {
  const { status, details, completed, errors, deliveryTimedOut } = {
    details: undefined,
    ...commandStatus(fleet, command),
  };
  return {
    CommandId: command.id,
    DocumentName: command.document,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: seconds(fleet.clock.wallOf(command.expiresFleet)),
    Parameters: command.parameters,
    InstanceIds: command.targets.length > 0 ? [] : command.nodes,
    Targets: command.targets,
    RequestedDateTime: seconds(command.requestedAt),
    Status: status,
    StatusDetails: details ?? status,
    OutputS3BucketName: command.output?.bucket ?? '',
    OutputS3KeyPrefix: command.output?.prefix ?? '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: command.nodes.length,
    CompletedCount: completed,
    ErrorCount: errors,
    DeliveryTimedOutCount: deliveryTimedOut,
    TimeoutSeconds: command.timeoutSeconds,
    ServiceRole: '',
    NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
}

export function describeInvocation(fleet: Fleet, command: Command, invocation: Invocation, withPlugins: boolean) {
  const node = fleet.nodes.get(invocation.node);
  const urls = node ? outputUrls(command, node) : { stdout: '', stderr: '' };
  return {
    CommandId: command.id,
    InstanceId: invocation.node,
    InstanceName: node?.name ?? '',
    Comment: command.comment,
    DocumentName: command.document,
    DocumentVersion: command.documentVersion,
    RequestedDateTime: seconds(command.requestedAt),
    Status: statusOf(invocation),
    StatusDetails: invocation.details,
    StandardOutputUrl: urls.stdout,
    StandardErrorUrl: urls.stderr,
    CommandPlugins: withPlugins && node ? [describePlugin(command, invocation, node, urls)] : [],
    ServiceRole: '',
    NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
}

/** Where the console shows a command's output in S3; empty without a bucket. */
export function outputUrls(command: Command, node: FleetNode): { stdout: string; stderr: string } {
  if (!command.output) return { stdout: '', stderr: '' };
  const root = `https://s3.${command.region}.amazonaws.com/${command.output.bucket}`;
  const plugin = pluginOf(command, node);
  const url = (stream: 'stdout' | 'stderr') => `${root}/${outputKey(command, node.id, plugin, stream)}`;
  return { stdout: url('stdout'), stderr: url('stderr') };
}

function describePlugin(
  command: Command,
  invocation: Invocation,
  node: FleetNode,
  urls: { stdout: string; stderr: string },
) {
  const output = [invocation.stdout, invocation.stderr && `\n----------ERROR-------\n${invocation.stderr}`].join('');
  return {
    Name: pluginOf(command, node),
    Status: statusOf(invocation),
    StatusDetails: invocation.details,
    ResponseCode: invocation.exitCode,
    ...(invocation.startedAt === undefined ? {} : { ResponseStartDateTime: seconds(invocation.startedAt) }),
    ...(invocation.endedAt === undefined ? {} : { ResponseFinishDateTime: seconds(invocation.endedAt) }),
    Output: output.slice(0, INLINE_OUTPUT),
    StandardOutputUrl: urls.stdout,
    StandardErrorUrl: urls.stderr,
    OutputS3BucketName: command.output?.bucket ?? '',
    OutputS3KeyPrefix: command.output?.prefix ?? '',
  };
}
