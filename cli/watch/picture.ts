import type { Line } from '../render/text.js';
import { lengthOfLine, painted } from '../render/text.js';
import type { Colours, Output } from '../terminal.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Between these a terminal that knows them shows nothing half drawn (others ignore them). */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const ERASE_REST_OF_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const up = (lines: number): string => (lines === 0 ? '\r' : `\r\u001b[${lines}A`);

/**
 * Lines on a terminal that are drawn over those before. A frame must be lower than the terminal. What stood above stays. (A line
 * is drawn whole, and the rest below erased: log-update, which writes only what differs, loses lines of a frame that grows.)
 */
export class Picture {
  readonly #output: Output;
  readonly #colours: Colours;
  #before: readonly number[] = [];

  constructor(output: Output, colours: Colours) {
    this.#output = output;
    this.#colours = colours;
  }

  draw(lines: readonly Line[], width: number): void {
    // A terminal that has become narrower since has broken the lines that were too long for it.
    const columns = this.#output.columns || width + 1;
    const height = this.#before.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    const text = lines.map((line) => `${painted(line, this.#colours, width)}${ERASE_REST_OF_LINE}\n`).join('');
    this.#output.write(`${BEGIN}${HIDE_CURSOR}${up(height)}${text}${ERASE_BELOW}${END}`);
    this.#before = lines.map((line) => Math.min(lengthOfLine(line), width));
  }

  /** Leaves the last frame where it is. */
  close(): void {
    this.#output.write(SHOW_CURSOR);
    this.#before = [];
  }
}
