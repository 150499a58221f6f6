import { FleetError, type FleetErrorCode } from '../activities/ports.js';
import type { Location } from '../domain/ids.js';

/** What a failed call means: which kind of failure, and whether AWS may have done something all the same. */
export interface Failure {
  readonly code: FleetErrorCode;
  readonly effect: 'none' | 'unknown';
}

/** The account's role could not be assumed, so the call that needed it was never sent. */
export class CredentialsFailure extends Error {
  override readonly name = 'CredentialsFailure';
}

/** The caller held a request back right before the wire, for the reason that is its cause: AWS knows nothing of it. */
export class HeldBack extends Error {
  override readonly name = 'HeldBack';
}

/*
 * Codes differ by protocol (EC2 and STS query, SSM JSON, S3 REST); these are the ones that a location's calls can meet.
 * Some services end in `Exception` what others do not: here it is left off.
 */
const THROTTLED = new Set([
  'Throttling',
  'Throttled',
  'RequestThrottled',
  'RequestLimitExceeded',
  'TooManyRequests',
  'TooManyUpdates',
  'BandwidthLimitExceeded',
  'SlowDown',
  'EC2Throttled',
  'PriorRequestNotComplete',
  'AutomationExecutionLimitExceeded',
  'SnapshotCreationPerVolumeRateExceeded',
  'PendingSnapshotLimitExceeded',
  'ConcurrentSnapshotLimitExceeded',
]);
const DENIED = new Set([
  'AccessDenied',
  'AuthFailure',
  'UnauthorizedOperation',
  'UnrecognizedClient',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignature',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'OptInRequired',
  'RegionDisabled',
  'PackedPolicyTooLarge',
  'CredentialsProviderError',
]);
const EXPIRED = new Set(['ExpiredToken', 'TokenRefreshRequired', 'RequestExpired']);
/** AWS knows the name in a moment, or the instance is between two states. */
const NOT_YET = new Set([
  'InvocationDoesNotExist',
  'InvalidCommandId',
  'AutomationExecutionNotFound',
  'IncorrectInstanceState',
  'IncorrectState',
]);
/** The connection was never there, so neither was the request. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** AWS has no room for these instances: a 500, and yet nothing happened, and asking again and again makes no room. */
const NO_ROOM = new Set(['InsufficientInstanceCapacity', 'InsufficientHostCapacity', 'InsufficientCapacity']);

interface ServiceError {
  readonly name: string;
  /** The name as the sets above spell it. */
  readonly kind: string;
  readonly message: string;
  /** Node's code of a failed connection. */
  readonly code: string | undefined;
  /** Undefined where no answer was understood. */
  readonly status: number | undefined;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const describe = (error: unknown): ServiceError => {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const metadata = fields.$metadata as { httpStatusCode?: number } | undefined;
  const name = text(fields.name) ?? 'UnknownError';
  return {
    name,
    kind: name.replace(/Exception$/, ''),
    message: text(fields.message) ?? String(error),
    code: text(fields.code),
    status: metadata?.httpStatusCode,
  };
};

/** True where AWS refused temporary credentials because their time was over: new ones help. */
export const isExpired = (error: unknown): boolean => EXPIRED.has(describe(error).kind);

/** True where AWS answered with one of these codes. */
export const isAny = (error: unknown, ...codes: readonly string[]): boolean => codes.includes(describe(error).name);

/**
 * Folds what the SDK throws into what a caller can act on. An answer with a 4xx, and a connection that was never made,
 * prove that nothing happened; everything else leaves it open.
 */
export const classify = (error: unknown): Failure => {
  if (error instanceof CredentialsFailure) return { code: classify(error.cause).code, effect: 'none' };
  const { name, kind, message, code, status } = describe(error);
  if (THROTTLED.has(kind) || status === 429 || /rate exceeded/i.test(message)) {
    return { code: 'throttled', effect: 'none' };
  }
  if (DENIED.has(kind)) return { code: 'denied', effect: 'none' };
  if (EXPIRED.has(kind)) return { code: 'unreachable', effect: 'none' };
  if (NO_ROOM.has(kind)) return { code: 'rejected', effect: 'none' };
  if (NOT_YET.has(kind)) return { code: 'not-yet', effect: 'none' };
  // S3's 400 for a body that did not come in time.
  if (kind === 'RequestTimeout') return { code: 'unreachable', effect: 'unknown' };
  if (status === undefined) return { code: 'unreachable', effect: neverConnected(name, code) ? 'none' : 'unknown' };
  if (status === 401 || status === 403) return { code: 'denied', effect: 'none' };
  if (status >= 300 && status < 500) return { code: 'rejected', effect: 'none' };
  return { code: 'unreachable', effect: 'unknown' };
};

/** The SDK gives its connection timeout no code, and the timeout of a request that was sent Node's ETIMEDOUT. */
const neverConnected = (name: string, code: string | undefined): boolean =>
  code === undefined ? name === 'TimeoutError' : NEVER_CONNECTED.has(code);

const NEXT_STEP: Readonly<Record<FleetErrorCode, string>> = {
  throttled: 'Wait, and try again more slowly.',
  denied: "Check the account's role, its trust policy with the external id, and the rights that the role grants.",
  unreachable: 'Try again; where it persists, check the network, the endpoint and the health of the service.',
  'not-yet': 'Try again in a moment.',
  rejected: 'The same request stays wrong: correct what it names.',
  'not-sent': 'It is tried again; where it persists, look at the load of the database and the worker.',
};

/** The one error that leaves this folder. */
export const toFleetError = (error: unknown, at: Location, operation: string): FleetError => {
  if (error instanceof FleetError) return error;
  const { code, effect } = classify(error);
  const failed = error instanceof CredentialsFailure ? 'AssumeRole' : operation;
  const told = describe(error instanceof CredentialsFailure ? error.cause : error);
  return new FleetError({
    code,
    effect,
    location: at,
    operation: failed,
    message: `${failed} in ${at.account} ${at.region}: ${code} (${told.name}: ${told.message}). ${NEXT_STEP[code]}`,
    cause: error,
  });
};

/** A request that is refused before it is sent, because AWS would refuse it. */
export const rejected = (at: Location, operation: string, message: string): FleetError =>
  new FleetError({ code: 'rejected', effect: 'none', location: at, operation, message });
