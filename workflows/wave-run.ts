import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { hasRoom } from '../domain/budget.js';
import type { CycleRequest, WaveStatus } from '../domain/cycle.js';
import type { Digest, StageName } from '../domain/ids.js';
import type { WaveSummary } from '../domain/manifest.js';
import type { BatchSteps } from '../domain/stage-policy.js';
import { recording } from './activities.js';
import { isMessage, type Shape } from './handlers.js';
import { type WaveSteering, waveProgress } from './messages.js';
import type { OperationEnd } from './operations.js';
import { type BatchOf, patchBatch } from './patch-batch.js';
import type { patchWave } from './patch-wave.js';
import { setPhase } from './phase.js';
import { Projections } from './projections.js';
import { reasonOf } from './reason.js';
import { announceSetAside } from './set-aside.js';
import { LeftUntouched, WaveSteps } from './wave-steps.js';
export interface WaveInput {
  readonly request: CycleRequest;
  readonly stage: StageName;
  readonly manifest: Digest;
  readonly wave: WaveSummary;
  readonly steps: BatchSteps;
  readonly paused: boolean;
  /** Where a run before this one (continue-as-new) stopped. */
  readonly progress: WaveProgress;
}

export interface WaveProgress {
  /** How many batches have begun; they begin in the manifest's order. */
  readonly begun: number;
  readonly totals: WaveTotals;
  /** How many of the wave's failures its stage has heard of; with more than that, it has the word. */
  readonly judged: number;
  /** How many nodes failed before and keep consuming the disruption budget, as its stage has it. */
  readonly lost: number;
  readonly watches: number;
}

export interface WaveTotals {
  readonly done: number;
  readonly failed: number;
  /** Patches that a dependency pulled in and nobody has tested. */
  readonly surplus: number;
}

export interface WaveResult extends WaveTotals {
  readonly ended: 'completed' | 'cut-off' | 'cancelled';
  /** Nodes that were not touched: cut off, they wait for their next window. */
  readonly skipped: number;
  /** What went wrong that is no problem of a node and that waiting does not mend: nothing was begun after it. */
  readonly problem: string | null;
}

export const WAVE_START: WaveProgress = {
  begun: 0,
  totals: { done: 0, failed: 0, surplus: 0 },
  judged: 0,
  lost: 0,
  watches: 0,
};

const STEERING: Shape<WaveSteering> = { paused: 'boolean', failed: 'number', lost: 'number' };

/** The state of one wave, and what may be done to it. */
export class WaveRun implements BatchOf {
  readonly steps: BatchSteps;
  private begun: number;
  private totals: WaveTotals;
  private readonly input: WaveInput;
  private readonly taken: WaveSteps;
  private readonly projections = new Projections();
  private readonly inFlight = new Map<number, { readonly nodes: number; step: string }>();
  private readonly batches: Promise<void>[] = [];
  private readonly cancellation = CancellationScope.current();
  private paused: boolean;
  private judgedFailures: number;
  private lost: number;
  /** The batch that its stage has been told there is no room for. */
  private toldOf: number | null = null;
  private outage: string | null = null;
  /** Why nodes are left untouched. */
  private heldBack: 'cut-off' | 'cancelled' | null = null;
  /** Another batch would not end before the window does, while those that have begun go on. */
  private tooLate = false;
  private problem: string | null = null;

  constructor(input: WaveInput) {
    const { progress } = input;
    this.input = input;
    this.steps = input.steps;
    this.begun = progress.begun;
    this.totals = progress.totals;
    this.paused = input.paused;
    this.judgedFailures = progress.judged;
    this.lost = progress.lost;
    this.taken = new WaveSteps(input, {
      mayTouch: () => this.mayTouch(),
      shows: (batch, step) => this.shows(batch, step),
      noteOutage: (message) => this.noteOutage(message),
    });
  }

  steer(steering: WaveSteering): void {
    if (!isMessage(steering, STEERING)) {
      log.warn('A signal steerWave was ignored: expected {paused, failed, lost}');
      return;
    }
    this.paused = steering.paused;
    this.judgedFailures = steering.failed;
    this.lost = steering.lost;
    this.show();
  }

