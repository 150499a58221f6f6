import CliTable from 'cli-table3';
import type { Colours } from '../terminal.js';
import { shortened } from './text.js';

const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ].map((part) => [part, '']),
);

/** A column: its title, whether it holds numbers, and whether it gives way where there is no room. */
export interface Column {
  readonly title: string;
  readonly numbers?: boolean;
  readonly givesWay?: boolean;
}

const GAP = 2;
const NARROWEST = 8;

interface TableOptions {
  readonly colours: Colours;
  readonly width: number;
  readonly indent?: number;
  /** Colours a cell, once it is cut to its width. */
  readonly paint?: (cell: string, column: number, row: number) => string;
}

/** Columns under dim titles, no borders, and no wider than this: the columns that give way are cut. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { colours, width, indent = 0, paint = (cell) => cell }: TableOptions,
): string {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => Array.from(row[at] ?? '').length)),
  );
  const spare = width - indent - widths.reduce((sum, each) => sum + each, 0) - GAP * (columns.length - 1);
  if (spare < 0) giveWay(columns, widths, -spare);
  const lines = new CliTable({
    head: columns.map(({ title }) => colours.dim(title)),
    colAligns: columns.map(({ numbers }) => (numbers ? 'right' : 'left')),
    chars: { ...NO_BORDERS, middle: ' '.repeat(GAP) },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  });
  for (const [at, row] of rows.entries())
    lines.push(row.map((cell, column) => paint(shortened(cell, widths[column] ?? cell.length), column, at)));
  return lines
    .toString()
    .split('\n')
    .map((line) => `${' '.repeat(indent)}${line}`.trimEnd())
    .join('\n');
}

/** Takes from the widest of the columns that may be cut, until enough is taken or all are narrow. */
function giveWay(columns: readonly Column[], widths: number[], missing: number): void {
  for (let taken = 0; taken < missing; taken++) {
    const [widest] = columns
      .flatMap(({ givesWay }, at) => (givesWay ? [at] : []))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    const width = widest === undefined ? 0 : (widths[widest] ?? 0);
    if (widest === undefined || width <= NARROWEST) return;
    widths[widest] = width - 1;
  }
}
