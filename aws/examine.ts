import type { IAMClient } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import type { Credentials, Examination, Found } from '../domain/doctor/examination.js';
import type { BucketAnswer, Endpoint, EndpointAnswer, RightAnswer, StepAnswer } from '../domain/doctor/report.js';
import type { AccountDocument } from '../domain/documents/types.js';
import type { ManagedNode } from '../domain/fleet.js';
import { RIGHTS, RIGHTS_STEPS, type Right } from '../domain/rights.js';
import { type Answer, askWithin, messageOf, type Question } from './ask.js';
import type { Connection } from './connection.js';
import { isAny } from './errors.js';
import { isRefusal, rightKey, rightOfCall, simulate, tryCalls, tryDryRuns } from './examine-rights.js';
import { findNodes } from './nodes.js';
import { otherPatching } from './other-patching.js';

/** More than the SDK takes for its three attempts at an endpoint that does not answer. */
const CALL_DEADLINE = 8_000;
/** Lists of a large location take many pages. */
const LIST_DEADLINE = 20_000;

type Ask = <Value>(question: Question<Value>, deadline?: number) => Promise<Answer<Value>>;

/** See Examiner.examine. */
export const examine = async (
  aws: Connection,
  { sts, iam }: { sts: STSClient; iam: IAMClient },
  { account, bucket }: { account: AccountDocument; bucket: string },
  signal: AbortSignal,
): Promise<Examination> => {
  const ask: Ask = (question, deadline = CALL_DEADLINE) => askWithin(deadline, signal, question);
  const identity = await ask((limit) =>
    aws.call('GetCallerIdentity', limit, (options) => sts.send(new GetCallerIdentityCommand({}), options)),
  );
  const credentials = credentialsOf(identity);
  if (identity.status !== 'answered') return unexamined(aws, bucket, credentials, identity);

  const place = { aws, bucket };
  const listed = ask((limit) => findNodes(aws, {}, limit), LIST_DEADLINE);
  const [nodes, calls, others, dryRuns] = await Promise.all([
    listed,
    tryCalls(place, ask),
    ask((limit) => otherPatching(aws, limit), LIST_DEADLINE),
    listed.then((found) => tryDryRuns(aws, instanceOf(found), ask)),
  ]);
  const tried = (action: string): RightAnswer | null => {
    const call = calls.get(action);
    if (call) return rightOfCall(action, call, 'call');
    const dryRun = dryRuns.get(action);
    return dryRun ? rightOfCall(action, dryRun, 'dry-run') : null;
  };
  const asked = await simulate(place, iam, account.roleArn, (action) => tried(action) !== null, ask);
  const rightOf = (right: Right): RightAnswer =>
    tried(right.action) ??
    asked.get(rightKey(right)) ?? { action: right.action, status: 'unknown', proof: null, message: '' };
  const head = calls.get('s3:ListBucket');
  const steps = RIGHTS_STEPS.map((step) => stepAnswer(step, RIGHTS[step].rights.map(rightOf)));
  return {
    ...aws.at,
    credentials,
    endpoints: [
      endpointOf('sts', identity),
      endpointOf('ec2', calls.get('ec2:DescribeInstances')),
      endpointOf('ssm', calls.get('ssm:DescribeInstanceInformation')),
      endpointOf('s3', head),
      iamEndpoint(asked),
    ],
    bucket: bucketOf(aws, bucket, head, calls.get('s3:PutObject')),
    nodes: found(nodes),
    steps,
    otherPatching: found(others),
  };
};

const credentialsOf = (answer: Answer<{ Arn?: string | undefined; Account?: string | undefined }>): Credentials => {
  if (answer.status === 'answered') {
    const { Arn = '', Account = '' } = answer.value;
    return { kind: 'assumed', identity: Arn, account: Account };
  }
  const message = messageOf(answer);
  if (answer.status === 'late') return { kind: 'unreachable', message };
  if (isAny(answer.raw, 'CredentialsProviderError')) return { kind: 'none', message };
  return { kind: answer.code === 'unreachable' ? 'unreachable' : 'refused', message };
};

