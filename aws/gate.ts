/**
 * Lets so many pieces of work run at the same time, whoever they come from; the others wait in the order in which they came.
 * For how much is under way; for how fast (a rate that AWS publishes) there are the turns of activities/turns.ts.
 */
export class Gate {
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(atOnce: number) {
    this.free = atOnce;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((pass) => this.waiting.push(pass));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
