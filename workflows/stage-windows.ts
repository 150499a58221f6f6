import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { Digest, Instant, Region } from '../domain/ids.js';
import { firstCutoff, nextRegion, nextTurn } from '../domain/lanes.js';
import type { Continues, WaveSummary } from '../domain/manifest.js';
import { preparing } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import type { Breaker } from './breaker.js';
import { HealthGate } from './health-gate.js';
import { Lanes } from './lanes.js';
import type { StageState } from './stage-state.js';
import type { StageWaves } from './stage-waves.js';

interface Planned {
  readonly wave: WaveSummary;
  readonly manifest: Digest;
  /** On nodes that have failed before. */
  readonly again: boolean;
}

/** How far a stage's windows have come; what a tail goes on from. */
export interface WindowsSoFar {
  /** The approved one. */
  readonly manifest: Digest;
  readonly pending: readonly Planned[];
  readonly rounds: number;
  readonly lastWave: number;
  /** The openings of each window in which nodes were not reached. */
  readonly missed: readonly (readonly [string, readonly Instant[]])[];
}
/** The nodes without which a stage is done. */
export interface Tail extends WindowsSoFar {
  readonly nodes: number;
}
export const windowsFrom = ({ manifest, waves }: PreparedStage): WindowsSoFar => ({
  manifest,
  pending: waves.map((wave) => ({ wave, manifest, again: false })),
  rounds: 0,
  lastWave: Math.max(0, ...waves.map(({ number }) => number)),
  missed: [],
});
interface Left {
  readonly wave: WaveSummary;
  readonly nodes: number;
}

/**
 * The windows of a stage: every Region by itself, its zones in turn, each in its windows; never two zones of it at the same
 * time, whatever their accounts.
 *
 * Nodes that are not reached before their window's cutoff wait for its next occurrence, with the same patch set and under the
 * same approval, as many windows as the plan gives them; then an operator is asked. Nodes that failed are tried again where
 * an operator says so: at once where their window is open, before anything else begins. Where the plan lets the stage be done
 * without the last of them, these are its `tail`.
 */
export class StageWindows {
  private readonly pending = new Map<Region, readonly Planned[]>();
  private readonly left = new Map<Region, readonly Left[]>();
  /** The openings of each window in which nodes were not reached. */
  private readonly missed: Map<string, Set<Instant>>;
  /** How many windows more nodes that were not reached may wait for. */
  private granted: number;
  private rounds: number;
  private lastWave: number;
  /** What is under way, by Region, and the Regions that wait for their next window. */
  private readonly running = new Map<Region, Promise<void>>();
  private readonly waiting = new Set<Region>();
  private done = false;
  private continuing: Promise<unknown> = Promise.resolve();
  private retryWanted = false;
  /** The Regions that are not through yet, those that have had a turn, and the one whose turn it is. */
  private readonly inLane = new Set<Region>();
  private readonly begunRegions = new Set<Region>();
  private atWork: Region | null = null;
  private readonly stage: StageState;
  private readonly breaker: Breaker;
  private readonly waves: StageWaves;
  private readonly manifest: Digest;
  private readonly health: HealthGate;

  constructor(stage: StageState, breaker: Breaker, waves: StageWaves, soFar: WindowsSoFar) {
    this.stage = stage;
    this.breaker = breaker;
    this.waves = waves;
    this.manifest = soFar.manifest;
    this.health = new HealthGate(stage, breaker);
    this.granted = stage.policy.carryOver.windows;
    this.rounds = soFar.rounds;
    this.lastWave = soFar.lastWave;
    this.missed = new Map(soFar.missed.map(([window, openings]) => [window, new Set(openings)]));
    this.add(soFar.pending);
    breaker.whenRetried(() => {
      this.retryWanted = true;
    });
  }

  /** Whether an operator wants something tried again that `run` has not begun. */
  get retries(): boolean {
    return this.retryWanted;
  }

  /** What the stage is done without, once it is; null where it has had all of its nodes. */
  get tail(): Tail | null {
    if (!this.done) return null;
    const pending = [...this.pending.values()].flat();
    const { manifest, rounds, lastWave } = this;
    const missed = [...this.missed].map(([window, openings]) => [window, [...openings]] as const);
    return { manifest, pending, rounds, lastWave, missed, nodes: nodesOf(pending) };
  }

  /** Until nothing is left to begin, or so little that the stage is done without it. A Region that fails lets the others finish first. */
  async run(): Promise<void> {
    const scope = new CancellationScope();
    this.breaker.whenStopped(() => scope.cancel());
    const failures = await scope.run(() => this.allRegions());
    const [failure] = failures.filter((error) => !(this.breaker.stopped && isCancellation(error)));
    if (failure !== undefined) throw failure;
  }