/** Without credentials nothing else can be asked. */
const unexamined = (
  { at }: Connection,
  bucket: string,
  credentials: Credentials,
  identity: Answer<unknown>,
): Examination => {
  const message = 'It was not asked, since the role could not be assumed.';
  const unknown = ({ action }: Right): RightAnswer => ({ action, status: 'unknown', proof: null, message: '' });
  const notAsked = (endpoint: Endpoint): EndpointAnswer => ({ endpoint, status: 'unknown', milliseconds: null });
  return {
    ...at,
    credentials,
    endpoints: [
      credentials.kind === 'none' ? notAsked('sts') : endpointOf('sts', identity),
      ...(['ec2', 'ssm', 's3', 'iam'] as const).map(notAsked),
    ],
    bucket: { name: bucket, status: 'unknown', region: null, message },
    nodes: { value: null, message },
    steps: RIGHTS_STEPS.map((step) => stepAnswer(step, RIGHTS[step].rights.map(unknown))),
    otherPatching: { value: null, message },
  };
};

/** A dry run needs an instance that is there; a running one has no state that it could be refused for. */
const instanceOf = (answer: Answer<ManagedNode[]>): ManagedNode['id'] | null => {
  if (answer.status !== 'answered') return null;
  const instances = answer.value.filter(({ kind }) => kind === 'ec2');
  return (instances.find(({ state }) => state === 'running') ?? instances[0])?.id ?? null;
};

const stepAnswer = (step: StepAnswer['step'], rights: readonly RightAnswer[]): StepAnswer => ({
  step,
  status:
    (['missing', 'unknown'] as const).find((status) => rights.some((right) => right.status === status)) ?? 'allowed',
  rights,
});

const statusCodeOf = (raw: unknown): number | undefined =>
  (raw as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;

/** An answer with a status came from the endpoint, whatever it says. */
const endpointOf = (endpoint: Endpoint, answer: Answer<unknown> | undefined): EndpointAnswer => {
  if (answer === undefined) return { endpoint, status: 'unknown', milliseconds: null };
  const { status, milliseconds } = answer;
  const up = status === 'answered' || (status === 'failed' && statusCodeOf(answer.raw) !== undefined);
  return { endpoint, status: up ? 'up' : 'down', milliseconds };
};

/** IAM has told something, or it has not been heard. */
const iamEndpoint = (asked: ReadonlyMap<string, RightAnswer>): EndpointAnswer => {
  const heard = [...asked.values()].some(({ proof }) => proof !== null);
  return { endpoint: 'iam', status: heard ? 'up' : 'unknown', milliseconds: null };
};

const bucketOf = (
  { at }: Connection,
  name: string,
  head: Answer<unknown> | undefined,
  put: Answer<unknown> | undefined,
): Examination['bucket'] => {
  const region = bucketRegion(head);
  const as = (status: BucketAnswer['status'], told?: Answer<unknown>) => ({
    name,
    status,
    region,
    message: told === undefined || told.status === 'answered' ? '' : messageOf(told),
  });
  if (head?.status === 'failed' && statusCodeOf(head.raw) === 404) return as('absent', head);
  if (head?.status === 'failed' && statusCodeOf(head.raw) === 301) return as('elsewhere', head);
  if (region !== null && region !== at.region) return as('elsewhere', head);
  if (head?.status === 'failed' && isRefusal(head.raw)) return as('denied', head);
  if (put?.status === 'failed' && isRefusal(put.raw)) return as('denied', put);
  return head?.status === 'answered' && put?.status === 'answered'
    ? as('ok')
    : as('unknown', head?.status === 'answered' ? put : head);
};

/** S3 says where a bucket lies even where it refuses. */
const bucketRegion = (head: Answer<unknown> | undefined): string | null => {
  if (head?.status === 'answered') return (head.value as { BucketRegion?: string }).BucketRegion ?? null;
  if (head?.status !== 'failed') return null;
  const { $response } = head.raw as { $response?: { headers?: Record<string, string> } };
  return $response?.headers?.['x-amz-bucket-region'] ?? null;
};

const found = <Value>(answer: Answer<Value>): Found<Value> =>
  answer.status === 'answered' ? { value: answer.value } : { value: null, message: messageOf(answer) };
