import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  log,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';

/*
 * AWS that does not answer, or denies, is a wait and not a failure: the cycle says so and goes on when AWS does.
 * So are a store that is away and workers that die or shut down: nobody can be told of those, since it would take a
 * worker and the store to say so. Activities retry by themselves for about a minute; what comes through to here is an
 * outage.
 */

/** Types of the ApplicationFailures that say "AWS, not us"; activities/failures.ts throws them. */
const AWS = new Set(['aws-throttled', 'aws-denied', 'aws-unreachable', 'aws-not-yet']);
/** A store too slow to give leave to send; the store's error by its name; and what Temporal makes of an activity whose worker shuts down, or that an operator pauses or resets. */
const OURS = new Set([
  'not-sent',
  'StoreUnavailable',
  'WorkerShutdown',
  'CancelledFailure',
  'ActivityPause',
  'ActivityReset',
]);
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 5 * 60_000;
/** In characters: Temporal takes 400 bytes. */
const LONGEST_SUMMARY = 120;

interface Outage {
  readonly of: 'aws' | 'ours';
  readonly message: string;
}

function outageOf(error: unknown): Outage | null {
  if (!(error instanceof ActivityFailure)) return null;
  const { cause } = error;
  // Its workers died as often as it may be tried: the next one will go on where they stopped.
  if (cause instanceof TimeoutFailure) return { of: 'ours', message: cause.message };
  // Cancelled, and not by us: its worker shut down.
  if (cause instanceof CancelledFailure && !CancellationScope.current().consideredCancelled) {
    return { of: 'ours', message: cause.message };
  }
  if (!(cause instanceof ApplicationFailure)) return null;
  const { type, message } = cause;
  if (OURS.has(type ?? '')) return { of: 'ours', message };
  return AWS.has(type ?? '') ? { of: 'aws', message } : null;
}

/** Whether AWS said no to an activity: then nothing was done, which no other failure tells. */
export const wasRefused = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  (error.cause.type === 'aws-denied' || error.cause.type === 'aws-throttled');

/**
 * Does the work, again and again while AWS (or the store, or a lack of workers) is the reason that it can't be done.
 * `note` is told the reason when AWS is what is waited for, and null when that is over. Every other failure is thrown;
 * so is AWS's own after `patience` milliseconds of outage. Cancelling ends the wait.
 */
export async function untilAwsAnswers<T>(
  work: () => Promise<T>,
  note: (message: string | null) => Promise<void>,
  patience = Number.POSITIVE_INFINITY,
): Promise<T> {
  let since: number | null = null;
  try {
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      let outage: Outage | null;
      try {
        return await work();
      } catch (error) {
        outage = outageOf(error);
        if (outage === null) throw error;
        log.warn('AWS, the store or the workers are out of reach, or AWS denies', { ...outage });
        if (outage.of === 'aws') {
          if (since !== null && Date.now() - since >= patience) throw error;
          if (since === null) await note(outage.message);
          since ??= Date.now();
        }
      }
      // The one place that tells of an outage of ours: nobody is noted, since that would take a worker and the store.
      await sleep(wait, { summary: `Trying again after: ${outage.message}`.slice(0, LONGEST_SUMMARY) });
    }
  } finally {
    if (since !== null) await note(null);
  }
}
