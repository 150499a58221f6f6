import { FAULTS_OF, type Fault, isKill } from '../faults.js';
import type { Point } from '../points.js';
import { Random } from '../random.js';

/** One thing to let go wrong in one cycle. */
export interface Trial {
  readonly point: Point;
  readonly fault: Fault;
}

export const nameOf = ({ point, fault }: Trial): string => `${point.id} × ${fault}`;

export interface Selection {
  /** Part of the names that are wanted; null for all. */
  readonly only: string | null;
  /** How many of them, drawn by the seed; null for all. */
  readonly sample: number | null;
  readonly seed: string;
  /** How many trials of reads are drawn; those of effects are all there. */
  readonly reads: number;
  /** Whether only those are wanted from which a cycle recovers within seconds. */
  readonly quick: boolean;
}

/** Every effect with everything that may go wrong with it, and as many reads as asked for; in the seed's order. */
export function planTrials(points: readonly Point[], { only, sample, seed, reads, quick }: Selection): Trial[] {
  const all = points.flatMap(trialsOf).filter((trial) => !quick || isQuick(trial));
  const wanted = only === null ? all : all.filter((trial) => nameOf(trial).includes(only));
  const ordered = new Random(`${seed}/trials`).shuffled(wanted);
  const effects = ordered.filter(({ point }) => point.call.effect);
  // Who asks for points by name, gets reads too.
  const others = ordered.filter(({ point }) => !point.call.effect).slice(0, only === null ? reads : undefined);
  const trials = new Random(`${seed}/order`).shuffled([...effects, ...others]);
  return sample === null ? trials : trials.slice(0, sample);
}

const trialsOf = (point: Point): Trial[] =>
  FAULTS_OF[point.call.service]
    .filter((fault) => point.call.namedBefore || fault === 'killed-after' || fault === 'reply-lost')
    .map((fault) => ({ point, fault }));

/**
 * What a worker or its client repeats within seconds. All else waits for a time-out: of a heartbeat (25 s), of an activity
 * (20 s), of a request (10 s), or for the search of an effect whose fate is unknown (15 s).
 */
const isQuick = ({ point: { call }, fault }: Trial): boolean => {
  if (fault === 'timed-out') return false;
  if (isKill(fault)) return call.operation === 'temporal:RespondWorkflowTaskCompleted';
  if (call.service === 'temporal') return fault !== 'expired';
  const isSend = call.service === 'aws' || /^store:\w+ operations$/.test(call.operation);
  return !isSend || fault === 'throttled' || fault === 'expired';
};

/** Whether it disturbs all of a worker's cycles: then no other may run beside it. */
export const disturbsAll = ({ point: { call }, fault }: Trial): boolean =>
  isKill(fault) || (call.service === 'temporal' && (fault === 'reply-lost' || fault === 'expired'));