  view() {
    return {
      paused: this.paused,
      batches: [...this.inFlight].map(([number, { nodes, step }]) => ({ number, nodes, step })),
      done: this.totals.done,
      failed: this.totals.failed,
    };
  }

  async began(): Promise<void> {
    setPhase('patching');
    this.show();
    if (this.begun === 0) await this.project('patching');
  }

  /** Waits for room within the disruption budget; false where nothing is left to begin, or may be begun any more. */
  async mayBegin(): Promise<boolean> {
    const { cutoff, lastStart, batches } = this.input.wave;
    const size = batches[this.begun];
    if (size === undefined) return false;
    const mayGoOn = () => !this.paused && this.totals.failed <= this.judgedFailures;
    const room = () => this.problem !== null || (mayGoOn() && hasRoom(this.room(), size));
    // Nothing is in flight that could make room, and the stage does not know it.
    const stuck = () => mayGoOn() && !room() && this.inFlight.size === 0 && this.toldOf !== this.begun;
    const latest = lastStart ?? cutoff;
    const left = () => (latest === null ? null : Date.parse(latest) - Date.now());
    if (!(await until(() => room() || stuck(), left())) || room()) return this.isInTime();
    this.toldOf = this.begun;
    await this.tellStage(size);
    await until(room, left());
    return this.isInTime();
  }

  private isInTime(): boolean {
    const { lastStart } = this.input.wave;
    this.tooLate = lastStart !== undefined && Date.parse(lastStart) <= Date.now();
    return this.mayTouch() && !this.tooLate;
  }

  private room() {
    return { maxUnavailable: this.input.wave.maxUnavailable, outOfService: this.outOfService(), lost: this.lost };
  }

  begin(): void {
    const nodes = this.input.wave.batches[this.begun] ?? 0;
    this.begun += 1;
    const number = this.begun;
    this.inFlight.set(number, { nodes, step: 'begins' });
    const batch = patchBatch(number, this).finally(() => {
      this.inFlight.delete(number);
      this.show();
    });
    this.batches.push(batch);
  }

  async allBatchesEnded(): Promise<void> {
    await Promise.all(this.batches);
  }

  mayTouch(): boolean {
    const { cutoff } = this.input.wave;
    if (this.cancellation.consideredCancelled) this.heldBack ??= 'cancelled';
    else if (cutoff !== null && Date.parse(cutoff) <= Date.now()) this.heldBack ??= 'cut-off';
    return this.heldBack === null && this.problem === null;
  }

  broke(error: unknown): void {
    if (error instanceof LeftUntouched) return;
    if (isCancellation(error) && this.cancellation.consideredCancelled) this.heldBack ??= 'cancelled';
    else this.problem ??= reasonOf(error);
  }

  step(batch: number, step: string, wait = true): Promise<OperationEnd | null> {
    return this.taken.step(batch, step, wait);
  }

  async record(batch: number): Promise<void> {
    const recorded = await this.taken.record(batch);
    this.totals = {
      done: this.totals.done + recorded.done,
      failed: this.totals.failed + recorded.failed,
      surplus: this.totals.surplus + recorded.surplus,
    };
    if (recorded.failed > 0 || recorded.surplus > 0) await this.tellStage();
    if (recorded.setAside.length > 0) await announceSetAside(this.input, batch, recorded);
  }

