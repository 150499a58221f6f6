import { ActivityFailure, ApplicationFailure, log, sleep } from '@temporalio/workflow';

/*
 * AWS that does not answer, or denies, is a wait and not a failure: the cycle says so and goes on when AWS does.
 * Activities retry by themselves for about a minute; what comes through to here is an outage.
 */

/** Types of the ApplicationFailures that say "AWS, not us"; activities/failures.ts throws them. */
const OUTAGES = new Set(['aws-throttled', 'aws-denied', 'aws-unreachable', 'aws-not-yet']);
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 5 * 60_000;

function outageMessage(error: unknown): string | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  return OUTAGES.has(error.cause.type ?? '') ? error.cause.message : null;
}

/**
 * Does the work, again and again while AWS is the reason that it can't be done.
 * `note` is told the reason when the wait begins and null when it is over. Every other failure is thrown.
 */
export async function untilAwsAnswers<T>(
  work: () => Promise<T>,
  note: (message: string | null) => Promise<void>,
): Promise<T> {
  for (let wait = 0; ; wait = Math.min(wait === 0 ? FIRST_WAIT : wait * 2, LONGEST_WAIT)) {
    if (wait > 0) await sleep(wait, { summary: 'AWS is out of reach or denies: trying again' });
    try {
      const result = await work();
      if (wait > 0) await note(null);
      return result;
    } catch (error) {
      const message = outageMessage(error);
      if (message === null) throw error;
      log.warn('AWS is out of reach or denies', { message });
      if (wait === 0) await note(message);
    }
  }
}
