import type { ChildWorkflowHandle, ExternalWorkflowHandle } from '@temporalio/workflow';
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunningTail } from '../activities/records-ports.js';
import { type CycleRequest, type CycleStatus, hasEnded, type WaitingFor } from '../domain/cycle.js';
import { readDecision } from '../domain/decision.js';
import { type Halt, type HaltState, haltedBy } from '../domain/halt.js';
import { type Digest, type Instant, type StageName, workflowIds } from '../domain/ids.js';
import type { StagePolicy } from '../domain/stage-policy.js';
import { preparing, recording } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { announce } from './deliver-webhook.js';
import { isMessage, type Shape } from './handlers.js';
import { Holds, isHalt, isUnhalt } from './holds.js';
import {
  type Answer,
  answerStage,
  type CycleResult,
  decideBySignal,
  isAnswer,
  type Question,
  type Refusal,
  type Steering,
  setPaused,
  takeOver,
  type Unhalt,
} from './messages.js';
import { patchStage } from './patch-stage.js';
import { attributesOf, setPhase } from './phase.js';
import { Projections } from './projections.js';
import type { StageResult } from './stage-state.js';

const NOTES_SHOWN = 20;
const QUESTION: Shape<Question> = { stage: 'string', number: 'number', reason: 'string' };

/** The state of a cycle, what people may do to it, and what it shows of itself. */
export class CycleRun {
  private readonly request: CycleRequest;
  private readonly scope = CancellationScope.current();
  private status: CycleStatus = 'running';
  private stage: ChildWorkflowHandle<typeof patchStage> | null = null;
  private stageName: StageName | null = null;
  /** The number of the last question that the running stage has asked. */
  private asked = 0;
  /** The number of the last question that somebody has answered. */
  private answered = 0;
  private readonly holds = new Holds();
  private readonly projections = new Projections();
  private cancelledBy: Steering | null = null;
  /** Where nodes may go on without which their stage was done. */
  private readonly tails: string[] = [];
  private readonly notes: string[] = [];
  private noted = 0;

  constructor(request: CycleRequest) {
    this.request = request;
  }

  /** The stages with their rules; a stage that no node matches ends the cycle before anything is touched. */
  async open(): Promise<readonly StagePolicy[]> {
    this.show();
    const opened = await untilAwsAnswers(
      () => preparing.openCycle(this.request),
      (message) =>
        this.projections.write(() =>
          recording.noteOutage({ cycle: this.request.cycle, stage: null, wave: null, message }),
        ),
    );
    if (opened.empty.length > 0) {
      const names = opened.empty.join(', ');
      throw ApplicationFailure.nonRetryable(
        `No node matches stage ${names}. Check the plan's nodes.tags and patchGroups against the tags of the nodes.`,
        'no-nodes',
      );
    }
    await Promise.all(opened.tails.map((tail) => this.takesOver(tail)));
    return opened.stages;
  }

  /** What goes on of the plan's earlier cycles begins nothing more. One that was terminated can't be told: this is its end. */
  private takesOver({ cycle, stage, workflowId }: RunningTail): Promise<void> {
    return CancellationScope.nonCancellable(async () => {
      try {
        await getExternalWorkflowHandle(workflowId).signal(takeOver, { cycle: this.request.cycle });
      } catch {
        const reason = 'What went on of the stage did not end by itself.';
        await recording.skipRest({ cycle, stage, wave: null, reason });
        await recording.endTail({ cycle, stage, now: new Date(Date.now()).toISOString() as Instant });
      }
    });
  }

  async runStage(policy: StagePolicy, proven: Digest | null): Promise<StageResult> {
    const { plan } = this.request;
    const paused = this.holds.byPeople;
    this.stageName = policy.name;
    this.asked = 0;
    this.answered = 0;
    this.show();
    const workflowId = workflowIds.stage(workflowInfo().workflowId, policy.name);
    if (policy.carryOver.doneAt < 100) this.tails.push(workflowIds.tail(workflowId));
    this.stage = await startChild(patchStage, {
      workflowId,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      typedSearchAttributes: attributesOf({ plan, stage: policy.name, phase: 'preparing' }),
      staticSummary: `Stage ${policy.name} of ${plan}`,
      args: [{ request: this.request, policy, patchSet: proven, paused }],
    });
    // Whoever paused while it started could not reach it.
    if (this.holds.byPeople !== paused) await this.tellStage();
    try {
      return await this.stage.result();
    } finally {
      this.stage = null;
    }
  }

  /** Finds a halt that was given before the cycle could be told, or whose API died before it told. */
  async lookForHalt(): Promise<void> {
    await this.hears(await recording.halted(), 'The halt was lifted.');
  }

  unpaused(): Promise<void> {
    return condition(() => this.status === 'running');
  }

