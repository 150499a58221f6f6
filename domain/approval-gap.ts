import { valuesOf } from './baseline-rules.js';
import type { PatchBaseline } from './documents/types.js';
import type { OperatingSystem } from './fleet.js';

/**
 * By how many days at most the later stage's baseline approves a patch after the earlier one's, on one of these operating
 * systems; 0 where it never does. Where the earlier stage soaks for less, it proves patches that the later one may not install
 * yet: they wait for the next cycle. Without a baseline (null) everything is approved at once. What one of the two never
 * approves is no gap.
 */
export const approvalGapDays = (
  earlier: PatchBaseline | null,
  later: PatchBaseline | null,
  systems: readonly OperatingSystem[],
): number =>
  Math.max(
    0,
    ...systems.flatMap((os) =>
      kindsOf([...rulesOn(earlier, os), ...rulesOn(later, os)]).map((kind) => {
        const [first, second] = [delayOf(earlier, os, kind), delayOf(later, os, kind)];
        return first === null || second === null ? 0 : second - first;
      }),
    ),
  );

/** A kind of patch that rules tell apart; null stands for all values that no rule names. */
interface Kind {
  readonly classification: string | null;
  readonly severity: string | null;
}

interface Rule {
  readonly classifications: readonly string[];
  readonly severities: readonly string[];
  readonly days: number;
}

const rulesOn = (baseline: PatchBaseline | null, os: OperatingSystem): Rule[] =>
  baseline === null
    ? [{ classifications: [], severities: [], days: 0 }]
    : baseline.rules.flatMap((rule) => {
        const values = valuesOf(rule, os);
        return values === null ? [] : [{ ...values, days: rule.approveAfterDays }];
      });

const kindsOf = (rules: readonly Rule[]): Kind[] =>
  [null, ...new Set(rules.flatMap(({ classifications }) => classifications))].flatMap((classification) =>
    [null, ...new Set(rules.flatMap(({ severities }) => severities))].map((severity) => ({ classification, severity })),
  );

/** The least delay of the rules that cover the kind; null where none does. */
function delayOf(baseline: PatchBaseline | null, os: OperatingSystem, kind: Kind): number | null {
  const days = rulesOn(baseline, os)
    .filter((rule) => covers(rule.classifications, kind.classification) && covers(rule.severities, kind.severity))
    .map((rule) => rule.days);
  return days.length === 0 ? null : Math.min(...days);
}

const covers = (values: readonly string[], value: string | null): boolean =>
  values.length === 0 || (value !== null && values.includes(value));
