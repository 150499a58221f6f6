import { z } from 'zod';
import { withoutRun } from '../names.js';

/** What is read of the fleet's ledger (`GET /_fleet/ledger`). */
export const ledgerSchema = z.array(
  z.object({
    kind: z.string(),
    account: z.string().optional(),
    region: z.string().optional(),
    node: z.string().optional(),
    key: z.string().optional(),
    operation: z.string().optional(),
    volume: z.string().optional(),
    document: z.string().optional(),
    tags: z.record(z.string(), z.string().nullable()).optional(),
    patches: z.array(z.object({ id: z.string(), title: z.string() })).optional(),
  }),
);
type LedgerEntry = z.infer<typeof ledgerSchema>[number];

/** What a fleet was made to do, and how often: by node, kind and key, without times and ids. */
export type Effects = ReadonlyMap<string, number>;

/** An effect that is the same however often it is done: writing a baseline or a tag again changes nothing. */
const REPEATABLE = /^(baseline-|tags-changed)/;
const LEFT_OUT = new Set(['fleet-began']);

export function effectsOf(ledger: readonly LedgerEntry[], nodes: ReadonlyMap<string, string>): Effects {
  const effects = new Map<string, number>();
  const volumes = new Map<string, Map<string, number>>();
  for (const entry of ledger) {
    if (LEFT_OUT.has(entry.kind)) continue;
    const patches = (entry.patches ?? []).map(({ title, id }) => title || id).sort();
    const mark = entry.key ?? entry.tags?.['patchtide:key'] ?? '';
    const where = entry.node ?? `${entry.account ?? ''} ${entry.region ?? ''}`;
    const details = [entry.kind, where, mark, entry.operation ?? '', ...patches];
    const volume = entry.volume === undefined ? '' : `volume ${volumeNumber(volumes, entry)}`;
    const effect = withoutRun([...details, volume].filter(Boolean).join(' '), nodes);
    effects.set(effect, REPEATABLE.test(entry.kind) ? 1 : (effects.get(effect) ?? 0) + 1);
  }
  return effects;
}

/** A node's volumes in the order in which the ledger first names them. */
function volumeNumber(volumes: Map<string, Map<string, number>>, { node = '', volume = '' }: LedgerEntry): number {
  const own = volumes.get(node) ?? new Map<string, number>();
  volumes.set(node, own);
  const number = own.get(volume) ?? own.size + 1;
  own.set(volume, number);
  return number;
}

export interface Difference {
  readonly lost: readonly string[];
  readonly twice: readonly string[];
}

/** What the undisturbed run did and this one did not, and what this one did too often, or as the only one. */
export function compare(undisturbed: Effects, effects: Effects): Difference {
  const difference = (from: Effects, to: Effects) =>
    [...from].flatMap(([effect, count]) => {
      const missing = count - (to.get(effect) ?? 0);
      return missing > 0 ? [missing === 1 ? effect : `${effect} (${missing} times)`] : [];
    });
  return { lost: difference(undisturbed, effects), twice: difference(effects, undisturbed) };
}
