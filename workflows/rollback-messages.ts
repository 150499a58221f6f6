import type { CycleRequest } from '../domain/cycle.js';

/* What a rollback is started with, and what it answers. It takes no messages: a cancel lets it finish what it has begun. */

export interface RollbackInput {
  /** The cycle whose nodes go back. */
  readonly request: CycleRequest;
  /** Of the rollback, from 1 in each cycle; its nodes are in the store. */
  readonly number: number;
  readonly progress: RollbackProgress;
}

export interface RollbackProgress {
  /** Nodes that it took out of service and could not bring back. */
  readonly lost: number;
  readonly rolledBack: number;
  readonly failed: number;
  readonly watches: number;
}
export const ROLLBACK_START: RollbackProgress = { lost: 0, rolledBack: 0, failed: 0, watches: 0 };

export interface RollbackResult {
  /** `failed`: some nodes could not be rolled back, or have nothing to go back to. */
  readonly status: 'rolled-back' | 'failed';
  /** How many, and who was not. */
  readonly message: string;
}
