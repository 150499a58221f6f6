import { CancellationScope } from '@temporalio/workflow';

/** An answer about one batch. */
interface OfBatch {
  readonly batch: number;
}

interface Asked<Answer> {
  readonly batch: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches that come to the same step in the same workflow task take it in one activity: they often do, since one watch
 * reports all that has ended. Each still gets its own answer; a failure is the failure of all that asked together, and
 * each asks again.
 */
export class Together<Answer extends OfBatch> {
  private readonly asked = new Map<string, Asked<Answer>[]>();
  private readonly atMost: number;
  private readonly send: (what: string, batches: readonly number[]) => Promise<readonly Answer[]>;

  /** `atMost` batches share an activity, so that it stays within its time and a retry has little to look through. */
  constructor(atMost: number, send: (what: string, batches: readonly number[]) => Promise<readonly Answer[]>) {
    this.atMost = atMost;
    this.send = send;
  }

  /** What is sent is not cancelled: nobody would know whether it was done. */
  ask(what: string, batch: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const together = this.asked.get(what) ?? [];
      together.push({ batch, resolve, reject });
      if (together.length > 1) return;
      this.asked.set(what, together);
      void CancellationScope.nonCancellable(() => this.whenAllHaveAsked(what));
    });
  }

  private async whenAllHaveAsked(what: string): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
    const asked = this.asked.get(what) ?? [];
    this.asked.delete(what);
    for (let from = 0; from < asked.length; from += this.atMost)
      void this.sendFor(what, asked.slice(from, from + this.atMost));
  }

  private async sendFor(what: string, asked: readonly Asked<Answer>[]): Promise<void> {
    try {
      const answers = await this.send(
        what,
        asked.map(({ batch }) => batch),
      );
      const byBatch = new Map(answers.map((answer) => [answer.batch, answer]));
      for (const { batch, resolve, reject } of asked) {
        const answer = byBatch.get(batch);
        if (answer) resolve(answer);
        else reject(new Error(`There is no answer to ${what} of batch ${batch}.`));
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

/** Turns of the microtask queue within a workflow task: many more than lie between a report and what its batches ask next. */
const TURNS = 50;

/** `1, 2, 5–8`: batches for a summary. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last.to + 1 === number) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}
