import type { LedgerEntry } from '../../../simulator/ledger.js';
import type { RunningStack } from './running-stack.js';

/** An effect of a step of a wave, by its key: `patchtide/<cycle>/<stage>/w<wave>.b<batch>.<step>`. */
export interface Step {
  readonly wave: number;
  readonly step: string;
}

/** The step that an effect belongs to; null where it is none of this stage's. `owner` is `<cycle>/<stage>`. */
export function stepOf({ key, tags }: LedgerEntry, owner: string): Step | null {
  const mark = String(key ?? Reflect.get(Object(tags), 'patchtide:key'));
  const [, wave, step] = mark.startsWith(`patchtide/${owner}/`) ? (/\/w(\d+)\.b\d+\.(.+)$/.exec(mark) ?? []) : [];
  return step === undefined ? null : { wave: Number(wave), step };
}

/** The steps of a wave in the order in which AWS was asked for them; one that was asked for twice is there twice. */
export function stepsOf(ledger: readonly LedgerEntry[], owner: string, wave: number): string[] {
  const snapshots = new Set<unknown>();
  return ledger.flatMap((entry) => {
    const found = stepOf(entry, owner);
    if (found?.wave !== wave) return [];
    if (entry.kind === 'command-accepted') return [found.step];
    if (entry.kind !== 'snapshot-created') return [];
    // One step takes a snapshot of every volume; that of the same volume again is the step again.
    const isNew = !snapshots.has(entry.volume);
    snapshots.add(entry.volume);
    return isNew && snapshots.size > 1 ? [] : [found.step];
  });
}

/** Until the first install of a stage is under way, in a fleet so slow that it can't end before it is told to hurry. */
export async function untilInstalling(stack: RunningStack, owner: string): Promise<void> {
  const begins = (step: string) => (entry: LedgerEntry) =>
    entry.kind === 'command-started' && stepOf(entry, owner)?.step === step;
  await stack.effect(`the task before the install of ${owner}`, begins('before-1'));
  await stack.speed(10);
  await stack.effect(`an install of ${owner}`, begins('install'));
}

/** Where in the ledger the install of a stage's first wave ended. */
export const installEnded = (ledger: readonly LedgerEntry[], owner: string): number =>
  ledger.findIndex((entry) => entry.kind === 'command-ended' && stepOf(entry, owner)?.step === 'install');
