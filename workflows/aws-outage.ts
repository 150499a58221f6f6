import { ActivityFailure, ApplicationFailure, log, sleep } from '@temporalio/workflow';

/*
 * AWS that does not answer, or denies, is a wait and not a failure: the cycle says so and goes on when AWS does.
 * So is a store that is away, which nobody can be told of, since it is the store that would say so.
 * Activities retry by themselves for about a minute; what comes through to here is an outage.
 */

/** Types of the ApplicationFailures that say "AWS, not us"; activities/failures.ts throws them. */
const OUTAGES = new Set(['aws-throttled', 'aws-denied', 'aws-unreachable', 'aws-not-yet']);
/** The name of the store's error, and so the type of its failure. */
const STORE_AWAY = 'StoreUnavailable';
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 5 * 60_000;

function outageOf(error: unknown): { readonly of: 'aws' | 'store'; readonly message: string } | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  const { type, message } = error.cause;
  if (type === STORE_AWAY) return { of: 'store', message };
  return OUTAGES.has(type ?? '') ? { of: 'aws', message } : null;
}

/**
 * Does the work, again and again while AWS (or the store) is the reason that it can't be done.
 * `note` is told the reason when the wait begins and null when it is over. Every other failure is thrown.
 */
export async function untilAwsAnswers<T>(
  work: () => Promise<T>,
  note: (message: string | null) => Promise<void>,
): Promise<T> {
  let noted = false;
  for (let wait = 0; ; wait = Math.min(wait === 0 ? FIRST_WAIT : wait * 2, LONGEST_WAIT)) {
    if (wait > 0) await sleep(wait, { summary: 'AWS or the store is out of reach, or AWS denies: trying again' });
    try {
      const result = await work();
      if (noted) await note(null);
      return result;
    } catch (error) {
      const outage = outageOf(error);
      if (outage === null) throw error;
      log.warn('AWS or the store is out of reach, or AWS denies', outage);
      if (noted || outage.of === 'store') continue;
      await note(outage.message);
      noted = true;
    }
  }
}
