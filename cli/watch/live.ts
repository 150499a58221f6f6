import type { Context } from '../context.js';
import { cycleFrame } from '../render/cycle.js';
import type { Cycle } from '../render/states.js';
import type { Line } from '../render/text.js';
import { timeOfDay } from '../render/time.js';
import { described } from './describe.js';
import { Picture } from './picture.js';
import type { CycleEvent } from './stream.js';

/** Countdowns change every second. */
const REDRAW = 1_000;
/** Events of a large fleet come in bursts: the cycle is read once for all of them. */
const BETWEEN_LOOKS = 500;
const RECENT = 6;
/** The fewest lines that leave room for what happened last. */
const ROWS_WITH_EVENTS = 20;
const BLANK: Line = [];

/** A cycle as a picture on a terminal, which changes in its place. */
export class LiveView {
  readonly #context: Context;
  readonly #look: () => Promise<Cycle>;
  readonly #picture: Picture;
  readonly #timer: NodeJS.Timeout;
  #cycle: Cycle;
  /** What happened last, as lines: zones are named by the cycle, which may be known better by the time it is drawn. */
  #recent: readonly ((cycle: Cycle) => Line)[] = [];
  #lost: string | null = null;
  #looking = false;
  #stale = false;
  readonly #closing = new AbortController();

  constructor(context: Context, first: Cycle, look: () => Promise<Cycle>) {
    this.#context = context;
    this.#look = look;
    this.#cycle = first;
    this.#picture = new Picture(context.terminal.stdout, context.colours);
    this.#timer = setInterval(() => this.#render(), REDRAW);
    this.#render();
  }

  event(event: CycleEvent): void {
    const line = (cycle: Cycle): Line => {
      const clock = this.#context.clock();
      return [[`${timeOfDay(event.data.at, clock)}  `, 'dim'], [described(event, clock, cycle)]];
    };
    this.#recent = [...this.#recent, line].slice(-RECENT);
    this.#stale = true;
    if (!this.#looking) void this.#lookAgain();
  }

  contact(lost: string | null): void {
    this.#lost = lost;
    this.#render();
  }

  end(cycle: Cycle): void {
    this.#cycle = cycle;
    this.#render();
    this.#closing.abort();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
    this.#picture.close();
  }

  /** Reads the cycle once for all the events that came meanwhile. What is out of reach is shown as lost contact by the stream. */
  async #lookAgain(): Promise<void> {
    this.#looking = true;
    while (this.#stale && !this.#closing.signal.aborted) {
      this.#stale = false;
      const found = await this.#look().catch(() => null);
      if (found !== null && !this.#closing.signal.aborted) this.#cycle = found;
      this.#render();
      await this.#context.terminal.wait(BETWEEN_LOOKS, this.#closing.signal).catch(() => undefined);
    }
    this.#looking = false;
  }

  #render(): void {
    if (this.#closing.signal.aborted) return;
    const { stdout } = this.#context.terminal;
    // The last column and the last row stay free: some terminals break a line that fills the one, or scroll for the other.
    const width = (stdout.columns || 80) - 1;
    this.#picture.draw(this.#frame(width, (stdout.rows || 24) - 1), width);
  }

  #frame(width: number, rows: number): readonly Line[] {
    const recent =
      rows >= ROWS_WITH_EVENTS && this.#recent.length > 0
        ? [BLANK, ...this.#recent.map((line) => line(this.#cycle))]
        : [];
    const lost: readonly Line[] =
      this.#lost === null ? [] : [[[`${this.#lost} Trying again; the cycle goes on.`, 'yellow']]];
    const height = rows - recent.length - lost.length;
    const frame = cycleFrame(this.#cycle, { clock: this.#context.clock(), width, height });
    return [...frame, ...recent, ...lost];
  }
}
