import {
  CreateSnapshotsCommand,
  DescribeAvailabilityZonesCommand,
  DescribeInstancesCommand,
  DescribeReplaceRootVolumeTasksCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type EvaluationResult, type IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  DescribeAssociationCommand,
  DescribeInstanceInformationCommand,
  DescribeInstancePatchesCommand,
  DescribeInstancePatchStatesCommand,
  DescribeMaintenanceWindowsCommand,
  DescribeMaintenanceWindowTargetsCommand,
  DescribeMaintenanceWindowTasksCommand,
  DescribePatchBaselinesCommand,
  DescribePatchGroupsCommand,
  GetAutomationExecutionCommand,
  GetMaintenanceWindowTaskCommand,
  GetPatchBaselineCommand,
  ListAssociationsCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-ssm';
import type { RightAnswer } from '../domain/doctor/report.js';
import type { Location, NodeId } from '../domain/ids.js';
import { exampleResources, RIGHTS, RIGHTS_STEPS, type Right } from '../domain/rights.js';
import { type Answer, messageOf, type Question } from './ask.js';
import type { CallOptions, Connection } from './connection.js';
import { isAny } from './errors.js';
import { KEY_TAG } from './snapshots.js';

/*
 * How each right of domain/rights.ts is found out. Reads are tried, with the smallest page, or with an id that nothing has:
 * AWS looks at the right first, so that "there is no such thing" shows that the right is there. EC2 has dry runs for what
 * changes something. For the rest IAM is asked what it would decide, which is not all: policies of buckets and keys, say,
 * are not in it.
 */

/** Ids of the right form that nothing bears. */
const NOBODY = {
  node: 'i-00000000000000000',
  hybrid: 'mi-00000000000000000',
  baseline: 'pb-00000000000000000',
  window: 'mw-00000000000000000',
  uuid: '00000000-0000-4000-8000-000000000000',
};

const nobodysTargetGroup = ({ account, region }: Location): string =>
  `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/patchtide-doctor/0000000000000000`;

interface Place {
  readonly aws: Connection;
  readonly bucket: string;
}
type Try = (place: Place, options: CallOptions) => Promise<unknown>;

const CALLS: Readonly<Record<string, Try>> = {
  'ec2:DescribeInstances': ({ aws }, options) => aws.ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }), options),
  'ec2:DescribeAvailabilityZones': ({ aws }, options) =>
    aws.ec2.send(new DescribeAvailabilityZonesCommand({}), options),
  'ec2:DescribeVolumes': ({ aws }, options) => aws.ec2.send(new DescribeVolumesCommand({ MaxResults: 5 }), options),
  'ec2:DescribeSnapshots': ({ aws }, options) =>
    aws.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], MaxResults: 5 }), options),
  'ec2:DescribeReplaceRootVolumeTasks': ({ aws }, options) =>
    aws.ec2.send(new DescribeReplaceRootVolumeTasksCommand({ MaxResults: 1 }), options),
  'ssm:DescribeInstanceInformation': ({ aws }, options) =>
    aws.ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 5 }), options),
  'ssm:ListTagsForResource': ({ aws }, options) =>
    aws.ssm.send(
      new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: NOBODY.hybrid }),
      options,
    ),
  'ssm:ListCommands': ({ aws }, options) => aws.ssm.send(new ListCommandsCommand({ MaxResults: 1 }), options),
  'ssm:ListCommandInvocations': ({ aws }, options) =>
    aws.ssm.send(new ListCommandInvocationsCommand({ MaxResults: 1 }), options),
  'ssm:DescribeInstancePatchStates': ({ aws }, options) =>
    aws.ssm.send(new DescribeInstancePatchStatesCommand({ InstanceIds: [NOBODY.node] }), options),
  'ssm:DescribeInstancePatches': ({ aws }, options) =>
    aws.ssm.send(new DescribeInstancePatchesCommand({ InstanceId: NOBODY.node, MaxResults: 10 }), options),
  'ssm:DescribePatchBaselines': ({ aws }, options) =>
    aws.ssm.send(new DescribePatchBaselinesCommand({ MaxResults: 1 }), options),
  'ssm:DescribePatchGroups': ({ aws }, options) =>
    aws.ssm.send(new DescribePatchGroupsCommand({ MaxResults: 1 }), options),
  'ssm:GetPatchBaseline': ({ aws }, options) =>
    aws.ssm.send(new GetPatchBaselineCommand({ BaselineId: NOBODY.baseline }), options),
  'ssm:GetAutomationExecution': ({ aws }, options) =>
    aws.ssm.send(new GetAutomationExecutionCommand({ AutomationExecutionId: NOBODY.uuid }), options),
  'ssm:DescribeMaintenanceWindows': ({ aws }, options) =>
    aws.ssm.send(new DescribeMaintenanceWindowsCommand({ MaxResults: 10 }), options),
  'ssm:DescribeMaintenanceWindowTargets': ({ aws }, options) =>
    aws.ssm.send(new DescribeMaintenanceWindowTargetsCommand({ WindowId: NOBODY.window }), options),
  'ssm:DescribeMaintenanceWindowTasks': ({ aws }, options) =>
    aws.ssm.send(new DescribeMaintenanceWindowTasksCommand({ WindowId: NOBODY.window }), options),
  'ssm:GetMaintenanceWindowTask': ({ aws }, options) =>
    aws.ssm.send(new GetMaintenanceWindowTaskCommand({ WindowId: NOBODY.window, WindowTaskId: NOBODY.uuid }), options),
  'ssm:ListAssociations': ({ aws }, options) => aws.ssm.send(new ListAssociationsCommand({ MaxResults: 1 }), options),
  'ssm:DescribeAssociation': ({ aws }, options) =>
    aws.ssm.send(new DescribeAssociationCommand({ AssociationId: NOBODY.uuid }), options),
  'elasticloadbalancing:DescribeTargetHealth': ({ aws }, options) =>
    aws.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: nobodysTargetGroup(aws.at) }), options),
  's3:ListBucket': ({ aws, bucket }, options) => aws.s3.send(new HeadBucketCommand({ Bucket: bucket }), options),
  // Only the call itself knows the bucket's own policy and the key that it encrypts with. Always the same small object.
  's3:PutObject': ({ aws, bucket }, options) =>
    aws.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: 'patchtide/install-lists/doctor',
        Body: 'Written by the doctor of Patchtide, to see that it may.\n',
        ContentType: 'text/plain; charset=utf-8',
      }),
      options,
    ),
};