  private async allRegions(): Promise<readonly unknown[]> {
    const lanes = new Lanes(this.stage);
    const { running } = this;
    const failures: unknown[] = [];
    const fail = (error: unknown) => {
      failures.push(error);
      this.retryWanted = false;
      void this.breaker.triesAgain();
    };
    for (;;) {
      if (this.retryWanted && failures.length === 0) await this.retry().catch(fail);
      for (const region of failures.length === 0 && !this.done ? [...this.pending.keys()].sort() : []) {
        if (running.has(region)) continue;
        this.inLane.add(region);
        const lane = this.patchRegion(region, lanes)
          .catch(fail)
          .finally(() => this.inLane.delete(region));
        running.set(
          region,
          lane.finally(() => running.delete(region)),
        );
      }
      const open = running.size;
      if (open === 0) return failures;
      await condition(() => running.size < open || this.retryWanted).catch(fail);
      if (failures.length > 0) await Promise.all(running.values());
    }
  }

  private async patchRegion(region: Region, lanes: Lanes): Promise<void> {
    for (;;) {
      await this.mayGoOn();
      const pending = this.pending.get(region) ?? [];
      const turn = nextTurn(
        pending.map(({ wave }) => wave),
        Date.now(),
      );
      const cutOff = this.take(region, turn.cutOff);
      await Promise.all(cutOff.map(async ({ wave }) => this.leave(wave, await this.waves.cutOff(wave))));
      if (turn.kind === 'run') {
        await this.inTurn(region, turn.waves, async () => {
          await lanes.runs(region);
          await this.health.passes(await this.patchZone(region, this.take(region, turn.waves)));
        });
      } else if (this.left.has(region)) {
        // Out of the turns until it is done: it may have to wait for AWS, and others need not.
        this.inLane.delete(region);
        await this.carryOver(region);
        this.inLane.add(region);
      } else if (turn.kind === 'wait') {
        await lanes.waits(region, turn.until);
        this.waiting.add(region);
        const summary = `Until the next window opens in ${region}`;
        await condition(() => this.retryWanted || this.becomesDone(), turn.until - Date.now(), { summary });
        this.waiting.delete(region);
        if (this.done) break;
      } else break;
    }
    await lanes.ends(region);
  }

  /**
   * Does the work when it is the Region's turn, which is at once where Regions go side by side; not at all where its waves
   * should have begun before: then there is something else to do.
   */
  private async inTurn(region: Region, waves: readonly number[], work: () => Promise<void>): Promise<void> {
    if (this.stage.policy.regions === 'parallel') return work();
    const planned = (this.pending.get(region) ?? []).flatMap(({ wave }) => (waves.includes(wave.number) ? [wave] : []));
    const cutoff = firstCutoff(planned);
    const isItsTurn = () =>
      !this.breaker.holds && !this.retryWanted && this.atWork === null && region === this.regionInTurn();
    const summary = `The turn of ${region}, at the latest at the cutoff`;
    if (cutoff === null) await condition(isItsTurn);
    else if (!(await condition(isItsTurn, cutoff - Date.now(), { summary }))) return;
    this.atWork = region;
    this.begunRegions.add(region);
    try {
      await work();
    } finally {
      this.atWork = null;
    }
  }

  private regionInTurn(): Region | null {
    const regions = [...this.inLane].map((region) => ({
      region,
      begun: this.begunRegions.has(region),
      pending: (this.pending.get(region) ?? []).map(({ wave }) => wave),
    }));
    return nextRegion(regions, Date.now());
  }

  /**
   * Waves of one zone side by side. Failed nodes of it that are tried again come in while others wait for their room.
   * Answers the waves that have been at work on a node.
   */
  private async patchZone(region: Region, waves: readonly Planned[]): Promise<readonly Planned[]> {
    const zones = new Set(waves.map(({ wave }) => wave.zone));
    const running = new Set<Promise<void>>();
    const failures: unknown[] = [];
    const all: Planned[] = [];
    const begin = (more: readonly Planned[]) => {
      all.push(...more);
      for (const planned of more) {
        const run = this.patchWave(planned).catch((error: unknown) => void failures.push(error));
        running.add(run);
        void run.finally(() => running.delete(run));
      }
    };
    const triedAgain = () => {
      const again = (this.pending.get(region) ?? []).filter((planned) => planned.again && zones.has(planned.wave.zone));
      const turn = nextTurn(
        again.map(({ wave }) => wave),
        Date.now(),
      );
      return turn.kind === 'run' ? turn.waves : [];
    };
    begin(waves);
    while (running.size > 0) {
      const open = running.size;
      await CancellationScope.nonCancellable(() =>
        condition(() => running.size < open || (!this.breaker.over && triedAgain().length > 0)),
      );
      if (running.size > 0 && !this.breaker.over) begin(this.take(region, triedAgain()));
    }
    if (failures.length > 0) throw failures[0];
    return all.filter(({ wave }) => this.waves.patched.has(wave.number));
  }

