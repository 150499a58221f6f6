import { sleep, workflowInfo } from '@temporalio/workflow';
import type { BegunStep } from '../activities/steps.js';
import { stepping } from './activities.js';
import { untilAwsAnswers } from './aws-outage.js';
import { type OperationEnd, OperationWatch } from './operations.js';
import { RoomQueue } from './room-queue.js';
import { rangesOf, Together } from './together.js';
import type { WaveInput } from './wave-run.js';

/** Batches that share an activity. A command is one call for a batch, a snapshot and a read of patches one for each node. */
const STEPS_AT_ONCE = 16;
const SNAPSHOTS_AT_ONCE = 4;
const RECORDS_AT_ONCE = 8;

/** How soon nodes that belong to another cycle are looked at again, and how late at the most. */
const FIRST_LOOK = 15_000;
const LATEST_LOOK = 5 * 60_000;

/** Thrown where a batch was never begun, since its nodes belonged to others until it was too late. */
export class LeftUntouched extends Error {
  override readonly name = 'LeftUntouched';
}

/** What the steps of a wave need of it. */
interface Wave {
  mayTouch(): boolean;
  /** What a batch is at, for people. */
  shows(batch: number, step: string): void;
  noteOutage(message: string | null): Promise<void>;
}

/** The steps of a wave's batches: those that come to one together share its activity, and all share one watch. */
export class WaveSteps {
  private readonly begins = new Together(STEPS_AT_ONCE, (step, batches) => this.beginStep(step, batches));
  private readonly snapshots = new Together(SNAPSHOTS_AT_ONCE, (step, batches) => this.beginStep(step, batches));
  private readonly records = new Together(RECORDS_AT_ONCE, (_what, batches) => this.recordBatches(batches));
  private readonly snapshotRoom = new RoomQueue();
  private readonly operations: OperationWatch;
  private readonly input: WaveInput;
  private readonly wave: Wave;

  constructor(input: WaveInput, wave: Wave) {
    this.input = input;
    this.wave = wave;
    const outage = { note: (message: string | null) => wave.noteOutage(message) };
    this.operations = new OperationWatch(workflowInfo().workflowId, input.wave, outage, input.progress.watches);
  }

  /** How many watches there have been. */
  get watches(): number {
    return this.operations.count;
  }

  /** @throws LeftUntouched when the nodes may not be touched any more. */
  async step(batch: number, step: string, wait: boolean): Promise<OperationEnd | null> {
    this.wave.shows(batch, step);
    const begun = await this.begunOn(batch, step).finally(() => this.snapshotRoom.leave(batch));
    const end = begun.key !== null && wait ? await this.operations.end(begun.key) : null;
    if (step === 'snapshot') this.snapshotRoom.ended();
    return end;
  }

  record(batch: number) {
    return untilAwsAnswers(
      () => this.records.ask('record', batch),
      (message) => this.wave.noteOutage(message),
    );
  }

  /** Begins a step, when others have given back what it needs: the nodes, or room for their snapshots. */
  private async begunOn(batch: number, step: string): Promise<BegunStep> {
    for (let patience = FIRST_LOOK; ; patience = Math.min(patience * 2, LATEST_LOOK)) {
      const { ends } = this.snapshotRoom;
      const begun = await untilAwsAnswers(
        () => (step === 'snapshot' ? this.snapshots : this.begins).ask(step, batch),
        (message) => this.wave.noteOutage(message),
      );
      if (!begun.heldBy) return begun;
      const what = step === 'snapshot' ? 'room for snapshots, which is taken by' : 'nodes that belong to';
      this.wave.shows(batch, `waits for ${what} ${begun.heldBy.join(', ')}`);
      await this.whileOthersHaveIt(batch, step, { patience, ends });
    }
  }

  private async whileOthersHaveIt(
    batch: number,
    step: string,
    { patience, ends }: { readonly patience: number; readonly ends: number },
  ): Promise<void> {
    const { cutoff } = this.input.wave;
    const left = cutoff === null ? patience : Math.max(Date.parse(cutoff) - Date.now(), 1);
    const atMost = Math.min(patience, left);
    if (step === 'snapshot') await this.snapshotRoom.wait(batch, ends, atMost);
    else await sleep(atMost, { summary: 'Until the nodes that belong to another cycle are looked at again' });
    if (!this.wave.mayTouch()) throw new LeftUntouched();
  }

  private async beginStep(step: string, batches: readonly number[]) {
    const { manifest, wave } = this.input;
    const request = { manifest, run: workflowInfo().workflowId, wave: wave.number, batches, step };
    const nodes = batches.reduce((sum, batch) => sum + (wave.batches[batch - 1] ?? 0), 0);
    const summary = `${step}: batch ${rangesOf(batches)} (${nodes} nodes)`;
    return (await stepping.beginStep.executeWithOptions({ summary }, [request])).begun;
  }

  private async recordBatches(batches: readonly number[]) {
    const { manifest, wave } = this.input;
    const request = { manifest, wave: wave.number, batches };
    const summary = `record: batch ${rangesOf(batches)}`;
    return (await stepping.recordBatches.executeWithOptions({ summary }, [request])).recorded;
  }
}
