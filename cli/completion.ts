import completions from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { KIND_WORDS } from './documents.js';

/** Adds `completion <shell>`, which prints a script for the shell, and the hidden `complete`, which that script calls. */
export function addCompletion(program: Command): void {
  const root = completions(program, { completionCommandName: 'completion' });
  root.commands.get('get')?.argument('kind', (complete) => {
    for (const word of KIND_WORDS) complete(word, '');
  });
}
