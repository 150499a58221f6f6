import { z } from 'zod';
import { autoScalingOperations } from '../auto-scaling/index.js';
import { ec2Operations } from '../ec2/index.js';
import { loadBalancingOperations } from '../elastic-load-balancing/index.js';
import { AwsError } from '../errors.js';
import { CALL_FAULTS, type Fault, type FaultSite } from '../faults.js';
import type { Fleet } from '../fleet/fleet.js';
import { iamOperations } from '../iam/index.js';
import { actionOf, isKeptFrom } from '../iam/rights.js';
import type { BucketName } from '../limits.js';
import { handleS3, s3OperationName } from '../s3/index.js';
import { ssmOperations } from '../ssm/index.js';
import { stsOperations } from '../sts/index.js';
import { expired, identify, type Scope, scopeOf } from './access.js';
import type { CallCounts } from './counts.js';
import { Form } from './form.js';
import { type Call, type QueryOperation, violation } from './operation.js';
import { ec2Reply, errorReply, jsonReply, type Protocol, queryReply, type Reply } from './replies.js';
import type { HttpRequest } from './request.js';

/** What the transport is to do: answer, answer late, or hang up (after the effect, or without one). */
export type Outcome = { reply: Reply; delayMs?: number } | 'hang-up';

/** Query services beside EC2. */
const QUERY_SERVICES: Record<string, Record<string, QueryOperation>> = {
  autoscaling: autoScalingOperations,
  elasticloadbalancing: loadBalancingOperations,
  iam: iamOperations,
  sts: stsOperations,
};

interface Route {
  protocol: Protocol;
  service: string;
  operation: string;
  bucket: BucketName | undefined;
  /** Carries the operation out. */
  run(call: Call, requestId: string): Reply;
}

/** One call of an AWS API: protocol, caller, planted faults, rate limit, and then the operation itself. */
export function dispatch(fleet: Fleet, counts: CallCounts, request: HttpRequest): Outcome {
  const requestId = fleet.chance.uuid('request', counts.next());
  const scope = scopeOf(request.headers, request.query);
  const route = routeOf(fleet, request, scope?.service);
  let after: Fault | undefined;
  try {
    if (!scope) throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
    const { account, arn } = identify(fleet, scope);
    const call: Call = { fleet, account, region: scope.region, arn };
    counts.add(route.service, route.operation, call);
    if (fleet.faults.any) after = fleet.faults.strike(CALL_FAULTS, siteOf(route, call, request));
    if (after?.fault === 'down') return 'hang-up';
    refuse(fleet, after, route, scope);
    const action = actionOf(route.service, route.operation);
    if (action !== null && isKeptFrom(fleet, account, action)) throw denied(route);
    if (route.bucket && !fleet.limits.take(route.bucket, account, scope.region, fleet.clock.wall())) {
      counts.throttled(route.service, route.operation, call);
      throw throttled(route.service);
    }
    const reply = route.run(call, requestId);
    if (after?.fault === 'error-500-done') throw internalError(route);
    return deliver(reply, after);
  } catch (error) {
    return deliver(errorReply(route.protocol, toAwsError(route.protocol, error), requestId), after);
  }
}

function deliver(reply: Reply, after: Fault | undefined): Outcome {
  if (after?.fault === 'lose-reply') return 'hang-up';
  return after?.fault === 'time-out' ? { reply, delayMs: after.delayMs ?? 120_000 } : { reply };
}

function refuse(fleet: Fleet, fault: Fault | undefined, route: Route, scope: Scope): void {
  const refusals: Partial<Record<Fault['fault'], () => AwsError>> = {
    throttle: () => throttled(route.service),
    deny: () => denied(route),
    'error-500': () => internalError(route),
    'answer-error': () => new AwsError(fault?.code ?? '', 'A planted error.', fault?.status),
    'expire-credentials': () => {
      const session = fleet.sessions.get(scope.accessKey);
      if (session) fleet.sessions.put(scope.accessKey, { ...session, expiresAt: fleet.clock.wall() });
      return expired(route.service);
    },
  };
  const refusal = fault && refusals[fault.fault];
  if (refusal) throw refusal();
}

const internalError = ({ protocol }: Route): AwsError =>
  new AwsError(protocol === 'json' ? 'InternalServerError' : 'InternalError', 'An internal error has occurred.', 500);

function denied({ protocol, operation }: Route): AwsError {
  const json = protocol === 'json';
  const code = json ? 'AccessDeniedException' : protocol === 'ec2' ? 'UnauthorizedOperation' : 'AccessDenied';
  return new AwsError(code, `You are not authorized to perform ${operation}.`, json ? 400 : 403);
}

function throttled(service: string): AwsError {
  if (service === 'ec2') return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
  if (service === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', 503);
  return new AwsError(service === 'ssm' ? 'ThrottlingException' : 'Throttling', 'Rate exceeded');
}

function toAwsError(protocol: Protocol, error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  const text = error instanceof z.ZodError ? violation(error) : `The simulator could not answer: ${String(error)}`;
  return new AwsError(protocol === 'json' ? 'ValidationException' : 'InvalidParameterValue', text);
}

function siteOf(route: Route, call: Call, { path, text: body, headers }: HttpRequest): FaultSite {
  const form = headers['content-type']?.includes('x-www-form-urlencoded');
  // An object's key stands alone too, without its bucket before it.
  const words = form ? [...new URLSearchParams(body).values()] : [decodeURIComponent(path.replace(/^\/[^/]*\//, ''))];
  const text = [path, body, ...words].join('\n');
  const nodes = text.match(/\bm?i-0[0-9a-f]{16}\b/g) ?? [];
  const names = nodes.flatMap((id) => call.fleet.nodes.get(id)?.name ?? []);
  const { account, region } = call;
  return { operation: route.operation, account, region, nodes: [...nodes, ...names], text };
}

function routeOf(fleet: Fleet, request: HttpRequest, service: string | undefined): Route {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return jsonRoute(target, request.text);
  const action = request.method === 'POST' && !['s3', undefined].includes(service) ? new Form(request.text) : undefined;
  if (action) return queryRoute(service ?? 'ec2', action);
  return {
    protocol: 'rest-xml',
    service: 's3',
    operation: s3OperationName(fleet, request),
    bucket: undefined,
    run: (call, requestId) => handleS3(request, call, requestId),
  };
}

function jsonRoute(target: string, text: string): Route {
  const [, operation = ''] = target.split('.');
  const known = target.startsWith('AmazonSSM.') ? ssmOperations[operation] : undefined;
  return {
    protocol: 'json',
    service: 'ssm',
    operation,
    bucket: known?.bucket,
    run: (call, requestId) => {
      if (!known) throw new AwsError('UnknownOperationException', `Unknown operation ${operation}`);
      return jsonReply(known.run(parseJson(text), call), requestId);
    },
  };
}

function queryRoute(service: string, form: Form): Route {
  const action = form.get('Action') ?? '';
  const ec2 = service === 'ec2';
  const known = ec2 ? ec2Operations[action] : QUERY_SERVICES[service]?.[action];
  return {
    protocol: ec2 ? 'ec2' : 'query',
    service,
    operation: action,
    bucket: known?.bucket,
    run: (call, requestId) => {
      if (!known) throw new AwsError('InvalidAction', `The action ${action} is not valid for this web service.`);
      if (ec2 && form.flag('DryRun'))
        throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
      const output = known.run(form, call);
      return ec2 ? ec2Reply(action, output, requestId) : queryReply(service, action, output, requestId);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new AwsError('SerializationException', 'The request is not valid JSON.');
  }
}
