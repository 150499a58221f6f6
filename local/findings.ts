import type { Finding } from './ledger-check.js';

/** A rule that nothing was held against is not kept: it was not tried. */
export const isKept = ({ checked, violations }: Finding): boolean => checked > 0 && violations.length === 0;

/** A line for each rule, and the first violations of one that was broken. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .flatMap(({ rule, checked, violations }) => [
      `  ${violations.length > 0 ? 'VIOLATED' : checked === 0 ? 'untried ' : 'ok      '} ${rule} (${checked} checked)`,
      ...violations.slice(0, 5).map((violation) => `             ${violation}`),
      ...(violations.length > 5 ? [`             and ${violations.length - 5} more`] : []),
    ])
    .join('\n');
}
