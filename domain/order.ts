/** Order by UTF-16 code units: the same on every machine, whatever its locale, and in every replay. */
export const compareText = (a: string, b: string): -1 | 0 | 1 => (a < b ? -1 : a > b ? 1 : 0);

/** The first comparison that tells the two apart decides. */
export const firstDifference = (...comparisons: readonly number[]): number =>
  comparisons.find((comparison) => comparison !== 0) ?? 0;
