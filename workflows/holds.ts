import type { WaitingFor } from '../domain/cycle.js';
import { type Halt, type HaltState, haltedBy, heard, NEVER_HALTED } from '../domain/halt.js';
import { isMessage, type Shape } from './handlers.js';
import type { Question, Steering, Unhalt } from './messages.js';

/** Who holds a cycle back. Each does so alone: it goes on when nobody does any more. */
export class Holds {
  pausedBy: Steering | null = null;
  /** What a person has been asked and has not answered. */
  asking: Question | null = null;
  private halts: HaltState = NEVER_HALTED;

  get halt(): Halt | null {
    return this.halts.halt;
  }

  /** By more than a question of the running stage, which holds itself back for that. */
  get byPeople(): boolean {
    return this.pausedBy !== null || this.halt !== null;
  }

  get reasons(): readonly string[] {
    const { halt, asking, pausedBy } = this;
    return [
      ...(halt ? [haltedBy(halt)] : []),
      ...(asking ? [asking.reason] : []),
      ...(pausedBy ? [`Paused by ${pausedBy.by}: ${pausedBy.reason}`] : []),
    ];
  }

  get waitingFor(): WaitingFor | null {
    if (!this.asking) return null;
    const { stage, reason } = this.asking;
    return { kind: 'operator', stage, until: null, manifest: null, message: reason };
  }

  /** Takes in what is known of halts; false where that is no news. */
  hears(news: HaltState): boolean {
    const before = this.halt;
    this.halts = heard(this.halts, news);
    return this.halt?.number !== before?.number;
  }
}

const HALT: Shape<Halt> = { number: 'number', by: 'string', reason: 'string', at: 'string' };
const UNHALT: Shape<Unhalt> = { number: 'number', by: 'string', reason: 'string' };
export const isHalt = (message: unknown): message is Halt => isMessage<Halt>(message, HALT);
export const isUnhalt = (message: unknown): message is Unhalt => isMessage<Unhalt>(message, UNHALT);
