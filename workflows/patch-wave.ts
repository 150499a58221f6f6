import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CycleId, Digest, StageName } from '../domain/ids.js';
import type { WaveSummary } from '../domain/manifest.js';
import type { BatchSteps } from '../domain/stage-policy.js';
import { recording, stepping } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { isMessage, type Shape } from './handlers.js';
import { steerWave, type WaveSteering, waveProgress, waveState } from './messages.js';
import { OperationWatch } from './operations.js';
import { setPhase } from './phase.js';

export interface WaveInput {
  readonly cycle: CycleId;
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
  readonly skipped: number;
}

export const WAVE_START: WaveProgress = { begun: 0, totals: { done: 0, failed: 0, surplus: 0 }, watches: 0 };

/**
 * One account's nodes in one zone, batch by batch, with no more than `maxUnavailable` of them out of service.
 *
 * Nothing new begins while paused, after the cutoff, or once cancelled; what has been touched is always finished, its
 * after tasks included. What was not begun gets the outcome `skipped` with that reason.
 */
export async function patchWave(input: WaveInput): Promise<WaveResult> {
  const run = new WaveRun(input);
  setHandler(steerWave, (steering) => run.steer(steering), {
    description: 'Holds back batches that have not begun, or lets them go on',
  });
  setHandler(waveState, () => run.view(), { description: 'Each batch in flight and its step' });

  await run.began();
  let ended: WaveResult['ended'] = 'completed';
  try {
    for (let next = run.begun; next < input.wave.batches.length; next = run.begun) {
      if (workflowInfo().continueAsNewSuggested) return await run.continueAsNew();
      if (!(await run.mayBegin(next))) {
        ended = 'cut-off';
        break;
      }
      run.begin(next);
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    ended = 'cancelled';
  }
  return CancellationScope.nonCancellable(async () => {
    await run.allBatchesEnded();
    const skipped = ended === 'completed' ? 0 : await run.skipRest(ended);
    const result: WaveResult = { ...run.totals, ended, skipped };
    await run.endedAs(result);
    await condition(allHandlersFinished);
    return result;
  });
}

const STEERING: Shape<WaveSteering> = { paused: 'boolean', failed: 'number' };

/** The state of one wave, and what may be done to it. */
class WaveRun {
  begun: number;
  totals: WaveTotals;
  private readonly input: WaveInput;
  private readonly operations: OperationWatch;
  private readonly inFlight = new Map<number, { readonly nodes: number; step: string }>();
  private readonly batches: Promise<void>[] = [];
  private readonly cancellation = CancellationScope.current();
  private paused: boolean;
  /** How many of the wave's failures its stage has heard of; with more than that, it has the word. */
  private judgedFailures: number;
  private outage: string | null = null;

  constructor(input: WaveInput) {
    this.input = input;
    this.begun = input.progress.begun;
    this.totals = input.progress.totals;
    this.paused = input.paused;
    this.judgedFailures = input.progress.totals.failed;
    this.operations = new OperationWatch(
      workflowInfo().workflowId,
      input.wave,
      (message) => this.noteOutage(message),
      input.progress.watches,
    );
  }

  steer(steering: WaveSteering): void {
    if (!isMessage(steering, STEERING)) {
      log.warn('A signal steerWave was ignored: expected {paused, failed}');
      return;
    }
    this.paused = steering.paused;
    this.judgedFailures = steering.failed;
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

  /** Waits for room within the disruption budget; false where the cutoff comes first. */
  async mayBegin(index: number): Promise<boolean> {
    const { cutoff, maxUnavailable } = this.input.wave;
    const size = this.input.wave.batches[index] ?? 0;
    const mayGoOn = () => !this.paused && this.totals.failed <= this.judgedFailures;
    const room = () => mayGoOn() && this.outOfService() + size <= maxUnavailable;
    if (cutoff === null) {
      await condition(room);
      return true;
    }
    const left = Date.parse(cutoff) - Date.now();
    if (left <= 0) return false;
    return condition(room, left);
  }

  begin(index: number): void {
    this.begun = index + 1;
    const nodes = this.input.wave.batches[index] ?? 0;
    const number = index + 1;
    this.inFlight.set(number, { nodes, step: 'begins' });
    const batch = CancellationScope.nonCancellable(() => this.patchBatch(number)).finally(() => {
      this.inFlight.delete(number);
      this.show();
    });
    // A failure is thrown by allBatchesEnded; until then it must not count as unhandled.
    batch.catch(() => undefined);
    this.batches.push(batch);
  }

  async allBatchesEnded(): Promise<void> {
    await Promise.allSettled(this.batches);
    await Promise.all(this.batches);
  }

  /** One batch, from its check to its record. What goes wrong on a node is kept in the store and decides its next steps. */
  private async patchBatch(batch: number): Promise<void> {
    const { steps } = this.input;
    if (steps.startStopped) await this.step(batch, 'start');
    await this.step(batch, 'check');
    if (steps.snapshot !== 'none') await this.step(batch, 'snapshot', steps.snapshot === 'await');
    if (!this.cancellation.consideredCancelled) {
      try {
        for (let task = 1; task <= steps.beforeTasks; task++) await this.step(batch, `before-${task}`);
        await this.step(batch, 'install');
        if (steps.reboot === 'always') await this.step(batch, 'reboot');
        await this.step(batch, 'agent-back');
        await this.step(batch, 'scan');
      } finally {
        for (let task = 1; task <= steps.afterTasks; task++) await this.step(batch, `after-${task}`);
      }
    }
    if (steps.startStopped) await this.step(batch, 'stop');
    await this.record(batch);
  }

  private async step(batch: number, step: string, wait = true): Promise<void> {
    const flight = this.inFlight.get(batch);
    if (flight) flight.step = step;
    this.show();
    const { manifest, wave } = this.input;
    const request = { manifest, run: workflowInfo().workflowId, wave: wave.number, batch, step };
    const summary = `batch ${batch}: ${step} (${flight?.nodes ?? 0} nodes)`;
    const begun = await untilAwsAnswers(
      () => stepping.beginStep.executeWithOptions({ summary }, [request]),
      (message) => this.noteOutage(message),
    );
    if (begun.key !== null && wait) await this.operations.end(begun.key);
  }

  private async record(batch: number): Promise<void> {
    const { manifest, wave } = this.input;
    const recorded = await untilAwsAnswers(
      () =>
        stepping.recordBatch.executeWithOptions({ summary: `batch ${batch}: record` }, [
          { manifest, wave: wave.number, batch },
        ]),
      (message) => this.noteOutage(message),
    );
    this.totals = {
      done: this.totals.done + recorded.done,
      failed: this.totals.failed + recorded.failed,
      surplus: this.totals.surplus + recorded.surplus,
    };
    if (recorded.failed > 0 || recorded.surplus > 0) await this.tellStage();
  }

  private async tellStage(): Promise<void> {
    const { parent } = workflowInfo();
    if (!parent) return;
    const { failed, surplus } = this.totals;
    await getExternalWorkflowHandle(parent.workflowId).signal(waveProgress, {
      wave: this.input.wave.number,
      failed,
      surplus,
    });
  }

  async skipRest(ended: 'cut-off' | 'cancelled'): Promise<number> {
    const { cycle, stage, wave } = this.input;
    const reason =
      ended === 'cut-off'
        ? `Not begun at the cutoff of window ${wave.window} (${wave.cutoff}).`
        : 'Not begun when the wave was cancelled: with its cycle, or since its stage was stopped.';
    return recording.skipRest({ cycle, stage, wave: wave.number, reason });
  }

  async endedAs(result: WaveResult): Promise<void> {
    setPhase('ended');
    this.show();
    const status =
      result.ended === 'completed' ? (result.failed > 0 ? 'completed-with-failures' : 'completed') : result.ended;
    await this.project(status);
  }

  async continueAsNew(): Promise<never> {
    await this.allBatchesEnded();
    await condition(allHandlersFinished);
    return continueAsNew<typeof patchWave>({
      ...this.input,
      paused: this.paused,
      progress: { begun: this.begun, totals: this.totals, watches: this.operations.count },
    });
  }

  private outOfService(): number {
    return [...this.inFlight.values()].reduce((sum, { nodes }) => sum + nodes, 0);
  }

  private async noteOutage(message: string | null): Promise<void> {
    this.outage = message;
    setPhase(message === null ? 'patching' : 'waiting-aws');
    this.show();
    const { cycle, stage, wave } = this.input;
    await recording.noteOutage({ cycle, stage, wave: wave.number, message });
  }

  private async project(
    status: 'patching' | 'completed' | 'completed-with-failures' | 'cut-off' | 'cancelled',
  ): Promise<void> {
    const { cycle, stage, wave } = this.input;
    await recording.project({ cycle, stage, waves: [{ number: wave.number, status }] });
  }

  /** What an operator sees in the Temporal UI. */
  private show(): void {
    const { wave } = this.input;
    const nodes = wave.batches.reduce((sum, size) => sum + size, 0);
    const lines = [
      `**${wave.zoneName ?? wave.zone}** of ${wave.account} in ${wave.region}, window ${wave.window}`,
      `${this.totals.done} of ${nodes} nodes done, ${this.totals.failed} failed; ${this.outOfService()} of at most ${wave.maxUnavailable} out of service`,
      ...(this.paused ? ['**Paused**: no new batch begins'] : []),
      ...(this.outage ? [`**Waits for AWS**: ${this.outage}`] : []),
      ...(wave.cutoff ? [`No batch begins after ${wave.cutoff}`] : []),
      ...[...this.inFlight].map(([batch, { nodes: size, step }]) => `- batch ${batch} (${size} nodes): ${step}`),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}
