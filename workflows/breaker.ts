import { CancellationScope, condition } from '@temporalio/workflow';
import { Budget } from '../domain/budget.js';
import type { WaveSummary } from '../domain/manifest.js';
import { failureLimit } from '../domain/waves.js';
import { isMessage, type Shape } from './handlers.js';
import { isAnswer, type StageAnswer, type StagePause, type WaveReport } from './messages.js';
import type { StageInput, StageState } from './stage-state.js';

export const STAGE_PAUSE: Shape<StagePause> = { paused: 'boolean', answered: 'number' };
const STAGE_ANSWER: Shape<StageAnswer> = { action: 'string', by: 'string', reason: 'string', answered: 'number' };
const WAVE_REPORT: Shape<WaveReport> = { wave: 'number', failed: 'number', surplus: 'number', needs: 'number' };

/**
 * Whether a stage may begin something. It holds while an operator has paused the cycle, and while a question of the
 * stage's own is open; those are two things, and going on after a pause answers only what the operator had been asked.
 * It stops for good where the plan says so, or where something went wrong that nobody could answer for.
 */
export class Breaker {
  /** Whether the stage has been stopped, and its plan or an operator wants what it changed to go back. */
  rollsBack = false;
  private stoppedFor: string | null = null;
  private paused: boolean;
  private asked = 0;
  private answered = 0;
  private targets = 0;
  private tolerated = 0;
  private readonly progress = new Map<number, { readonly failed: number; readonly surplus: number }>();
  private readonly budget = new Budget();
  /** Somebody wants failed nodes tried again, and it is not yet known which can be. */
  private retrying = false;
  private readonly stage: StageState;
  private readonly cancellation = CancellationScope.current();
  private readonly onChange: ((only?: number) => Promise<void>)[] = [];
  private readonly onStop: (() => void)[] = [];
  private readonly onRetry: (() => void)[] = [];
  /** How many patches that nobody had tested somebody has let pass. */
  private judgedSurplus = 0;

  constructor(stage: StageState, { paused }: Pick<StageInput, 'paused'>) {
    this.stage = stage;
    this.paused = paused;
    stage.showsToo(() => [
      ...(this.paused ? ['**Paused**: no new batch begins'] : []),
      ...(this.targets > 0 ? [`${this.targets} nodes to patch, ${this.failures()} failed so far`] : []),
    ]);
  }

  /** Why nothing more begins; null while all is well. */
  get stopped(): string | null {
    return this.stoppedFor;
  }

  /** By people, whatever the stage has asked. */
  get isPaused(): boolean {
    return this.paused;
  }

  get holds(): boolean {
    return this.paused || this.answered < this.asked;
  }

  /** Whether the stage ends as soon as what was touched is finished: nobody is asked any more, and nobody waited for. */
  get over(): boolean {
    return this.stoppedFor !== null || this.cancellation.consideredCancelled;
  }

  /** Resolves when something may begin, as far as people have a say in it, or the stage has been stopped. */
  mayGoOn(): Promise<void> {
    return condition(() => !this.holds || this.stoppedFor !== null);
  }

  /** `changed` is called whenever running waves have to hear of it: all of them, or the one of that number. */
  whenChanged(changed: (only?: number) => Promise<void>): void {
    this.onChange.push(changed);
  }

  whenStopped(action: () => void): void {
    this.onStop.push(action);
  }

  /** `action` is called when an operator wants failed nodes to be tried again; it only takes note of it. */
  whenRetried(action: () => void): void {
    this.onRetry.push(action);
  }

  expects(targets: number): void {
    this.targets = targets;
    this.tolerated = this.limit();
    this.stage.show();
  }

  /** From the cycle: paused, or to go on, which answers the questions that the operator knew of. */
  async setPaused(message: StagePause): Promise<void> {
    if (!isMessage(message, STAGE_PAUSE)) {
      return this.stage.note('A signal setPaused was ignored: expected {paused, answered}.');
    }
    await this.changes(message.paused, message.paused ? 0 : message.answered);
  }

  /** From the cycle: what an operator says to the questions until that one. A pause is another matter, and stays. */
  async answer(message: StageAnswer): Promise<void> {
    if (!isMessage(message, STAGE_ANSWER) || !isAnswer(message.action)) {
      return this.stage.note('A signal answerStage was ignored: expected {action, by, reason, answered}.');
    }
    const { action, by, reason, answered } = message;
    if (action === 'stop') this.stop(`Stopped by ${by}: ${reason}`);
    if (action === 'rollback') this.rollBack(`Stopped and rolled back by ${by}: ${reason}`);
    this.retrying ||= action === 'retry-failed';
    if (action === 'retry-failed') for (const wanted of this.onRetry) wanted();
    await this.changes(this.paused, answered);
  }

