import { CancellationScope } from '@temporalio/workflow';
import type { Location } from '../domain/ids.js';
import { watching } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';

/** How an operation ended: how many of its nodes did, and how many did not succeed. */
export interface OperationEnd {
  readonly key: string;
  readonly succeeded: number;
  readonly failed: number;
}

interface Waiting {
  readonly resolve: (end: OperationEnd) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Waits for the operations that a workflow has begun in one location, with one `watch` activity for all of them.
 *
 * A watch returns when at least one operation has ended; while somebody still waits, the next one starts. Operations
 * begun meanwhile are found by the running watch itself, so a new send never has to wait for a watch to be replaced.
 * Watching can't be cancelled: what has been sent is followed to its end.
 */
export class OperationWatch {
  private readonly waiting = new Map<string, Waiting>();
  private running = false;
  private watches: number;
  private readonly run: string;
  private readonly at: Location;
  private readonly noteOutage: (message: string | null) => Promise<void>;

  /** `watches` goes on counting where a run before this one (continue-as-new) stopped. */
  constructor(run: string, at: Location, noteOutage: (message: string | null) => Promise<void>, watches = 0) {
    this.run = run;
    this.at = at;
    this.noteOutage = noteOutage;
    this.watches = watches;
  }

  /** How many watches there have been. */
  get count(): number {
    return this.watches;
  }

  /** Resolves when the operation has ended on every one of its nodes, or its deadline has passed. */
  end(key: string): Promise<OperationEnd> {
    const end = new Promise<OperationEnd>((resolve, reject) => this.waiting.set(key, { resolve, reject }));
    if (!this.running) {
      this.running = true;
      void CancellationScope.nonCancellable(() => this.watch());
    }
    return end;
  }

  private async watch(): Promise<void> {
    try {
      while (this.waiting.size > 0) {
        this.watches += 1;
        const request = { run: this.run, at: this.at, watch: this.watches, awaited: [...this.waiting.keys()] };
        const ended = await untilAwsAnswers(() => watching.watch(request), this.noteOutage);
        for (const end of ended) {
          this.waiting.get(end.key)?.resolve(end);
          this.waiting.delete(end.key);
        }
      }
    } catch (error) {
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    } finally {
      this.running = false;
    }
  }
}
