import { CancellationScope } from '@temporalio/workflow';
import type { WaitingFor } from '../domain/cycle.js';
import type { Instant } from '../domain/ids.js';
import { recording } from './activities.js';
import type { TailInput } from './patch-tail.js';
import { type Phase, setPhase } from './phase.js';
import { StageState } from './stage-state.js';

/**
 * What a tail is doing: in the Temporal UI, and in the store node by node. The stage that it belongs to is done, and the cycle
 * may have ended: what these show is not the tail's to change.
 */
export class TailState extends StageState {
  private asked: (reason: string) => void = () => undefined;

  constructor({ request, policy }: TailInput) {
    super({ request, policy, patchSet: null });
    this.status = 'patching';
  }

  /** What becomes of a question, which nobody is there to answer. */
  whenAsked(act: (reason: string) => void): void {
    this.asked = act;
  }

  override async asks(_number: number, reason: string): Promise<void> {
    await this.note(reason);
    this.asked(reason);
  }

  override async note(message: string): Promise<void> {
    this.noted += 1;
    const at = new Date(Date.now()).toISOString() as Instant;
    const { cycle } = this.request;
    await recording.note({ cycle, stage: this.policy.name, message, at, number: `tail-${this.noted}` });
  }

  /** The last word: what was not reached is said to be so. */
  async over(reason: string): Promise<void> {
    const { cycle } = this.request;
    const stage = this.policy.name;
    await CancellationScope.nonCancellable(async () => {
      await recording.skipRest({ cycle, stage, wave: null, reason });
      await recording.endTail({ cycle, stage, now: new Date(Date.now()).toISOString() as Instant });
      setPhase('ended');
      this.show();
    });
  }

  protected override async waits(phase: Phase, waitingFor: Omit<WaitingFor, 'stage'> | null): Promise<void> {
    this.waitingFor = waitingFor && { ...waitingFor, stage: this.policy.name };
    setPhase(phase);
    this.show();
  }
}