type Rehearse = (aws: Connection, instance: NodeId, options: CallOptions) => Promise<unknown>;
const DRY_RUNS: Readonly<Record<string, Rehearse>> = {
  'ec2:CreateSnapshots': (aws, instance, options) =>
    aws.ec2.send(
      new CreateSnapshotsCommand({
        InstanceSpecification: { InstanceId: instance },
        TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: KEY_TAG, Value: 'patchtide/doctor' }] }],
        DryRun: true,
      }),
      options,
    ),
  'ec2:StartInstances': (aws, instance, options) =>
    aws.ec2.send(new StartInstancesCommand({ InstanceIds: [instance], DryRun: true }), options),
  'ec2:RebootInstances': (aws, instance, options) =>
    aws.ec2.send(new RebootInstancesCommand({ InstanceIds: [instance], DryRun: true }), options),
  'ec2:StopInstances': (aws, instance, options) =>
    aws.ec2.send(new StopInstancesCommand({ InstanceIds: [instance], DryRun: true }), options),
};

/** The answers to all calls that are tried, by action. They do not depend on each other. */
export const tryCalls = async (
  place: Place,
  ask: <Value>(question: Question<Value>) => Promise<Answer<Value>>,
): Promise<ReadonlyMap<string, Answer<unknown>>> => {
  const answers = Object.entries(CALLS).map(
    async ([action, call]) =>
      [action, await ask((signal) => place.aws.call(action, signal, (options) => call(place, options)))] as const,
  );
  return new Map(await Promise.all(answers));
};

/** Dry runs on an instance that is there; none without one. */
export const tryDryRuns = async (
  aws: Connection,
  instance: NodeId | null,
  ask: <Value>(question: Question<Value>) => Promise<Answer<Value>>,
): Promise<ReadonlyMap<string, Answer<unknown>>> => {
  if (instance === null) return new Map();
  const answers = Object.entries(DRY_RUNS).map(
    async ([action, rehearse]) =>
      [action, await ask((signal) => aws.call(action, signal, (options) => rehearse(aws, instance, options)))] as const,
  );
  return new Map(await Promise.all(answers));
};

