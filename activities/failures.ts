import { setMaxListeners } from 'node:events';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { FleetError } from './ports.js';

/*
 * How activities speak to Temporal: what went wrong in AWS becomes a failure whose type the workflows know
 * (workflows/aws-outage.ts), and whatever talks to AWS heartbeats while it works.
 */

const HEARTBEAT_EVERY = 4_000;
/** Throttled calls of many activities must not come back all at the same moment. */
const THROTTLE_PAUSE = { least: 2_000, spread: 6_000 };

/**
 * Runs AWS work of an activity: heartbeats until it is done, gives it the activity's cancellation, translates its errors.
 * @param handOver aborted when another worker is to take the activity over at once: for work that only waits
 */
export async function talkingToAws<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  handOver?: AbortSignal,
): Promise<Result> {
  const context = Context.current();
  const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_EVERY);
  const cancelled = context.cancellationSignal;
  const signal = handOver ? AbortSignal.any([cancelled, handOver]) : cancelled;
  // Each call in flight listens to it, and a step has hundreds of them: Node would warn of a leak that is none.
  setMaxListeners(0, signal);
  try {
    return await work(signal);
  } catch (error) {
    if (handOver?.aborted && !cancelled.aborted) throw handedOver();
    throw asFailure(error);
  } finally {
    clearInterval(heartbeat);
  }
}

/** Runs long work of the store alone: as many nodes as a stage has. */
export const heartbeating = <Result>(work: () => Promise<Result>): Promise<Result> => talkingToAws(() => work());

/** Another worker tries at once; where none is left, workflows/aws-outage.ts knows the type and waits. */
const handedOver = () =>
  ApplicationFailure.create({
    type: 'WorkerShutdown',
    message: 'The worker shuts down and hands this over to another one.',
    nextRetryDelay: '100ms',
  });

/** A FleetError as Temporal's retry policies and our workflows read it; anything else as it is. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof FleetError)) return error;
  const { location, operation } = error;
  const place = `${location.account} in ${location.region}`;
  return ApplicationFailure.create({
    type: error.code === 'not-sent' ? 'not-sent' : `aws-${error.code}`,
    message: `${operation} for ${place}: ${error.message}`,
    cause: error,
    ...(error.code === 'throttled'
      ? { nextRetryDelay: THROTTLE_PAUSE.least + Math.random() * THROTTLE_PAUSE.spread }
      : {}),
  });
}
