import type { z } from 'zod';
import type { cycleStatus } from '../api/schemas/cycles.js';

/** How the command line ends; scripts branch on it, so a number never changes its meaning. */
export const EXIT = {
  done: 0,
  /** Something is wrong, or refused; `diff` also ends so where something differs, and a decision that a person did not confirm. */
  fault: 1,
  cancelled: 2,
  failures: 3,
  notAllowed: 4,
  waitsForApproval: 5,
  usage: 64,
  /** 128 and the number of SIGINT, as shells count. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_EXPLAINED: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done'],
  [
    EXIT.fault,
    'a fault, or a refusal; diff: something differs; doctor: something is wrong; approve, reject: the answer was no',
  ],
  [EXIT.cancelled, 'the cycle was cancelled, or rejected by an approver'],
  [EXIT.failures, 'the cycle ended with failures'],
  [EXIT.notAllowed, 'not allowed: no valid API key, or its role may not do this'],
  [EXIT.waitsForApproval, 'waits for approval: with --until approval, or where more approvers are needed'],
  [EXIT.usage, 'the command was not understood'],
  [EXIT.interrupted, 'interrupted by Ctrl-C; a cycle goes on'],
];

type CycleStatus = z.infer<typeof cycleStatus>;

const BY_STATUS: Readonly<Record<CycleStatus, ExitCode | null>> = {
  running: null,
  paused: null,
  completed: EXIT.done,
  'completed-with-failures': EXIT.failures,
  failed: EXIT.failures,
  'rolled-back': EXIT.failures,
  rejected: EXIT.cancelled,
  cancelled: EXIT.cancelled,
};

/** The exit code of a cycle that has ended; null while it goes on. */
export const exitCodeOf = (status: CycleStatus): ExitCode | null => BY_STATUS[status];
