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

/** How a run that waits says that it waits for AWS, and for how long it does. */
export interface OutagePolicy {
  readonly note: (message: string | null) => Promise<void>;
  /** Milliseconds of outage after which waiting ends with AWS's own error; for ever where it is left out. */
  readonly patience?: number;
}

/**
 * Waits for the operations that a workflow has begun in one location, with one `watch` activity for all of them.
 *
 * A watch returns when at least one operation has ended; while somebody still waits, the next one starts. Operations
 * begun meanwhile are found by the running watch itself, so a new send never has to wait for a watch to be replaced.
 * A watch ends early only when everybody who waited has been cancelled.
 */
export class OperationWatch {
  private readonly waiting = new Map<string, Waiting>();
  private running = false;
  private watches: number;
  private scope = CancellationScope.current();
  private readonly run: string;
  private readonly at: Location;
  private readonly outage: OutagePolicy;

  /** `watches` goes on counting where a run before this one (continue-as-new) stopped. */
  constructor(run: string, at: Location, outage: OutagePolicy, watches = 0) {
    this.run = run;
    this.at = at;
    this.outage = outage;
    this.watches = watches;
  }

  /** How many watches there have been. */
  get count(): number {
    return this.watches;
  }

  /**
   * Resolves when the operation has ended on every one of its nodes, or its deadline has passed. In a scope that can't
   * be cancelled it is followed to its end; in any other, cancelling ends the wait.
   */
  end(key: string): Promise<OperationEnd> {
    const scope = CancellationScope.current();
    const end = new Promise<OperationEnd>((resolve, reject) => this.waiting.set(key, { resolve, reject }));
    if (!this.running) {
      this.running = true;
      void CancellationScope.nonCancellable(() => this.watch());
    }
    if (!scope.cancellable) return end;
    const cancelled = scope.cancelRequested.catch((cancellation: unknown) => {
      this.forget(key);
      throw cancellation;
    });
    return Promise.race([end, cancelled]);
  }

  private forget(key: string): void {
    if (this.waiting.delete(key) && this.waiting.size === 0) this.scope.cancel();
  }

  private async watch(): Promise<void> {
    while (this.waiting.size > 0) {
      this.watches += 1;
      const request = { run: this.run, at: this.at, watch: this.watches, awaited: [...this.waiting.keys()] };
      this.scope = new CancellationScope();
      try {
        const { note, patience } = this.outage;
        const ended = await this.scope.run(() => untilAwsAnswers(() => watching.watch(request), note, patience));
        for (const end of ended) {
          this.waiting.get(end.key)?.resolve(end);
          this.waiting.delete(end.key);
        }
      } catch (error) {
        // Whoever has come since everybody gave up is waited for with the next watch.
        if (this.scope.consideredCancelled) continue;
        for (const { reject } of this.waiting.values()) reject(error);
        this.waiting.clear();
      }
    }
    this.running = false;
  }
}
