import type { FaultInput } from '../../simulator/index.js';
import { Random } from '../random.js';

/** A process that is killed, and starts again after a while. */
export const VICTIMS = ['worker-1', 'worker-2', 'api-1', 'api-2', 'temporal', 'database'] as const;
export type Victim = (typeof VICTIMS)[number];

/** What happens in a storm; `at` and durations are milliseconds of the wall, `at` since the storm began. */
export type StormEvent =
  | { readonly at: number; readonly what: 'kill'; readonly victim: Victim; readonly downFor: number }
  | { readonly at: number; readonly what: 'fault'; readonly fault: FaultInput; readonly lasts: number }
  | {
      readonly at: number;
      readonly what: 'steer';
      readonly plan: number;
      readonly act: 'pause' | 'cancel';
      readonly resumeAfter: number;
    };

/** Workers die most often: they are what holds a cycle's work. */
const OFTEN: readonly Victim[] = [
  'worker-1',
  'worker-2',
  'worker-1',
  'worker-2',
  'api-1',
  'api-2',
  'temporal',
  'database',
];
const EVERY = { kill: 15_000, fault: 6_000, steer: 12_000 } as const;
/** Two kills of the same process are at least this far apart: it gets to work in between. */
const REST = 8_000;

/**
 * Everything that goes wrong in a storm of this length, drawn from the seed alone: the same seed is the same storm.
 * It ends with the storm: nothing begins later, and what lasts longer is ended by the calm.
 */
export function drawTimeline(seed: string, duration: number, plans: number): StormEvent[] {
  const events = [...kills(seed, duration), ...faults(seed, duration), ...steering(seed, duration, plans)];
  return events.sort((a, b) => a.at - b.at);
}

function* moments(random: Random, every: number, duration: number): Generator<number> {
  for (let at = random.between(0, every); at < duration; at += random.between(0.4, 1.6) * every) yield Math.round(at);
}

function* kills(seed: string, duration: number): Generator<StormEvent> {
  const random = new Random(`${seed}/kills`);
  const upAgain = new Map<Victim, number>();
  for (const at of moments(random, EVERY.kill, duration)) {
    const victim = random.pick(OFTEN);
    const downFor = Math.round(random.between(0, victim === 'temporal' || victim === 'database' ? 6_000 : 3_000));
    if (at < (upAgain.get(victim) ?? 0)) continue;
    upAgain.set(victim, at + downFor + REST);
    yield { at, what: 'kill', victim, downFor };
  }
}

/** Operations that change something are aimed at more often than their share of all calls. */
const AIMS = [null, null, 'SendCommand', 'SendCommand', 'CreateSnapshots', 'ListCommands', 'Describe*', 'AssumeRole'];

function* faults(seed: string, duration: number): Generator<StormEvent> {
  const random = new Random(`${seed}/faults`);
  for (const at of moments(random, EVERY.fault, duration)) {
    const lasts = Math.round(random.between(1_000, 20_000));
    yield { at, what: 'fault', lasts, fault: random.fraction() < 0.75 ? callFault(random) : nodeFault(random) };
  }
}

const CALL_FAULTS = [
  'throttle',
  'deny',
  'error-500',
  'error-500-done',
  'expire-credentials',
  'lose-reply',
  'time-out',
  'down',
] as const;

function callFault(random: Random): FaultInput {
  const fault = random.pick(CALL_FAULTS);
  const operation = random.pick(AIMS);
  const aim = operation === null ? {} : { operation };
  return { fault, ...aim, probability: Number(random.between(0.05, 0.6).toFixed(2)) };
}

/**
 * What a node gets over within its steps' time-outs. A node whose agent never comes back holds its cycle up for 45 minutes
 * (docs/limits.md), longer than a storm's calm.
 */
const NODE_FAULTS = ['install-fails', 'command-fails', 'snapshot-error'] as const;
const nodeFault = (random: Random): FaultInput => ({ fault: random.pick(NODE_FAULTS), times: random.whole(1, 2) });

function* steering(seed: string, duration: number, plans: number): Generator<StormEvent> {
  const random = new Random(`${seed}/operators`);
  for (const at of moments(random, EVERY.steer, duration)) {
    const act = random.fraction() < 0.8 ? 'pause' : 'cancel';
    const resumeAfter = Math.round(random.between(500, 15_000));
    yield { at, what: 'steer', plan: random.whole(0, plans - 1), act, resumeAfter };
  }
}
