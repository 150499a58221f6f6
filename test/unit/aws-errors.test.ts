import { describe, expect, test } from '@jest/globals';
import { FleetError } from '../../activities/ports.js';
import { CredentialsFailure, classify, isExpired, toFleetError } from '../../aws/errors.js';
import type { AccountId, Region } from '../../domain/ids.js';

const at = { account: '111122223333' as AccountId, region: 'eu-west-1' as Region };

/** An answer of AWS as the SDK throws it. */
const answered = (name: string, httpStatusCode = 400, message = name) =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
/** A failure on the way, as Node throws it. */
const broken = (code: string) => Object.assign(new Error(code), { code });

describe('what a failed call means', () => {
  test.each([
    ['ThrottlingException', 400, 'throttled'],
    ['RequestLimitExceeded', 503, 'throttled'],
    ['SlowDown', 503, 'throttled'],
    ['TooManyRequestsException', 429, 'throttled'],
    ['AutomationExecutionLimitExceededException', 400, 'throttled'],
    ['AccessDeniedException', 400, 'denied'],
    ['UnauthorizedOperation', 403, 'denied'],
    ['InvalidClientTokenId', 403, 'denied'],
    ['ExpiredTokenException', 400, 'unreachable'],
    ['InvocationDoesNotExist', 400, 'not-yet'],
    ['IncorrectInstanceState', 400, 'not-yet'],
    ['ValidationException', 400, 'rejected'],
    ['InvalidInstanceId', 400, 'rejected'],
  ])('%s (%i) is %s, and nothing happened', (name, status, code) => {
    expect(classify(answered(name, status))).toEqual({ code, effect: 'none' });
  });

  test('a rate that is told only in the message is throttling', () => {
    expect(classify(answered('ClientError', 400, 'Rate exceeded'))).toEqual({ code: 'throttled', effect: 'none' });
  });

  test('a 5xx leaves open whether something happened', () => {
    expect(classify(answered('InternalServerError', 500))).toEqual({ code: 'unreachable', effect: 'unknown' });
    expect(classify(answered('ServiceUnavailable', 503))).toEqual({ code: 'unreachable', effect: 'unknown' });
  });

  test('a connection that was never made did nothing', () => {
    expect(classify(broken('ECONNREFUSED'))).toEqual({ code: 'unreachable', effect: 'none' });
    expect(classify(broken('ENOTFOUND'))).toEqual({ code: 'unreachable', effect: 'none' });
    const connecting = Object.assign(new Error('did not establish a connection'), { name: 'TimeoutError' });
    expect(classify(connecting)).toEqual({ code: 'unreachable', effect: 'none' });
  });

  test('a connection that was lost, or an answer that never came, leaves it open', () => {
    expect(classify(broken('ECONNRESET'))).toEqual({ code: 'unreachable', effect: 'unknown' });
    const waiting = Object.assign(broken('ETIMEDOUT'), { name: 'TimeoutError' });
    expect(classify(waiting)).toEqual({ code: 'unreachable', effect: 'unknown' });
    expect(classify(new SyntaxError('Unexpected token <'))).toEqual({ code: 'unreachable', effect: 'unknown' });
    expect(classify('anything')).toEqual({ code: 'unreachable', effect: 'unknown' });
  });

  test('without credentials the call was not sent, whatever became of AssumeRole', () => {
    const failure = new CredentialsFailure('no credentials', { cause: answered('InternalFailure', 500) });
    expect(classify(failure)).toEqual({ code: 'unreachable', effect: 'none' });
    expect(classify(new CredentialsFailure('no credentials', { cause: answered('AccessDenied', 403) }))).toEqual({
      code: 'denied',
      effect: 'none',
    });
  });

  test('expired credentials are told apart, since new ones help', () => {
    expect(isExpired(answered('ExpiredToken', 403))).toBe(true);
    expect(isExpired(answered('AccessDenied', 403))).toBe(false);
  });
});

describe('the error that callers see', () => {
  test('says where, what, why and what to do next', () => {
    const error = toFleetError(answered('ThrottlingException', 400, 'Rate exceeded'), at, 'SendCommand');
    expect(error).toBeInstanceOf(FleetError);
    expect(error).toMatchObject({ code: 'throttled', effect: 'none', location: at, operation: 'SendCommand' });
    expect(error.message).toBe(
      'SendCommand in 111122223333 eu-west-1: throttled (ThrottlingException: Rate exceeded). Wait, and try again more slowly.',
    );
  });

  test('names AssumeRole where the role is what failed', () => {
    const failure = new CredentialsFailure('no credentials', {
      cause: answered('AccessDenied', 403, 'not authorized'),
    });
    const error = toFleetError(failure, at, 'SendCommand');
    expect(error.operation).toBe('AssumeRole');
    expect(error.message).toContain('AccessDenied: not authorized');
    expect(error.message).toContain('external id');
  });
});

test('no room for an instance is a 500 that asking again does not help', () => {
  const error = Object.assign(new Error('We currently do not have sufficient capacity.'), {
    name: 'InsufficientInstanceCapacity',
    $metadata: { httpStatusCode: 500 },
  });
  expect(classify(error)).toEqual({ code: 'rejected', effect: 'none' });
});