  private async tellStage(needs = 0): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    const { failed, surplus } = this.totals;
    try {
      const report = { wave: this.input.wave.number, failed, surplus, needs };
      await getExternalWorkflowHandle(parent.workflowId).signal(waveProgress, report);
    } catch (error) {
      // A stage that is gone asks its waves to end, and hears of no failures.
      log.warn('The stage could not be told of failures', { error: reasonOf(error) });
    }
  }

  /** Explains the nodes that were left untouched, and shows how the wave ended. */
  async ended(): Promise<WaveResult> {
    const { begun, totals, problem } = this;
    const { request, stage, wave } = this.input;
    const { cycle } = request;
    const untouched = this.tooLate ? 'cut-off' : 'cancelled';
    const ended = this.heldBack ?? (begun < wave.batches.length ? untouched : 'completed');
    const complete = ended === 'completed' && problem === null;
    const reason =
      problem !== null
        ? `Not begun, since something went wrong before: ${problem}`
        : ended === 'cut-off'
          ? `Not begun at the cutoff of window ${wave.window} (${wave.lastStart ?? wave.cutoff}).`
          : 'Not begun when the wave was cancelled: with its cycle, or since its stage was stopped.';
    const rest = { cycle, stage, wave: wave.number, reason };
    const carried = ended === 'cut-off' && problem === null;
    const skipped = complete ? 0 : await (carried ? recording.carryRest(rest) : recording.skipRest(rest));
    setPhase('ended');
    this.show();
    const withFailures = totals.failed > 0 || problem !== null;
    await this.project(ended === 'completed' && withFailures ? 'completed-with-failures' : ended);
    return { ...totals, ended, skipped, problem };
  }

  /** Whether, once all that is in flight has ended, there is still something to go on with. */
  async mayGoOnInNewRun(): Promise<boolean> {
    await this.allBatchesEnded();
    await condition(allHandlersFinished);
    return this.mayTouch();
  }

  async continueAsNew(): Promise<never> {
    await this.projections.written();
    const { begun, totals, lost } = this;
    return continueAsNew<typeof patchWave>({
      ...this.input,
      paused: this.paused,
      progress: { begun, totals, judged: this.judgedFailures, lost, watches: this.taken.watches },
    });
  }

  private outOfService(): number {
    return [...this.inFlight.values()].reduce((sum, { nodes }) => sum + nodes, 0);
  }

  private shows(batch: number, step: string): void {
    const flight = this.inFlight.get(batch);
    if (flight) flight.step = step;
    this.show();
  }

  private async noteOutage(message: string | null): Promise<void> {
    this.outage = message;
    setPhase(message === null ? 'patching' : 'waiting-aws');
    this.show();
    const { request, stage, wave } = this.input;
    const { cycle } = request;
    await this.projections.write(() => recording.noteOutage({ cycle, stage, wave: wave.number, message }));
  }

  private async project(status: WaveStatus): Promise<void> {
    const { request, stage, wave } = this.input;
    const { cycle } = request;
    await this.projections.write(() =>
      recording.project.executeWithOptions({ summary: status }, [
        { cycle, stage, waves: [{ number: wave.number, status }] },
      ]),
    );
  }

  /** What an operator sees in the Temporal UI. */
  private show(): void {
    const { wave } = this.input;
    const nodes = wave.batches.reduce((sum, size) => sum + size, 0);
    const lines = [
      `**${wave.zoneName ?? wave.zone}** of ${wave.account} in ${wave.region}, window ${wave.window}`,
      `${this.totals.done} of ${nodes} nodes done, ${this.totals.failed} failed; ${this.outOfService() + this.lost} of at most ${wave.maxUnavailable} out of service${this.lost > 0 ? ` (${this.lost} of them failed)` : ''}`,
      ...(this.paused ? ['**Paused**: no new batch begins'] : []),
      ...(this.outage ? [`**Waits for AWS**: ${this.outage}`] : []),
      ...(this.problem ? [`**Went wrong**: ${this.problem}`] : []),
      ...(wave.cutoff ? [`No batch begins after ${wave.cutoff}`] : []),
      ...[...this.inFlight].map(([batch, { nodes: size, step }]) => `- batch ${batch} (${size} nodes): ${step}`),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}

/** Whether it has come true: at the latest so many milliseconds from now, where there is an end to waiting. */
async function until(wanted: () => boolean, left: number | null): Promise<boolean> {
  if (left !== null && left <= 0) return false;
  if (left !== null)
    return condition(wanted, left, { summary: 'Room for the next batch, at the latest at the cutoff' });
  await condition(wanted);
  return true;
}
