import type { ComplianceStatus, OperatingSystem } from './fleet.js';
import type { AccountId, Region } from './ids.js';
import { compareText, firstDifference } from './order.js';

/** What compliance is counted by. */
export const DIMENSIONS = ['account', 'region', 'patchGroup', 'environment', 'os'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** A node of the inventory with its compliance; `unknown` where no scan tells. */
export interface ComplianceNode {
  readonly account: AccountId;
  readonly region: Region;
  readonly patchGroup: string | null;
  readonly environment: string | null;
  readonly os: OperatingSystem | null;
  readonly compliance: ComplianceStatus;
}

/** `compliant + nonCompliant + unknown = total`, and the totals of all rows add up to the inventory. */
export interface ComplianceCounts {
  readonly total: number;
  readonly compliant: number;
  readonly nonCompliant: number;
  readonly unknown: number;
}

/** Counts of all nodes. */
export function countsOf(nodes: readonly Pick<ComplianceNode, 'compliance'>[]): ComplianceCounts {
  const having = (status: ComplianceStatus): number => nodes.filter((node) => node.compliance === status).length;
  return {
    total: nodes.length,
    compliant: having('compliant'),
    nonCompliant: having('non-compliant'),
    unknown: having('unknown'),
  };
}

/** Counts by one dimension, in the order of its values; nodes that have no value there make the last row, `key` null. */
export function countsBy(
  nodes: readonly ComplianceNode[],
  dimension: Dimension,
): (ComplianceCounts & { readonly key: string | null })[] {
  const groups = new Map<string | null, ComplianceNode[]>();
  for (const node of nodes) {
    const group = groups.get(node[dimension]);
    if (group) group.push(node);
    else groups.set(node[dimension], [node]);
  }
  return [...groups]
    .sort(([a], [b]) => firstDifference(Number(a === null) - Number(b === null), compareText(a ?? '', b ?? '')))
    .map(([key, members]) => ({ key, ...countsOf(members) }));
}
