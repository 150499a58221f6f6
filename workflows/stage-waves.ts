import type { ChildWorkflowHandle } from '@temporalio/workflow';
import { CancellationScope, isCancellation, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { WaveStatus } from '../domain/cycle.js';
import { type Digest, workflowIds } from '../domain/ids.js';
import type { WaveSummary } from '../domain/manifest.js';
import { recording } from './activities.js';
import type { Breaker } from './breaker.js';
import { steerWave } from './messages.js';
import { patchWave } from './patch-wave.js';
import { attributesOf } from './phase.js';
import { reasonOf } from './reason.js';
import type { StageState } from './stage-state.js';
import { WAVE_START } from './wave-run.js';

/** The waves of a stage: runs them, tells those that run what the breaker says, and stops the stage where one breaks. */
export class StageWaves {
  /** Whether a node may have been touched. */
  begun = false;
  /** The waves that have been at work on a node. */
  readonly patched = new Set<number>();
  private readonly running = new Map<number, ChildWorkflowHandle<typeof patchWave>>();
  private readonly stage: StageState;
  private readonly breaker: Breaker;

  constructor(stage: StageState, breaker: Breaker) {
    this.stage = stage;
    this.breaker = breaker;
    breaker.whenChanged((only) => this.steer(only));
  }

  /**
   * Until the wave has ended; answers how many of its nodes it did not reach before the cutoff. One that ends in any other
   * way than by itself stops the stage.
   */
  async run(wave: WaveSummary, manifest: Digest): Promise<number> {
    try {
      const { problem, ended, skipped, ...totals } = await this.ended(wave, manifest);
      this.running.delete(wave.number);
      if (totals.done > 0) this.patched.add(wave.number);
      await this.breaker.waveEnded(wave.number, totals);
      if (problem !== null) this.breaker.stop(problem);
      return ended === 'cut-off' && problem === null ? skipped : 0;
    } catch (error) {
      if (this.breaker.over && isCancellation(error)) throw error;
      const place = `${wave.zoneName ?? wave.zone} of ${wave.account} in ${wave.region}`;
      this.breaker.stop(`The wave in ${place} did not end by itself: ${reasonOf(error)}`);
      await CancellationScope.nonCancellable(() => this.project(wave, 'failed'));
      return 0;
    } finally {
      this.running.delete(wave.number);
      this.stage.show();
    }
  }

  /** A wave whose cutoff passed before it could begin; answers how many nodes it has. */
  async cutOff(wave: WaveSummary): Promise<number> {
    await this.breaker.waveEnded(wave.number, { done: 0, failed: 0, surplus: 0 });
    const { cycle } = this.stage.request;
    const { name } = this.stage.policy;
    const reason = `Not begun at the cutoff of window ${wave.window} (${wave.cutoff}).`;
    const nodes = await recording.carryRest({ cycle, stage: name, wave: wave.number, reason });
    await this.project(wave, 'cut-off');
    return nodes;
  }

  private async project({ number }: WaveSummary, status: WaveStatus): Promise<void> {
    const { cycle } = this.stage.request;
    await recording.project.executeWithOptions({ summary: `wave ${number}: ${status}` }, [
      { cycle, stage: this.stage.policy.name, waves: [{ number, status }] },
    ]);
  }

  private async ended(wave: WaveSummary, manifest: Digest) {
    const { request } = this.stage;
    const { plan } = request;
    const { name, steps } = this.stage.policy;
    const paused = this.breaker.holds;
    const lost = this.breaker.lostTo(wave.number);
    this.begun = true;
    const handle = await startChild(patchWave, {
      workflowId: workflowIds.wave(workflowInfo().workflowId, wave),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      typedSearchAttributes: attributesOf({ plan, stage: name, at: wave, phase: 'patching' }),
      staticSummary: `${name}: ${wave.nodes} nodes in ${wave.zoneName ?? wave.zone} of ${wave.account}`,
      args: [{ request, stage: name, manifest, wave, steps, paused, progress: { ...WAVE_START, lost } }],
    });
    this.running.set(wave.number, handle);
    // What changed while it started could not reach it.
    if (this.breaker.holds !== paused || this.breaker.lostTo(wave.number) !== lost) await this.steer(wave.number);
    return handle.result();
  }

  private async steer(only?: number): Promise<void> {
    const waves = [...this.running].filter(([number]) => only === undefined || number === only);
    const told = waves.map(([number, wave]) =>
      wave.signal(steerWave, {
        paused: this.breaker.holds,
        failed: this.breaker.failuresOf(number),
        lost: this.breaker.lostTo(number),
      }),
    );
    // A wave that ends in this very moment can't be told any more, and need not be.
    await Promise.allSettled(told);
  }
}
