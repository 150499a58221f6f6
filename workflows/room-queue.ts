import { condition } from '@temporalio/workflow';

/**
 * The batches of a wave that wait for room for their snapshots, in the order in which they came. Only the first one looks
 * again: as soon as one of the wave's own batches has been snapshotted, or after a while, since others give room back as well.
 */
export class RoomQueue {
  private readonly waiting = new Set<number>();
  private snapshotted = 0;

  /** How many batches of the wave have been snapshotted so far. */
  get ends(): number {
    return this.snapshotted;
  }

  ended(): void {
    this.snapshotted += 1;
  }

  /** Until it is worth looking again: `ends` is what it was before the last look, `atMost` is in milliseconds. */
  async wait(batch: number, ends: number, atMost: number): Promise<void> {
    this.waiting.add(batch);
    const isFirst = () => this.waiting.values().next().value === batch;
    const summary = 'Until room for pending snapshots is looked for again';
    if (isFirst()) await condition(() => this.snapshotted > ends, atMost, { summary });
    else await condition(isFirst);
  }

  leave(batch: number): void {
    this.waiting.delete(batch);
  }
}