  async decideStage(message: unknown): Promise<void> {
    const read = readDecision(message);
    if (!read.ok) return this.note(`A signal decideStage was ignored: ${read.fault}.`);
    if (!this.stage || read.decision.stage !== this.stageName) {
      return this.note(
        `A decision by ${read.decision.by} was ignored: stage ${read.decision.stage} does not wait for one.`,
      );
    }
    try {
      await this.stage.signal(decideBySignal, read.decision);
    } catch {
      await this.note(`A decision by ${read.decision.by} was ignored: stage ${read.decision.stage} has ended.`);
    }
  }

  mayPause(): void {
    const paused = this.holds.pausedBy !== null || this.holds.asking !== null;
    this.refuseWhere(paused, 'already-paused', 'The cycle is paused already.');
    this.refuseWhere(hasEnded(this.status), 'ended', `The cycle has ended: ${this.status}.`);
  }

  mayResume(): void {
    this.refuseWhere(hasEnded(this.status), 'ended', `The cycle has ended: ${this.status}.`);
    this.refuseWhileHalted();
    this.refuseWhere(this.status !== 'paused', 'not-paused', 'The cycle is not paused.');
  }

  mayCancel(): void {
    const over = hasEnded(this.status) || this.cancelledBy !== null;
    this.refuseWhere(over, 'ended', 'The cycle has ended, or is being cancelled already.');
  }

  async pause(steering: Steering): Promise<void> {
    this.mayPause();
    this.holds.pausedBy = steering;
    this.becomesHeldOrRuns();
    // Queued before anything is awaited: a resume that comes meanwhile must be written after it.
    const written = this.project(`Paused by ${steering.by}: ${steering.reason}`);
    await this.tellStage();
    await written;
  }

  async resume(steering: Steering): Promise<void> {
    this.mayResume();
    const wasAsking = this.holds.asking !== null;
    this.holds.pausedBy = null;
    this.holds.asking = null;
    this.answered = this.asked;
    this.becomesHeldOrRuns();
    const message = `Resumed by ${steering.by}: ${steering.reason}`;
    // Before the stage hears of the answer: it then says what it waits for itself.
    await this.project(message, wasAsking ? { waitingFor: null } : {});
    await this.tellStage();
  }

  mayAnswer({ action }: Answer): void {
    this.refuseWhere(!isAnswer(action), 'malformed', 'Expected the action retry-failed, continue, stop or rollback.');
    this.mayCancel();
    this.refuseWhere(this.holds.asking === null, 'not-waiting', 'The cycle asks nothing.');
  }

  /** What the operator had been asked until now is answered; a pause of an operator's own stays. */
  async answer(message: Answer): Promise<void> {
    this.mayAnswer(message);
    const { action, by, reason } = message;
    this.answered = this.asked;
    const { answered } = this;
    this.holds.asking = null;
    this.becomesHeldOrRuns();
    await this.project(`Answered ${action} by ${by}: ${reason}`, { waitingFor: null });
    // A stage that ends in this very moment can't be told any more, and need not be.
    await this.stage?.signal(answerStage, { action, by, reason, answered }).catch(() => undefined);
  }

  /** Told to all cycles at once; an operator's own pause is another matter, and stays when the halt is lifted. */
  async halt(message: Halt): Promise<void> {
    if (!isHalt(message)) return this.note('A signal halt was ignored: expected {number, by, reason, at}.');
    await this.hears({ halt: message, lifted: message.number - 1 }, '');
  }

  async unhalt(message: Unhalt): Promise<void> {
    if (!isUnhalt(message)) return this.note('A signal unhalt was ignored: expected {number, by, reason}.');
    const { number, by, reason } = message;
    await this.hears({ halt: null, lifted: number }, `The halt was lifted by ${by}: ${reason}`);
  }

  async cancel(steering: Steering): Promise<void> {
    this.mayCancel();
    this.cancelledBy = steering;
    await this.note(`Cancelled by ${steering.by}: ${steering.reason}`);
    tell(this.tails, (tail) => tail.cancel());
    this.scope.cancel();
  }

  /** A stage found something that a person has to judge; until then nothing new begins. */
  async ask(message: Question): Promise<void> {
    if (!isMessage(message, QUESTION))
      return this.note('A signal askOperator was ignored: expected {stage, number, reason}.');
    // Whoever has cancelled has answered already.
    if (this.scope.consideredCancelled) return;
    const { stage, number, reason } = message;
    this.holds.asking = { stage, number, reason };
    if (stage === this.stageName) this.asked = Math.max(this.asked, number);
    this.becomesHeldOrRuns();
    await this.project(reason, { waitingFor: this.holds.waitingFor });
    const wanted = `${reason} Answer it (retry-failed, continue, stop or rollback), or cancel the cycle.`;
    await announce('operator-wanted', this.request, { stage, manifest: null, until: null, message: wanted });
  }

