import type { ChildWorkflowHandle } from '@temporalio/workflow';
import {
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { PreparedStage } from '../activities/prepare.js';
import type { CycleRequest, Decision, StageStatus, WaitingFor } from '../domain/cycle.js';
import { type Digest, type Instant, type Region, workflowIds } from '../domain/ids.js';
import type { WaveSummary } from '../domain/manifest.js';
import type { StagePolicy } from '../domain/stage-policy.js';
import { failureLimit } from '../domain/waves.js';
import { recording } from './activities.js';
import { announce } from './deliver-webhook.js';
import { isMessage, type Shape } from './handlers.js';
import { askOperator, type StagePause, steerWave, type WaveReport } from './messages.js';
import { patchWave, WAVE_START } from './patch-wave.js';
import { attributesOf, type Phase, setPhase } from './phase.js';

const STAGE_PAUSE: Shape<StagePause> = { paused: 'boolean' };
const WAVE_REPORT: Shape<WaveReport> = { wave: 'number', failed: 'number', surplus: 'number' };

export interface StageInput {
  readonly request: CycleRequest;
  readonly policy: StagePolicy;
  /** What the stage before proved; null in the first stage, where the baseline alone decides. */
  readonly patchSet: Digest | null;
}

export interface StageResult {
  readonly status: 'completed' | 'completed-with-failures' | 'rejected' | 'failed' | 'cancelled';
  /** What this stage proved: the most that the next one may get. Null in the last stage, and where the stage did not complete. */
  readonly patchSet: Digest | null;
  readonly message: string;
}

/** What a stage knows of itself while it runs, what it shows of that, and how it runs its waves. */
export class StageState {
  readonly request: CycleRequest;
  readonly policy: StagePolicy;
  /** Why nothing more begins (`onFailure: stop`); null while all is well. */
  stopped: string | null = null;
  private readonly patchSet: Digest | null;
  private status: StageStatus = 'pending';
  private phase: Phase = 'preparing';
  private waitingFor: WaitingFor | null = null;
  private paused = false;
  private targets = 0;
  private readonly progress = new Map<number, { failed: number; surplus: number }>();
  private toleratedFailures = 0;
  private noted = 0;
  private readonly waves = new Map<number, ChildWorkflowHandle<typeof patchWave>>();
  private readonly lanes = new Map<Region, number | 'running'>();
  private onStop: () => void = () => undefined;

  constructor({ request, policy, patchSet }: StageInput) {
    this.request = request;
    this.policy = policy;
    this.patchSet = patchSet;
  }

  // What the stage is doing

  async is(status: StageStatus, phase: Phase, waitingFor: Omit<WaitingFor, 'stage'> | null = null): Promise<void> {
    this.status = status;
    await this.waits(phase, waitingFor, { status });
  }

  prepared({ targets }: PreparedStage): void {
    this.targets = targets;
    this.toleratedFailures = failureLimit(this.policy.pauseAfterFailures, Math.max(targets, 1));
    this.show();
  }

  async waitsForApproval(manifest: Digest, until: Instant): Promise<void> {
    const message = `Stage ${this.policy.name} waits for a decision on manifest ${manifest}.`;
    await this.is('waiting', 'waiting-approval', { kind: 'approval', until, manifest, message });
    await announce('approval-wanted', this.request, { stage: this.policy.name, manifest, until, message });
  }

  async decided(decisions: readonly Decision[]): Promise<void> {
    await recording.recordDecisions({ cycle: this.request.cycle, stage: this.policy.name, decisions });
  }

  async soaksUntil(until: Instant): Promise<void> {
    this.status = 'soaking';
    const message = `Stage ${this.policy.name} soaks: problems have until then to show.`;
    const waitingFor = { kind: 'soak', until, manifest: null, message } as const;
    await this.waits('soaking', waitingFor, { status: 'soaking', soakUntil: until });
  }

  async noteOutage(message: string | null): Promise<void> {
    if (message === null) await this.waits(this.phase, null);
    else await this.waits('waiting-aws', { kind: 'aws', until: null, manifest: null, message }, {}, false);
  }

  async note(message: string): Promise<void> {
    this.noted += 1;
    const at = new Date(Date.now()).toISOString() as Instant;
    await recording.note({ cycle: this.request.cycle, stage: this.policy.name, message, at, number: this.noted });
  }

  // Pausing and failing

  async setPaused(message: StagePause): Promise<void> {
    if (!isMessage(message, STAGE_PAUSE)) return this.note('A signal setPaused was ignored: expected {paused}.');
    const { paused } = message;
    const resumed = this.paused && !paused;
    this.paused = paused;
    // Whoever lets the stage go on has seen the failures so far: only as many again ask again.
    if (resumed) {
      this.toleratedFailures =
        this.failures() + failureLimit(this.policy.pauseAfterFailures, Math.max(this.targets, 1));
    }
    await this.steerWaves();
    this.show();
  }

  unpaused(): Promise<void> {
    return condition(() => !this.paused);
  }

  whenStopped(action: () => void): void {
    this.onStop = action;
  }

  async countFailures(report: WaveReport): Promise<void> {
    if (!isMessage(report, WAVE_REPORT)) {
      return this.note('A signal waveProgress was ignored: expected {wave, failed, surplus}.');
    }
    const { wave, failed, surplus } = report;
    this.progress.set(wave, { failed, surplus });
    this.show();
    if (this.stopped) return;
    if (this.paused || this.failures() < this.toleratedFailures) return this.steerWaves(wave);
    await this.failed(`${this.failures()} of ${this.targets} nodes of stage ${this.policy.name} failed.`);
  }

  /** What the plan says to do about a failure that is too large to go on by itself. */
  async failed(reason: string): Promise<void> {
    if (this.policy.onFailure === 'ask') return this.ask(reason);
    this.stopped = reason;
    this.onStop();
  }

  /** Whether what the stage got is what was proven; where not, an operator decides whether the cycle goes on. */
  async gate(): Promise<void> {
    await this.unpaused();
    const surplus = [...this.progress.values()].reduce((sum, wave) => sum + wave.surplus, 0);
    if (surplus === 0 || this.policy.surplus === 'allow' || this.stopped) return;
    await this.ask(`${surplus} patches that nobody had tested came in as dependencies in stage ${this.policy.name}.`);
    await this.unpaused();
  }

  /** Holds the stage back at once, and has the cycle ask. */
  private async ask(reason: string): Promise<void> {
    this.paused = true;
    await this.steerWaves();
    const { parent } = workflowInfo();
    if (!parent) return;
    await getExternalWorkflowHandle(parent.workflowId).signal(askOperator, { stage: this.policy.name, reason });
  }

  // Waves and lanes

  async runWave(wave: WaveSummary, manifest: Digest): Promise<void> {
    const { cycle, plan } = this.request;
    const { name, steps } = this.policy;
    const handle = await startChild(patchWave, {
      workflowId: workflowIds.wave(workflowInfo().workflowId, wave),
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      typedSearchAttributes: attributesOf({ plan, stage: name, at: wave, phase: 'patching' }),
      staticSummary: `${name}: ${wave.nodes} nodes in ${wave.zoneName ?? wave.zone} of ${wave.account}`,
      args: [{ cycle, stage: name, manifest, wave, steps, paused: this.paused, progress: WAVE_START }],
    });
    this.waves.set(wave.number, handle);
    try {
      const { failed, surplus } = await handle.result();
      this.progress.set(wave.number, { failed, surplus });
    } finally {
      this.waves.delete(wave.number);
      this.show();
    }
  }

  async cutOff(wave: WaveSummary): Promise<void> {
    const { cycle } = this.request;
    const { name } = this.policy;
    const reason = `Not begun at the cutoff of window ${wave.window} (${wave.cutoff}).`;
    await recording.skipRest({ cycle, stage: name, wave: wave.number, reason });
    await recording.project({ cycle, stage: name, waves: [{ number: wave.number, status: 'cut-off' }] });
  }

  async laneWaits(region: Region, until: number): Promise<void> {
    this.lanes.set(region, until);
    await this.lanesChanged();
  }

  async laneRuns(region: Region): Promise<void> {
    this.lanes.set(region, 'running');
    await this.lanesChanged();
  }

  async laneEnds(region: Region): Promise<void> {
    this.lanes.delete(region);
    await this.lanesChanged();
  }

  /** The stage waits for a window only while no Region has one open. */
  private async lanesChanged(): Promise<void> {
    const lanes = [...this.lanes.values()];
    const openings = lanes.filter((lane) => lane !== 'running');
    if (lanes.length === 0) return;
    if (openings.length < lanes.length) {
      if (this.phase !== 'patching') await this.is('patching', 'patching');
      return;
    }
    const until = new Date(Math.min(...openings)).toISOString() as Instant;
    if (this.waitingFor?.until === until) return;
    const message = `The next window of stage ${this.policy.name} opens then.`;
    await this.is('waiting', 'waiting-window', { kind: 'window', until, manifest: null, message });
  }

  /** Tells all running waves, or only one, whether to go on. */
  private async steerWaves(only?: number): Promise<void> {
    const waves = [...this.waves].filter(([number]) => only === undefined || number === only);
    const told = waves.map(([number, wave]) =>
      wave.signal(steerWave, { paused: this.paused, failed: this.progress.get(number)?.failed ?? 0 }),
    );
    // A wave that ends in this very moment can't be told any more, and need not be.
    await Promise.allSettled(told);
  }

  // The end

  async completed(patchSet: Digest | null): Promise<StageResult> {
    const failed = await recording.failures({ cycle: this.request.cycle, stage: this.policy.name });
    const status = failed > 0 ? 'completed-with-failures' : 'completed';
    const message = failed > 0 ? `${failed} nodes of stage ${this.policy.name} failed.` : '';
    return this.ended({ status, patchSet, message });
  }

  async cancelled(): Promise<StageResult> {
    return this.ended({ status: 'cancelled', patchSet: null, message: 'The cycle was cancelled.' });
  }

  async ended(result: StageResult): Promise<StageResult> {
    const { cycle } = this.request;
    const stage = this.policy.name;
    this.status = result.status;
    this.phase = 'ended';
    if (result.status !== 'completed' && result.status !== 'completed-with-failures') {
      await recording.skipRest({ cycle, stage, wave: null, reason: result.message });
    }
    setPhase('ended');
    this.show();
    const change = {
      status: result.status,
      message: result.message,
      ...(result.patchSet ? { proven: result.patchSet } : {}),
    };
    await recording.project({ cycle, stage, stageChange: change, cycleChange: { waitingFor: null } });
    return result;
  }

  // What is shown of it

  private async waits(
    phase: Phase,
    waitingFor: Omit<WaitingFor, 'stage'> | null,
    stageChange: { status?: StageStatus; soakUntil?: Instant } = {},
    remember = true,
  ): Promise<void> {
    if (remember) this.phase = phase;
    this.waitingFor = waitingFor && { ...waitingFor, stage: this.policy.name };
    setPhase(phase);
    this.show();
    await recording.project({
      cycle: this.request.cycle,
      stage: this.policy.name,
      stageChange,
      cycleChange: { waitingFor: this.waitingFor },
    });
  }

  private failures(): number {
    return [...this.progress.values()].reduce((sum, wave) => sum + wave.failed, 0);
  }

  private show(): void {
    const lines = [
      `Stage **${this.policy.name}** of ${this.request.plan}: **${this.status}**`,
      ...(this.paused ? ['**Paused**: no new batch begins'] : []),
      ...(this.waitingFor
        ? [`Waits: ${this.waitingFor.message}${this.waitingFor.until ? ` Until ${this.waitingFor.until}.` : ''}`]
        : []),
      ...(this.targets > 0 ? [`${this.targets} nodes to patch, ${this.failures()} failed so far`] : []),
      ...(this.patchSet ? [`Gets at most patch set ${this.patchSet}`] : ['Its baseline alone decides what it gets']),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}
