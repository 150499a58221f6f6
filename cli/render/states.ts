import type { z } from 'zod';
import type { cycle, cycleStatus } from '../../api/schemas/cycles.js';
import type { Line, Style } from './text.js';

export type Cycle = z.output<typeof cycle>;
export type Stage = Cycle['stages'][number];
export type Wave = Stage['locations'][number]['waves'][number];
export type Counts = Cycle['nodes'];
export type Status = z.output<typeof cycleStatus> | Stage['status'] | Wave['status'];

const MARKS: Readonly<Record<Status, readonly [mark: string, style: Style]>> = {
  pending: ['○', 'dim'],
  preparing: ['●', 'cyan'],
  waiting: ['◐', 'yellow'],
  running: ['●', 'cyan'],
  patching: ['●', 'cyan'],
  soaking: ['◐', 'cyan'],
  harvesting: ['●', 'cyan'],
  paused: ['‖', 'yellow'],
  'waiting-aws': ['◐', 'yellow'],
  completed: ['✔', 'green'],
  'completed-with-failures': ['✖', 'red'],
  failed: ['✖', 'red'],
  rejected: ['✖', 'red'],
  'rolled-back': ['✖', 'red'],
  'cut-off': ['◌', 'yellow'],
  cancelled: ['✖', 'yellow'],
};

export const styleOf = (status: Status): Style => MARKS[status][1];
export const marked = (status: Status): Line => [
  [`${MARKS[status][0]} `, styleOf(status)],
  [wordsOf(status), styleOf(status)],
];
/** A state in words: `completed with failures`. */
export const wordsOf = (status: Status): string => status.replaceAll('-', ' ').replace('waiting aws', 'waits for AWS');

/** Nodes by what they came to, in three groups that bars and sums are made of. */
export const groupsOf = (counts: Counts) => {
  const patched = counts.patched + counts['already-compliant'];
  const failed = counts.failed + counts.unreachable + counts['set-aside'];
  const { total, pending } = counts;
  return { patched, failed, left: total - pending - patched - failed, pending, total };
};

const FULL = '█';
const EMPTY = '░';

/** A bar of this width: green what is done, red what failed, yellow what was left out, and the rest still to do. One that failed is seen. */
export function bar(counts: Counts, width: number): Line {
  const { patched, failed, left, pending, total } = groupsOf(counts);
  if (total === 0) return [[EMPTY.repeat(width), 'dim']];
  const share = (number: number, least: number) =>
    number === 0 ? 0 : Math.max(least, Math.floor((number * width) / total));
  const red = share(failed, 1);
  const yellow = Math.min(width - red, share(left, 1));
  const green = Math.min(width - red - yellow, share(patched, 0));
  // What rounding has left over is still to do only where something is.
  const over = pending === 0 ? width - red - yellow - green : 0;
  return [
    [FULL.repeat(green + (patched > 0 ? over : 0)), 'green'],
    [FULL.repeat(red + (patched === 0 && failed > 0 ? over : 0)), 'red'],
    [FULL.repeat(yellow + (patched === 0 && failed === 0 ? over : 0)), 'yellow'],
    [EMPTY.repeat(width - red - yellow - green - over), 'dim'],
  ];
}

/** `12 of 24 patched, 1 failed, 2 skipped`. */
export function sums(counts: Counts): Line {
  const { patched, failed, left, total } = groupsOf(counts);
  return [
    [`${patched} of ${total}`],
    ...(failed > 0 ? ([[', '], [`${failed} failed`, 'red']] as const) : []),
    ...(left > 0 ? ([[', '], [`${left} ${leftWord(counts)}`, 'yellow']] as const) : []),
  ];
}

const leftWord = ({ skipped, exempt, gone, ...counts }: Counts): string => {
  const others = [exempt, gone, counts['carried-over'], counts['rolled-back']];
  return others.every((number) => number === 0) && skipped > 0 ? 'skipped' : 'left out';
};