  private async patchWave({ wave, manifest, again }: Planned): Promise<void> {
    this.breaker.waveBegins(wave, again);
    this.leave(wave, await this.waves.run(wave, manifest));
  }

  /** Whether all that is left waits for another window, and is so little that the plan lets the stage be done without it. */
  private becomesDone(): boolean {
    const { doneAt } = this.stage.policy.carryOver;
    const pending = [...this.pending.values()].flat();
    const waits = [...this.running.keys()].every((region) => this.waiting.has(region));
    const carried = waits && pending.length > 0 && pending.every(({ wave }) => wave.continues);
    this.done ||= doneAt < 100 && carried && this.breaker.shareWithout(nodesOf(pending)) >= doneAt;
    return this.done;
  }

  private async mayGoOn(): Promise<void> {
    await condition(() => !this.breaker.holds && !this.retryWanted);
  }

  /** Gives what was not reached in a Region its next window; asks first where the plan gives it no more. */
  private async carryOver(region: Region): Promise<void> {
    const left = this.left.get(region) ?? [];
    this.left.delete(region);
    for (const { wave } of left) {
      this.missed.set(wave.window, new Set([...(this.missed.get(wave.window) ?? []), wave.opens]));
    }
    const windows = Math.max(...left.map(({ wave }) => this.missed.get(wave.window)?.size ?? 0));
    const nodes = left.reduce((sum, more) => sum + more.nodes, 0);
    if (windows > this.granted) {
      const more = Math.max(this.stage.policy.carryOver.windows, 1);
      await this.breaker.ask(
        `${nodes} nodes of stage ${this.stage.policy.name} in ${region} were not reached in ${windows} windows: to go on gives them ${more} more.`,
      );
      await this.mayGoOn();
      this.granted = Math.max(this.granted, windows - 1 + more);
    }
    await this.goOn(
      'carried-over',
      left.map(({ wave }) => wave.number),
    );
  }

  /** What is left in the open windows waits until this is decided, so that it comes first. */
  private async retry(): Promise<void> {
    const waves = await this.goOn('failed', []);
    this.retryWanted = false;
    await this.breaker.triesAgain();
    this.done = false;
    if (waves === 0)
      await this.stage.note('Nothing is tried again: no node of the stage has failed in a way that allows it.');
  }

  /** How many waves there are more. One continuation after the other, since each numbers its waves on from those before. */
  private goOn(of: Continues['of'], waves: readonly number[]): Promise<number> {
    const next = this.continuing.then(async () => {
      const { request, policy } = this.stage;
      this.rounds += 1;
      const now = new Date(Date.now()).toISOString() as Instant;
      const wanted = { cycle: request.cycle, stage: policy.name, manifest: this.manifest, of, waves, now };
      const numbers = { round: this.rounds, firstWave: this.lastWave + 1 };
      const summary = of === 'failed' ? 'Failed nodes, once more' : `What waves ${waves.join(', ')} did not reach`;
      const continued = await untilAwsAnswers(
        () => preparing.continueStage.executeWithOptions({ summary }, [{ ...wanted, ...numbers }]),
        (message) => this.stage.noteOutage(message),
      );
      this.lastWave += continued.waves.length;
      this.add(continued.waves.map((wave) => ({ wave, manifest: continued.manifest, again: of === 'failed' })));
      return continued.waves.length;
    });
    this.continuing = next.catch(() => undefined);
    return next;
  }

  private add(planned: readonly Planned[]): void {
    for (const more of planned) {
      const { wave, again } = more;
      if (again) this.breaker.waveBegins(wave, again);
      this.pending.set(wave.region, [...(this.pending.get(wave.region) ?? []), more]);
    }
  }

  private take(region: Region, numbers: readonly number[]): readonly Planned[] {
    const pending = this.pending.get(region) ?? [];
    const rest = pending.filter(({ wave }) => !numbers.includes(wave.number));
    if (rest.length > 0) this.pending.set(region, rest);
    else this.pending.delete(region);
    return pending.filter(({ wave }) => numbers.includes(wave.number));
  }

  private leave(wave: WaveSummary, nodes: number): void {
    if (nodes === 0) return;
    this.left.set(wave.region, [...(this.left.get(wave.region) ?? []), { wave, nodes }]);
  }
}

const nodesOf = (planned: readonly Planned[]): number => planned.reduce((sum, { wave }) => sum + wave.nodes, 0);
