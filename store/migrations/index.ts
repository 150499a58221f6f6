import { foundation } from './001-foundation.js';
import { awsCalls } from './002-aws-calls.js';
import { continuations } from './003-continuations.js';
import { setAside } from './004-set-aside.js';
import { snapshots } from './005-snapshots.js';
import { tails } from './007-tails.js';

/** In order; a migration that has been released is never changed, only followed by another. */
export const MIGRATIONS: readonly { readonly number: number; readonly name: string; readonly sql: string }[] = [
  { number: 1, name: 'foundation', sql: foundation },
  { number: 2, name: 'aws-calls', sql: awsCalls },
  { number: 3, name: 'continuations', sql: continuations },
  { number: 4, name: 'set-aside', sql: setAside },
  { number: 5, name: 'snapshots', sql: snapshots },
  { number: 7, name: 'tails', sql: tails },
];
