import { CancellationScope } from '@temporalio/workflow';

/**
 * What one workflow writes for others to read, one after the other. Each write is an activity that is repeated until the
 * store has it: side by side, a repeated older one could land after a newer one, and a running cycle would read as paused.
 */
export class Projections {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves when this has been written, and so all that came before it. Cancelling the caller does not undo it. */
  write<Result>(activity: () => Promise<Result>): Promise<Result> {
    const written = this.last.then(() => CancellationScope.nonCancellable(activity));
    this.last = written.catch(() => undefined);
    return written;
  }

  /** Resolves when all that has been asked for until now is written. */
  async written(): Promise<void> {
    await this.last;
  }
}
