import type { StageName } from './ids.js';

/** A jump of fewer nodes than that is nobody's mistake worth a question. */
const FEW = 10;

/**
 * Why a person should look before anything is touched: the plan selects more than half as many nodes again for a stage as in
 * its last cycle, or less than half of them, and the difference is more than 10 nodes. Null where it does not, or where there
 * was no cycle before. It counts the nodes that are selected, not those with something to install.
 */
export function targetJump(stage: StageName, before: number | null, now: number): string | null {
  if (before === null || Math.abs(now - before) <= FEW) return null;
  if (now <= before * 1.5 && now >= before * 0.5) return null;
  return `The plan selects ${now} nodes for stage ${stage}; in its last cycle it was ${before}. Nothing has been touched yet.`;
}
