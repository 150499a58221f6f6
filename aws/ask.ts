import { FleetError, type FleetErrorCode } from '../activities/ports.js';
import { CredentialsFailure } from './errors.js';

/** One question to AWS, given the signal that ends it. */
export type Question<Value> = (signal: AbortSignal) => Promise<Value>;

/** What came of it, within its time. `raw` is what the SDK threw. */
export type Answer<Value> =
  | { readonly status: 'answered'; readonly value: Value; readonly milliseconds: number }
  | {
      readonly status: 'failed';
      readonly code: FleetErrorCode;
      readonly raw: unknown;
      /** The credentials could not be had, so the question was never sent. */
      readonly noCredentials: boolean;
      readonly milliseconds: number;
    }
  | { readonly status: 'late'; readonly milliseconds: number };

/**
 * Asks with a deadline of its own, in milliseconds; whatever AWS does is an answer.
 * @throws the reason of `signal` when it is aborted, and what is not about AWS
 */
export const askWithin = async <Value>(
  deadline: number,
  signal: AbortSignal,
  question: Question<Value>,
): Promise<Answer<Value>> => {
  const began = performance.now();
  const milliseconds = () => Math.round(performance.now() - began);
  const limit = AbortSignal.timeout(deadline);
  try {
    const value = await question(AbortSignal.any([signal, limit]));
    return { status: 'answered', value, milliseconds: milliseconds() };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (limit.aborted) return { status: 'late', milliseconds: milliseconds() };
    if (!(error instanceof FleetError)) throw error;
    const noCredentials = error.cause instanceof CredentialsFailure;
    const raw = error.cause instanceof CredentialsFailure ? error.cause.cause : error.cause;
    return { status: 'failed', code: error.code, raw: raw ?? error, noCredentials, milliseconds: milliseconds() };
  }
};

/** AWS's own words, without the encoded message that only AWS can read. */
export const messageOf = (answer: Exclude<Answer<unknown>, { status: 'answered' }>): string => {
  if (answer.status === 'late') return `There was no answer within ${Math.round(answer.milliseconds / 1000)} seconds.`;
  const { raw } = answer;
  const told = raw instanceof Error ? `${raw.name}: ${raw.message}` : String(raw);
  return told.replace(/\s*Encoded authorization failure message:.*$/s, '').slice(0, 400);
};
