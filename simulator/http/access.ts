import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../errors.js';
import type { Fleet } from '../fleet/fleet.js';

/** What a SigV4 signature says of the caller. The signature itself is not verified. */
export interface Scope {
  accessKey: string;
  region: string;
  service: string;
}

/** The credential scope of a request, from its Authorization header or its presigned query. */
export function scopeOf(headers: IncomingHttpHeaders, query: URLSearchParams): Scope | undefined {
  const credential =
    /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ?? query.get('X-Amz-Credential') ?? undefined;
  const [accessKey, , region, service] = credential?.split('/') ?? [];
  return accessKey && region && service ? { accessKey, region, service } : undefined;
}

/**
 * The account that an access key stands for. Keys that AssumeRole gave out belong to its account until they expire;
 * any other key is the hub's.
 * @throws AwsError ExpiredToken or InvalidClientTokenId, in the spelling of the service
 */
export function identify(fleet: Fleet, scope: Scope): { account: string; arn: string } {
  const json = scope.service === 'ssm';
  const session = fleet.sessions.get(scope.accessKey);
  if (session) {
    if (session.expiresAt > fleet.clock.wall()) return session;
    throw expired(scope.service);
  }
  if (scope.accessKey.startsWith('ASIAFLEET')) {
    const message = 'The security token included in the request is invalid.';
    throw new AwsError(json ? 'UnrecognizedClientException' : 'InvalidClientTokenId', message, json ? 400 : 403);
  }
  const { id } = fleet.description.hub;
  return { account: id, arn: `arn:aws:iam::${id}:user/patchtide` };
}

export function expired(service: string): AwsError {
  const message = 'The security token included in the request is expired';
  if (service === 'ssm') return new AwsError('ExpiredTokenException', message);
  if (service === 'ec2') return new AwsError('RequestExpired', message);
  return new AwsError('ExpiredToken', message, service === 's3' ? 400 : 403);
}