/** What a tried call says of its right. */
export const rightOfCall = (action: string, answer: Answer<unknown>, proof: 'call' | 'dry-run'): RightAnswer => {
  if (answer.status === 'answered') return { action, status: 'allowed', proof, message: '' };
  const message = messageOf(answer);
  if (answer.status === 'late') return { action, status: 'unknown', proof: null, message };
  const { raw, code } = answer;
  if (isAny(raw, 'DryRunOperation')) return { action, status: 'allowed', proof, message: '' };
  const other = /not authorized to perform: ([a-z0-9-]+:\w+)/.exec(message)?.[1];
  if (isRefusal(raw))
    return other === undefined || other === action
      ? { action, status: 'missing', proof, message }
      : { action, status: 'unknown', proof: null, message };
  // It was looked at, so it may be asked: there is no such thing, or not in this state.
  if (code === 'rejected' || code === 'not-yet') return { action, status: 'allowed', proof, message: '' };
  return { action, status: 'unknown', proof: null, message };
};

/** Not every 4xx that speaks of access is about a right: a key that is invalid in a Region that is not enabled, say. */
export const isRefusal = (raw: unknown): boolean =>
  isAny(raw, 'AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'Forbidden') ||
  (raw as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403;

/** What IAM would decide on the rights of all steps that nothing else tells; the key is `rightKey`. */
export const simulate = async (
  { aws, bucket }: Place,
  iam: IAMClient,
  role: string,
  told: (action: string) => boolean,
  ask: <Value>(question: Question<Value>) => Promise<Answer<Value>>,
): Promise<ReadonlyMap<string, RightAnswer>> => {
  const place = { ...aws.at, bucket, role };
  const wanted = RIGHTS_STEPS.flatMap((step) => RIGHTS[step].rights).filter(({ action }) => !told(action));
  const groups = new Map<string, Right[]>();
  for (const right of wanted) {
    const group = JSON.stringify([right.resources, right.context ?? {}]);
    groups.set(group, [...(groups.get(group) ?? []), right]);
  }
  const answers = await Promise.all(
    [...groups.values()].map(async (rights) => {
      const [first] = rights;
      if (first === undefined) return [];
      const resources = exampleResources(first, place);
      const command = new SimulatePrincipalPolicyCommand({
        PolicySourceArn: role,
        ActionNames: [...new Set(rights.map(({ action }) => action))],
        ...(resources.length > 0 && { ResourceArns: resources }),
        ContextEntries: Object.entries(first.context ?? {}).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyType: 'string' as const,
          ContextKeyValues: [value],
        })),
      });
      const answer = await ask((signal) =>
        aws.call('SimulatePrincipalPolicy', signal, (options) => iam.send(command, options)),
      );
      return rights.map((right) => [rightKey(right), simulated(right, answer)] as const);
    }),
  );
  return new Map(answers.flat());
};

export const rightKey = ({ action, resources }: Right): string => `${action} ${resources.join(' ')}`;

const simulated = (
  { action }: Right,
  answer: Answer<{ EvaluationResults?: EvaluationResult[] | undefined }>,
): RightAnswer => {
  const isAboutItself = action === 'iam:SimulatePrincipalPolicy';
  if (answer.status !== 'answered') {
    const message = messageOf(answer);
    const refused = answer.status === 'failed' && isRefusal(answer.raw);
    if (isAboutItself && refused) return { action, status: 'missing', proof: 'call', message };
    const why = refused ? `IAM may not be asked: the role lacks iam:SimulatePrincipalPolicy. ${message}` : message;
    return { action, status: 'unknown', proof: null, message: why };
  }
  if (isAboutItself) return { action, status: 'allowed', proof: 'call', message: '' };
  const results = (answer.value.EvaluationResults ?? []).filter(
    ({ EvalActionName }) => EvalActionName?.toLowerCase() === action.toLowerCase(),
  );
  const refused = results.filter(({ EvalDecision }) => EvalDecision !== 'allowed');
  if (results.length === 0) return { action, status: 'unknown', proof: null, message: 'IAM did not say.' };
  if (refused.length === 0) return { action, status: 'allowed', proof: 'simulation', message: '' };
  const what = refused.map(({ EvalDecision, EvalResourceName }) => `${EvalDecision} on ${EvalResourceName}`);
  return { action, status: 'missing', proof: 'simulation', message: what.slice(0, 3).join('; ') };
};
