import type { Instant } from './ids.js';

/** No new work anywhere, from the moment that an operator said so until one takes it back. */
export interface Halt {
  /** From 1: what tells a halt that comes late from the one that stands. */
  readonly number: number;
  readonly by: string;
  readonly reason: string;
  readonly at: Instant;
}

/** What is known of halts. */
export interface HaltState {
  /** The one that stands; null where none does. */
  readonly halt: Halt | null;
  /** The number of the last one that was lifted; 0: none ever was. */
  readonly lifted: number;
}

export const NEVER_HALTED: HaltState = { halt: null, lifted: 0 };

/**
 * What is known after hearing more, in whatever order it is heard: a halt that was lifted does not come back, and a look
 * that was taken before a halt does not lift it.
 */
export function heard(known: HaltState, news: HaltState): HaltState {
  const lifted = Math.max(known.lifted, news.lifted);
  const standing = [known.halt, news.halt].filter((halt) => halt !== null && halt.number > lifted);
  const halt = standing.reduce((last, next) => (last && next && last.number >= next.number ? last : next), null);
  return { halt, lifted };
}

/** As people read it. */
export const haltedBy = ({ by, reason }: Pick<Halt, 'by' | 'reason'>): string => `Halted by ${by}: ${reason}`;
