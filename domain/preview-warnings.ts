import { approvalGapDays } from './approval-gap.js';
import { formatDuration } from './documents/durations.js';
import type { PatchBaseline, ResolvedStage } from './documents/types.js';
import type { ManagedNode } from './fleet.js';
import type { PreviewStage } from './preview.js';

/* What a person should know before a cycle of the plan starts, since it will not go as the plan reads. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Windows in which the stage's nodes do not fit before the cutoff, by the estimate of domain/estimate.ts. */
export const windowWarnings = (
  windows: PreviewStage['windows'],
  { carryOver }: Pick<ResolvedStage, 'carryOver'>,
): string[] =>
  windows.flatMap(({ window, nodes, opens, cutoff, estimatedMinutes, windowsNeeded, fitsBeforeCutoff }) => {
    if (fitsBeforeCutoff || cutoff === null) return [];
    const takes = formatDuration(estimatedMinutes * MINUTE);
    const open = formatDuration(Date.parse(cutoff) - Date.parse(opens));
    const short = `Window ${window} is too short for its nodes: ${nodes} take about ${takes}, and it is open for ${open} before its cutoff.`;
    if (windowsNeeded <= 1) return [`${short} A batch that has begun is finished after it.`];
    const asks =
      windowsNeeded > carryOver.windows + 1
        ? ` After ${carryOver.windows + 1} an operator is asked (carryOver.windows).`
        : '';
    return [`${short} They need ${windowsNeeded} openings of it, the rest is carried over each time.${asks}`];
  });

/**
 * A soak that ends before the next stage's baseline approves what this one has proven; null where none does, and where there is
 * no next stage.
 */
export function soakWarning(
  earlier: { readonly policy: ResolvedStage; readonly baseline: PatchBaseline | null },
  later: {
    readonly policy: ResolvedStage;
    readonly baseline: PatchBaseline | null;
    readonly nodes: readonly ManagedNode[];
  },
): string | null {
  const systems = [...new Set(later.nodes.flatMap(({ os }) => os ?? []))];
  const gap = approvalGapDays(earlier.baseline, later.baseline, systems);
  if (earlier.policy.soak >= gap * DAY) return null;
  const name = ({ policy }: { readonly policy: ResolvedStage }) => policy.baseline ?? 'everything';
  return (
    `The soak of ${earlier.policy.name} (${formatDuration(earlier.policy.soak)}) is shorter than the gap of P${gap}D between the ` +
    `approval delays of its baseline (${name(earlier)}) and of ${later.policy.name}'s (${name(later)}): what comes out shortly ` +
    `before the cycle is not approved in ${later.policy.name} by then, and waits for the next cycle.`
  );
}
