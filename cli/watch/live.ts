import { createLogUpdate } from 'log-update';
import type { Context } from '../context.js';
import { cycleFrame } from '../render/cycle.js';
import type { Cycle } from '../render/states.js';
import { type Line, painted } from '../render/text.js';
import { timeOfDay } from '../render/time.js';
import { described } from './describe.js';
import type { CycleEvent } from './stream.js';

/** Countdowns change every second. */
const REDRAW = 1_000;
const RECENT = 6;
/** The fewest lines that leave room for what happened last. */
const ROWS_WITH_EVENTS = 20;

/** A cycle as a picture on a terminal, which changes in its place. */
export class LiveView {
  readonly #context: Context;
  readonly #look: () => Promise<Cycle>;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;
  #cycle: Cycle;
  #recent: readonly Line[] = [];
  #lost: string | null = null;
  #looking = false;
  #stale = false;
  #closed = false;

  constructor(context: Context, first: Cycle, look: () => Promise<Cycle>) {
    this.#context = context;
    this.#look = look;
    this.#cycle = first;
    this.#draw = createLogUpdate(context.terminal.stdout as NodeJS.WritableStream);
    this.#timer = setInterval(() => this.#render(), REDRAW);
    this.#render();
  }

  event(event: CycleEvent): void {
    const clock = this.#context.clock();
    const line: Line = [[`${timeOfDay(event.data.at, clock)}  `, 'dim'], [described(event, clock)]];
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
    this.#closed = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closed = true;
    this.#draw.done();
  }

  /** Reads the cycle once for all the events that came meanwhile. What is out of reach is shown as lost contact by the stream. */
  async #lookAgain(): Promise<void> {
    this.#looking = true;
    while (this.#stale && !this.#closed) {
      this.#stale = false;
      const found = await this.#look().catch(() => null);
      if (found !== null && !this.#closed) this.#cycle = found;
      this.#render();
    }
    this.#looking = false;
  }

  #render(): void {
    if (this.#closed) return;
    this.#draw(this.#frame().join('\n'));
  }

  #frame(): readonly string[] {
    const { colours, terminal } = this.#context;
    // The last column stays free: some terminals break a line that fills it.
    const width = (terminal.stdout.columns ?? 80) - 1;
    const rows = (terminal.stdout.rows ?? 24) - 1;
    const recent = rows >= ROWS_WITH_EVENTS && this.#recent.length > 0 ? [[] as Line, ...this.#recent] : [];
    const lost: readonly Line[] =
      this.#lost === null ? [] : [[[`${this.#lost} Trying again; the cycle goes on.`, 'yellow']]];
    const height = rows - recent.length - lost.length;
    const frame = cycleFrame(this.#cycle, { clock: this.#context.clock(), width, height });
    return [...frame, ...recent, ...lost].map((line) => painted(line, colours, width));
  }
}
