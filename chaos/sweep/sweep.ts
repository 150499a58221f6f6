import { appendFileSync } from 'node:fs';
import { compare, type Effects } from './compare.js';
import { WINDOW } from './cycle.js';
import { type Ground, prepareGround } from './ground.js';
import { Lane } from './lane.js';
import { disturbsAll, nameOf, planTrials, type Selection, type Trial } from './plan.js';
import { applyDocuments, type RunResult, runCycle } from './run.js';

export interface SweepOptions extends Selection {
  /** Workers of which each carries one cycle at a time, with whatever disturbs all that a worker does. */
  readonly lanes: number;
  /** Cycles at a time on the one worker that is not disturbed itself. */
  readonly together: number;
  /** A file that gets a line for each trial, as JSON; null for none. */
  readonly log: string | null;
}

/** What one trial showed. */
export interface Verdict {
  readonly trial: string;
  readonly struck: boolean;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  readonly unexplained: string | null;
  readonly seconds: number;
}

export interface SweepResult {
  readonly points: number;
  readonly effects: number;
  readonly trials: number;
  readonly verdicts: readonly Verdict[];
  readonly seconds: number;
}

const SHARED = 'shared';
/** Cycles after which a worker is replaced: it keeps connections to the accounts of all of them. */
const CYCLES_A_WORKER = 40;

/** Runs the cycle undisturbed, and then once for each trial. */
export async function sweep(
  options: SweepOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<SweepResult> {
  const began = Date.now();
  const names = [SHARED, ...Array.from({ length: options.lanes }, (_, index) => `lane-${index + 1}`)];
  const ground = await prepareGround(names);
  const lanes: Lane[] = [];
  try {
    const first = await openLane(SHARED, ground, lanes);
    await applyDocuments(first, [WINDOW]);
    const sweeping = new Sweeping(options, say, signal);
    const { undisturbed, trials } = await sweeping.prepare(first);
    const alone = trials.filter(disturbsAll);
    const others = trials.filter((trial) => !disturbsAll(trial));
    const needed = names.slice(1, 1 + Math.min(options.lanes, alone.length));
    await Promise.all([
      sweeping.onShared(first, others),
      ...needed.map(async (name) => sweeping.onLane(await openLane(name, ground, lanes), alone)),
    ]);
    return {
      points: undisturbed.points.length,
      effects: undisturbed.points.filter(({ call }) => call.effect).length,
      trials: trials.length,
      verdicts: sweeping.verdicts,
      seconds: (Date.now() - began) / 1000,
    };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    await ground.close();
  }
}

async function openLane(name: string, ground: Ground, lanes: Lane[]): Promise<Lane> {
  const lane = await Lane.open(name, ground);
  lanes.push(lane);
  return lane;
}

class Sweeping {
  readonly verdicts: Verdict[] = [];
  readonly #options: SweepOptions;
  readonly #say: (line: string) => void;
  readonly #signal: AbortSignal;
  #effects: Effects = new Map();
  #runs = 0;
  #trials = 0;

  constructor(options: SweepOptions, say: (line: string) => void, signal: AbortSignal) {
    this.#options = options;
    this.#say = say;
    this.#signal = signal;
  }

  /** The undisturbed run that all others are held against, and what is to be tried. */
  async prepare(lane: Lane): Promise<{ undisturbed: RunResult; trials: Trial[] }> {
    const undisturbed = await this.#run(lane, null);
    if (undisturbed.unexplained !== null) throw new Error(`The undisturbed cycle: ${undisturbed.unexplained}`);
    this.#effects = undisturbed.effects;
    const trials = planTrials(undisturbed.points, this.#options);
    this.#trials = trials.length;
    const { points, effects, seconds } = undisturbed;
    this.#say(
      `Undisturbed: ${points.length} calls (${points.filter(({ call }) => call.effect).length} of them effects), ${effects.size} kinds of entries in the ledger, ${seconds.toFixed(1)} s. ${trials.length} trials.`,
    );
    return { undisturbed, trials };
  }

  /** Many at a time, a worker for every so many. */
  async onShared(lane: Lane, trials: readonly Trial[]): Promise<void> {
    for (let from = 0; from < trials.length; from += CYCLES_A_WORKER) {
      if (from > 0) await lane.renew();
      const queue = trials.slice(from, from + CYCLES_A_WORKER);
      await Promise.all(Array.from({ length: this.#options.together }, () => this.onLane(lane, queue)));
    }
  }

  /** One after the other, until the queue that this lane shares with others is empty. */
  async onLane(lane: Lane, queue: Trial[]): Promise<void> {
    for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
      this.#signal.throwIfAborted();
      await this.#try(lane, trial);
    }
  }

  async #try(lane: Lane, trial: Trial): Promise<void> {
    const result = await this.#run(lane, trial);
    const { struck, unexplained, seconds } = result;
    const verdict = { trial: nameOf(trial), struck, ...compare(this.#effects, result.effects), unexplained, seconds };
    this.verdicts.push(verdict);
    const { log } = this.#options;
    if (log !== null) appendFileSync(log, `${JSON.stringify({ ...verdict, lane: lane.name })}\n`);
    if (isBad(verdict)) this.#say(verdictText(verdict));
    if (this.verdicts.length % 50 === 0) this.#say(`${this.verdicts.length} of ${this.#trials} trials`);
  }

  #run(lane: Lane, trial: Trial | null): Promise<RunResult> {
    this.#runs += 1;
    const armed = trial === null ? null : { point: trial.point.id, fault: trial.fault };
    return runCycle(lane, this.#runs, armed, this.#signal);
  }
}

export const isBad = ({ lost, twice, unexplained }: Verdict): boolean =>
  lost.length > 0 || twice.length > 0 || unexplained !== null;

/** What was wrong with one trial, and how to repeat it. */
export function verdictText({ trial, lost, twice, unexplained }: Verdict): string {
  const lines = [
    `BAD: ${trial}`,
    ...(unexplained === null ? [] : [`  unexplained: ${unexplained}`]),
    ...lost.slice(0, 5).map((effect) => `  lost: ${effect}`),
    ...twice.slice(0, 5).map((effect) => `  twice: ${effect}`),
    ...(lost.length + twice.length > 10 ? [`  and more: ${lost.length} lost, ${twice.length} twice`] : []),
    `  repeat: npm run chaos -- --sweep --only '${trial}'`,
  ];
  return lines.join('\n');
}

export function sweepText({ points, effects, trials, verdicts, seconds }: SweepResult): string {
  const count = (holds: (verdict: Verdict) => boolean) => verdicts.filter(holds).length;
  const slowest = Math.max(0, ...verdicts.map((verdict) => verdict.seconds));
  return [
    `${points} points (${effects} effects), ${trials} trials (point × fault) run in ${seconds.toFixed(1)} s, the longest ${slowest.toFixed(1)} s`,
    `${count(({ struck }) => struck)} struck; ${count(({ struck }) => !struck)} did not come to their point, and ended undisturbed`,
    `lost: ${count(({ lost }) => lost.length > 0)}, twice: ${count(({ twice }) => twice.length > 0)}, unexplained: ${count(({ unexplained }) => unexplained !== null)}`,
  ].join('\n');
}
