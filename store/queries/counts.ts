import { OUTCOMES, type Outcome } from '../../domain/cycle.js';

/** Nodes by outcome; `pending` have none yet. `total` is the sum of all the others. */
export type NodeCounts = Readonly<Record<Outcome | 'pending' | 'total', number>>;

/** Sums counted rows of any grouping; an outcome of null is pending. */
export const sumCounts = (rows: readonly { outcome: Outcome | null; counted: number }[]): NodeCounts => {
  const sums = new Map<Outcome | 'pending', number>();
  let total = 0;
  for (const { outcome, counted } of rows) {
    const name = outcome ?? 'pending';
    sums.set(name, (sums.get(name) ?? 0) + counted);
    total += counted;
  }
  const each = (['pending', ...OUTCOMES] as const).map((name) => [name, sums.get(name) ?? 0] as const);
  return { ...(Object.fromEntries(each) as Record<Outcome | 'pending', number>), total };
};