  cancellation(): string {
    return this.cancelledBy
      ? `Cancelled by ${this.cancelledBy.by}: ${this.cancelledBy.reason}`
      : 'Cancelled in Temporal.';
  }

  async note(message: string): Promise<void> {
    this.notes.push(message);
    if (this.notes.length > NOTES_SHOWN) this.notes.shift();
    this.show();
    this.noted += 1;
    const at = new Date(Date.now()).toISOString() as Instant;
    await recording.note({ cycle: this.request.cycle, stage: null, message, at, number: this.noted });
  }

  isCancelled(): boolean {
    return this.scope.consideredCancelled;
  }

  /** The cycle's last word: whoever cancels or pauses from here on is too late. */
  end(status: Exclude<CycleStatus, 'running' | 'paused'>, message: string): Promise<CycleResult> {
    return CancellationScope.nonCancellable(async () => {
      await condition(allHandlersFinished);
      // Nobody can resume a cycle that has ended.
      if (this.holds.pausedBy) this.tellTails(false);
      this.status = status;
      setPhase('ended');
      this.show();
      const endedAt = new Date(Date.now()).toISOString() as Instant;
      const cycleChange = { status, message, endedAt, waitingFor: null };
      await this.projections.write(() =>
        recording.project.executeWithOptions({ summary: this.status }, [
          { cycle: this.request.cycle, stage: null, cycleChange },
        ]),
      );
      await condition(allHandlersFinished);
      return { status, message };
    });
  }

  view() {
    return { status: this.status, stage: this.stageName, waitingFor: this.holds.waitingFor, notes: [...this.notes] };
  }

  /** Whoever holds the cycle back does so alone: it runs when nobody does any more. */
  private becomesHeldOrRuns(): void {
    this.status = this.holds.reasons.length > 0 ? 'paused' : 'running';
    setPhase(this.status === 'paused' ? (this.holds.asking ? 'waiting-operator' : 'paused') : 'patching');
    this.show();
  }

  private async hears(news: HaltState, lifted: string): Promise<void> {
    if (!this.holds.hears(news) || hasEnded(this.status)) return;
    const { halt } = this.holds;
    this.becomesHeldOrRuns();
    const written = this.project(halt ? haltedBy(halt) : lifted);
    await this.tellStage();
    await written;
  }

  /** Holds the running stage back, or lets it go on. */
  private async tellStage(): Promise<void> {
    const paused = this.holds.byPeople;
    // A stage that ends in this very moment can't be told any more, and need not be.
    await this.stage?.signal(setPaused, { paused, answered: this.answered }).catch(() => undefined);
    this.tellTails(this.holds.pausedBy !== null);
  }

  /** Of a halt they hear themselves. */
  private tellTails(paused: boolean): void {
    tell(this.tails, (tail) => tail.signal(setPaused, { paused, answered: 0 }));
  }

  /** Writes how the cycle stands, with every reason for which it is held back, and notes what has just happened. */
  private async project(happened: string, more: { readonly waitingFor?: WaitingFor | null } = {}): Promise<void> {
    const cycleChange = { status: this.status, message: this.holds.reasons.join(' ') || happened, ...more };
    await this.projections.write(() =>
      recording.project.executeWithOptions({ summary: cycleChange.status }, [
        { cycle: this.request.cycle, stage: null, cycleChange },
      ]),
    );
    await this.note(happened);
  }

  private refuseWhileHalted(): void {
    const { halt } = this.holds;
    if (halt) throw ApplicationFailure.nonRetryable(haltedBy(halt), 'halted' satisfies Refusal);
  }

  private refuseWhere(refused: boolean, type: Refusal, message: string): void {
    if (refused) throw ApplicationFailure.nonRetryable(message, type);
  }

  /** What an operator sees in the Temporal UI. */
  private show(): void {
    const { plan, number, requestedBy, reason, reference } = this.request;
    const lines = [
      `Cycle ${number} of **${plan}**: **${this.status}**${this.stageName ? `, stage **${this.stageName}**` : ''}`,
      `Asked for by ${requestedBy}${reference ? ` (${reference})` : ''}: ${reason}`,
      ...(this.holds.asking ? [`**Asks an operator**: ${this.holds.asking.reason}`] : []),
      ...(this.holds.halt ? [`**${haltedBy(this.holds.halt)}**`] : []),
      ...(this.holds.pausedBy ? [`**Paused** by ${this.holds.pausedBy.by}: ${this.holds.pausedBy.reason}`] : []),
      ...this.notes.map((note) => `- ${note}`),
    ];
    setCurrentDetails(lines.join('\n\n'));
  }
}

/** One that has ended, or never began, can't be told, and need not be: so nothing waits for it. */
const tell = (workflows: readonly string[], message: (workflow: ExternalWorkflowHandle) => Promise<void>): void =>
  void Promise.allSettled(workflows.map((id) => message(getExternalWorkflowHandle(id))));
