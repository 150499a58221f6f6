import {
  CancellationScope,
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { CycleRequest, Decision, StageStatus, WaitingFor } from '../domain/cycle.js';
import type { Digest, Instant } from '../domain/ids.js';
import type { StagePolicy } from '../domain/stage-policy.js';
import { recording } from './activities.js';
import { announce } from './deliver-webhook.js';
import { askOperator } from './messages.js';
import { type Phase, setPhase } from './phase.js';
import { Projections } from './projections.js';
import { reasonOf } from './reason.js';

export interface StageInput {
  readonly request: CycleRequest;
  readonly policy: StagePolicy;
  /** What the stage before proved; null in the first stage, where the baseline alone decides. */
  readonly patchSet: Digest | null;
  readonly paused: boolean;
}

export interface StageResult {
  readonly status: 'completed' | 'completed-with-failures' | 'rejected' | 'failed' | 'cancelled' | 'rolled-back';
  /** What this stage proved: the most that the next one may get. Null in the last stage, and where the stage did not complete. */
  readonly patchSet: Digest | null;
  readonly message: string;
}

/** What a stage is doing and why it waits: in the Temporal UI, in the store, and to those who are wanted. */
export class StageState {
  readonly request: CycleRequest;
  readonly policy: StagePolicy;
  private readonly patchSet: Digest | null;
  private readonly projections = new Projections();
  protected status: StageStatus = 'pending';
  protected phase: Phase = 'preparing';
  protected waitingFor: WaitingFor | null = null;
  /** A question that the cycle shows as what it waits for; the stage's own reason to wait comes back with the answer. */
  private question: string | null = null;
  protected noted = 0;
  /** Nodes without which the stage is done, and that go on by themselves. */
  leftToTail = 0;
  private readonly moreDetails: (() => readonly string[])[] = [];

  constructor({ request, policy, patchSet }: Pick<StageInput, 'request' | 'policy' | 'patchSet'>) {
    this.request = request;
    this.policy = policy;
    this.patchSet = patchSet;
  }

  /** Lines that are shown beside the stage's own, as they are whenever something is shown. */
  showsToo(details: () => readonly string[]): void {
    this.moreDetails.push(details);
  }

  async is(status: StageStatus, phase: Phase, waitingFor: Omit<WaitingFor, 'stage'> | null = null): Promise<void> {
    this.status = status;
    this.phase = phase;
    await this.waits(phase, waitingFor, { status });
  }

  async waitsForApproval(manifest: Digest, until: Instant): Promise<void> {
    const message = `Stage ${this.policy.name} waits for a decision on manifest ${manifest}.`;
    await this.is('waiting', 'waiting-approval', { kind: 'approval', until, manifest, message });
    await announce('approval-wanted', this.request, { stage: this.policy.name, manifest, until, message });
  }

  async decided(decisions: readonly Decision[]): Promise<void> {
    const change = { cycle: this.request.cycle, stage: this.policy.name, decisions: [...decisions] };
    await this.projections.write(() => recording.recordDecisions(change));
  }

  /** `opens` in milliseconds of the epoch. Said once for each opening. */
  async waitsForWindow(opens: number): Promise<void> {
    const until = new Date(opens).toISOString() as Instant;
    if (this.phase === 'waiting-window' && this.waitingFor?.until === until) return;
    const message = `The next window of stage ${this.policy.name} opens then.`;
    await this.is('waiting', 'waiting-window', { kind: 'window', until, manifest: null, message });
  }

  async patches(): Promise<void> {
    if (this.phase !== 'patching') await this.is('patching', 'patching');
  }

  async soaksUntil(until: Instant): Promise<void> {
    this.status = 'soaking';
    this.phase = 'soaking';
    const message = `Stage ${this.policy.name} soaks: problems have until then to show.`;
    const waitingFor = { kind: 'soak', until, manifest: null, message } as const;
    await this.waits('soaking', waitingFor, { status: 'soaking', soakUntil: until });
  }

  async noteOutage(message: string | null): Promise<void> {
    if (message === null) await this.waits(this.phase, null);
    else await this.waits('waiting-aws', { kind: 'aws', until: null, manifest: null, message });
  }

  async note(message: string): Promise<void> {
    this.noted += 1;
    const at = new Date(Date.now()).toISOString() as Instant;
    await recording.note({ cycle: this.request.cycle, stage: this.policy.name, message, at, number: this.noted });
  }

  /** Has the cycle ask an operator; after all that the stage has to show until then, so that the question stays on top. */
  async asks(number: number, reason: string): Promise<void> {
    this.question = reason;
    this.show();
    await this.projections.written();
    const { parent } = workflowInfo();
    if (!parent) return;
    try {
      const question = { stage: this.policy.name, number, reason };
      await getExternalWorkflowHandle(parent.workflowId).signal(askOperator, question);
    } catch (error) {
      // A cycle that is gone cancels its stage, and nobody is left to answer.
      log.warn('The cycle could not be asked', { error: reasonOf(error) });
    }
  }

  async answered(): Promise<void> {
    this.question = null;
    await this.waits(this.phase, this.waitingFor);
  }

  async ended(result: StageResult): Promise<StageResult> {
    const { cycle } = this.request;
    const stage = this.policy.name;
    this.status = result.status;
    this.phase = 'ended';
    this.question = null;
    return CancellationScope.nonCancellable(async () => {
      if (result.status !== 'completed' && result.status !== 'completed-with-failures') {
        await recording.skipRest({ cycle, stage, wave: null, reason: result.message });
      }
      const { status, message, patchSet } = result;
      await this.waits('ended', null, { status, message, ...(patchSet ? { proven: patchSet } : {}) });
      return result;
    });
  }

  show(): void {
    const lines = [
      `Stage **${this.policy.name}** of ${this.request.plan}: **${this.status}**`,
      ...(this.question ? [`**Asks an operator**: ${this.question}`] : []),
      ...(this.waitingFor
        ? [`Waits: ${this.waitingFor.message}${this.waitingFor.until ? ` Until ${this.waitingFor.until}.` : ''}`]
        : []),
      ...this.moreDetails.flatMap((details) => details()),
      ...(this.patchSet ? [`Gets at most patch set ${this.patchSet}`] : ['Its baseline alone decides what it gets']),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }

  protected async waits(
    phase: Phase,
    waitingFor: Omit<WaitingFor, 'stage'> | null,
    stageChange: { status?: StageStatus; soakUntil?: Instant; message?: string; proven?: Digest } = {},
  ): Promise<void> {
    const { cycle } = this.request;
    const stage = this.policy.name;
    this.waitingFor = waitingFor && { ...waitingFor, stage };
    setPhase(phase);
    this.show();
    const cycleChange = this.question === null ? { cycleChange: { waitingFor: this.waitingFor } } : {};
    await this.projections.write(() =>
      recording.project.executeWithOptions({ summary: `${stage}: ${this.phase}` }, [
        { cycle, stage, stageChange, ...cycleChange },
      ]),
    );
  }
}
