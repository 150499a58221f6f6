import type { Call, Fault } from './faults.js';

/** A call that a cycle makes: its operation, its key, and which one of these it is. */
export interface Point {
  /** `ssm:SendCommand patchtide/x-1/prod/w1.b1.install #1` */
  readonly id: string;
  readonly call: Call;
}

/** One cycle's calls, and what is to go wrong with one of them. */
export class Calls {
  readonly points: Point[] = [];
  readonly #counts = new Map<string, number>();
  readonly #armed: { readonly point: string; readonly fault: Fault } | null;
  #struck = false;
  #effects = 0;

  constructor(armed: { readonly point: string; readonly fault: Fault } | null) {
    this.#armed = armed;
  }

  /** Whether the call came in which something was to go wrong. */
  get struck(): boolean {
    return this.#struck;
  }

  /** How many of them changed something. */
  get effects(): number {
    return this.#effects;
  }

  /** Numbers the call; what is to go wrong with it. */
  pass(call: Call): Fault | null {
    const name = `${call.operation} ${call.key}`;
    const number = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, number);
    const point = { id: `${name} #${number}`, call };
    this.points.push(point);
    if (call.effect) this.#effects += 1;
    if (this.#struck || this.#armed?.point !== point.id) return null;
    this.#struck = true;
    return this.#armed.fault;
  }
}