  private async changes(paused: boolean, answered: number): Promise<void> {
    const held = this.holds;
    const asking = this.answered < this.asked;
    this.paused = paused;
    this.answered = Math.max(this.answered, Math.min(answered, this.asked));
    // Whoever lets the stage go on has seen the failures so far: only as many again ask again.
    if (held && !this.holds) this.tolerated = this.failures() + this.limit();
    const answeredAll = asking && this.answered === this.asked;
    // Nodes that are tried again are lost until they are well.
    if (answeredAll && !this.retrying && !this.over) this.budget.giveBack();
    this.stage.show();
    await this.changed();
    if (answeredAll) await this.stage.answered();
    await this.askForRoom();
  }

  /** From a wave: its totals so far. */
  async countFailures(report: WaveReport): Promise<void> {
    if (!isMessage(report, WAVE_REPORT)) {
      return this.stage.note('A signal waveProgress was ignored: expected {wave, failed, surplus, needs}.');
    }
    const { wave, failed, surplus, needs } = report;
    const before = this.failures();
    this.count(wave, { failed, surplus }, needs);
    if (this.over) return;
    if (this.holds || this.failures() === before || this.failures() < this.tolerated) {
      await this.changed(wave);
      return this.askForRoom();
    }
    await this.failed(`${this.failures()} of ${this.targets} nodes of stage ${this.stage.policy.name} failed.`);
  }

  private count(wave: number, totals: { readonly failed: number; readonly surplus: number }, needs: number): void {
    this.progress.set(wave, totals);
    this.budget.reports(wave, totals.failed, needs);
    this.stage.show();
  }

  /** A wave is about to run; `again`: on nodes that have failed before. */
  waveBegins(wave: WaveSummary, again: boolean): void {
    this.budget.begins(wave, again);
  }

  /** A wave has ended, with these totals; what it has brought back is room for others. */
  async waveEnded(
    wave: number,
    { done, failed, surplus }: { readonly done: number; readonly failed: number; readonly surplus: number },
  ): Promise<void> {
    this.count(wave, { failed, surplus }, 0);
    const madeRoom = this.budget.ends(wave, done - failed);
    if (this.over) return;
    if (madeRoom) await this.changed();
    await this.askForRoom();
  }

  /** It is known which failed nodes are tried again. */
  async triesAgain(): Promise<void> {
    this.retrying = false;
    await this.askForRoom();
  }

  /** How many nodes failed before and take of the wave's disruption budget. */
  lostTo(wave: number): number {
    return this.budget.lostTo(wave);
  }

  /** Where failures leave no room in a wave, a person decides, whatever the plan says of failures: they are not that many. */
  private async askForRoom(): Promise<void> {
    const without = this.budget.withoutRoom();
    if (this.over || this.holds || this.retrying || without === null) return;
    const { wave, lost, needs } = without;
    const place = `${wave.zoneName ?? wave.zone} of ${wave.account} in ${wave.region}`;
    await this.ask(
      `${lost} nodes that failed in ${place} keep consuming maxUnavailable (${wave.maxUnavailable}), which leaves no room for the next ${needs} of stage ${this.stage.policy.name}: to go on gives their room back.`,
    );
  }

  /** The share of the stage's nodes, in percent, that is left without so many of them. */
  shareWithout(nodes: number): number {
    return this.targets === 0 ? 100 : ((this.targets - nodes) / this.targets) * 100;
  }

  failuresOf(wave: number): number {
    return this.progress.get(wave)?.failed ?? 0;
  }

  /** What the plan says to do about a failure that is too large to go on by itself. */
  async failed(reason: string): Promise<void> {
    if (this.over) await this.stage.note(reason);
    else if (this.stage.policy.onFailure === 'ask') await this.ask(reason);
    else {
      if (this.stage.policy.onFailure === 'rollback') this.rollBack(reason);
      else this.stop(reason);
    }
  }

  private rollBack(reason: string): void {
    this.rollsBack = this.stoppedFor === null;
    this.stop(reason);
  }

  stop(reason: string): void {
    if (this.stoppedFor !== null) return;
    this.stoppedFor = reason;
    for (const action of this.onStop) action();
  }

  /** Whether what the stage got is what was proven; where not, an operator decides whether the cycle goes on. */
  async gate(): Promise<void> {
    if (this.stoppedFor !== null) return;
    await this.mayGoOn();
    const surplus = [...this.progress.values()].reduce((sum, wave) => sum + wave.surplus, 0);
    if (surplus === this.judgedSurplus || this.stage.policy.surplus === 'allow') return;
    this.judgedSurplus = surplus;
    await this.ask(
      `${surplus} patches that nobody had tested came in as dependencies in stage ${this.stage.policy.name}.`,
    );
    await this.mayGoOn();
  }

  /** Holds the stage back at once, and has the cycle ask, whatever the plan says of failures. */
  async ask(reason: string): Promise<void> {
    if (this.over) return this.stage.note(reason);
    this.asked += 1;
    const number = this.asked;
    await this.changed();
    await this.stage.asks(number, reason);
  }

  private async changed(only?: number): Promise<void> {
    for (const tell of this.onChange) await tell(only);
  }

  private failures(): number {
    return [...this.progress.values()].reduce((sum, wave) => sum + wave.failed, 0);
  }

  private limit(): number {
    return failureLimit(this.stage.policy.pauseAfterFailures, Math.max(this.targets, 1));
  }
}
