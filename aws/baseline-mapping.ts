import { createHash } from 'node:crypto';
import type { GetPatchBaselineResult, PatchComplianceLevel, PatchFilter, PatchRule } from '@aws-sdk/client-ssm';
import type { BaselineRequest, BaselineRule } from '../activities/ports.js';
import { isWindows, type OperatingSystem, packageScheme } from '../domain/fleet.js';

/* A BaselineRequest in SSM's terms. No I/O. */

/** Baselines whose name begins with it are ours to change. */
export const OUR_BASELINES = 'patchtide-';

export const baselineName = ({ baseline, os }: Pick<BaselineRequest, 'baseline' | 'os'>): string =>
  `${OUR_BASELINES}${baseline}-${os}`;

/** What decides which patches a baseline approves, in SSM's terms: as it is created, and as it is compared. */
export interface BaselineDefinition {
  readonly ApprovalRules: { readonly PatchRules: PatchRule[] };
  readonly ApprovedPatches: string[];
  readonly ApprovedPatchesEnableNonSecurity: boolean;
  readonly RejectedPatches: string[];
  readonly RejectedPatchesAction: 'ALLOW_AS_DEPENDENCY' | 'BLOCK';
}

export const definitionOf = (request: BaselineRequest): BaselineDefinition => ({
  ApprovalRules: { PatchRules: request.rules.map((rule) => patchRule(rule, request.os)) },
  ApprovedPatches: [...request.approved],
  // A person named these, whatever repository they come from; Windows does not know the distinction.
  ApprovedPatchesEnableNonSecurity: !isWindows(request.os) && request.approved.length > 0,
  RejectedPatches: [...request.rejected],
  // Rejected means never, not even as somebody's dependency.
  RejectedPatchesAction: 'BLOCK',
});

const patchRule = (rule: BaselineRule, os: OperatingSystem): PatchRule => ({
  PatchFilterGroup: { PatchFilters: filtersOf(rule, os) },
  ComplianceLevel: complianceLevel(rule, os),
  ...(rule.approveAfterDays === null ? {} : { ApproveAfterDays: rule.approveAfterDays }),
  ...(isWindows(os) ? {} : { EnableNonSecurity: rule.nonSecurity }),
});

/** Filter keys by operating system (SSM user guide, DescribePatchProperties); SSM writes any as `*`. */
const filtersOf = ({ classifications, severities }: BaselineRule, os: OperatingSystem): PatchFilter[] => {
  const any = (values: readonly string[]): string[] => (values.length === 0 ? ['*'] : [...values]);
  const product: PatchFilter = { Key: 'PRODUCT', Values: ['*'] };
  if (packageScheme(os) === 'dpkg') {
    return [product, { Key: 'SECTION', Values: ['*'] }, { Key: 'PRIORITY', Values: any(severities) }];
  }
  return [
    product,
    { Key: 'CLASSIFICATION', Values: any(classifications) },
    { Key: isWindows(os) ? 'MSRC_SEVERITY' : 'SEVERITY', Values: any(severities) },
  ];
};

const LEVELS: Readonly<Record<string, PatchComplianceLevel>> = {
  Critical: 'CRITICAL',
  Important: 'HIGH',
  Moderate: 'MEDIUM',
  Medium: 'MEDIUM',
  Low: 'LOW',
};

/**
 * SSM counts a missing patch as critical by the level of its rule, not by its own severity, so a rule for one severity
 * carries that level. A priority of Debian and Ubuntu is no severity.
 */
const complianceLevel = ({ severities }: BaselineRule, os: OperatingSystem): PatchComplianceLevel => {
  const [only, ...others] = severities;
  if (only === undefined || others.length > 0 || packageScheme(os) === 'dpkg') return 'UNSPECIFIED';
  return LEVELS[only] ?? 'UNSPECIFIED';
};

/** True where what SSM has means the same: order of lists and of fields, and defaults written out, make no difference. */
export const sameDefinition = (wanted: BaselineDefinition, present: GetPatchBaselineResult): boolean =>
  JSON.stringify(canonical(wanted)) === JSON.stringify(canonical(present));

const canonical = (definition: BaselineDefinition | GetPatchBaselineResult) => ({
  rules: (definition.ApprovalRules?.PatchRules ?? []).map(canonicalRule).sort(),
  approved: sorted(definition.ApprovedPatches),
  approvedNonSecurity: definition.ApprovedPatchesEnableNonSecurity ?? false,
  rejected: sorted(definition.RejectedPatches),
  action: definition.RejectedPatchesAction ?? 'ALLOW_AS_DEPENDENCY',
});

const canonicalRule = (rule: PatchRule): string =>
  JSON.stringify({
    filters: (rule.PatchFilterGroup?.PatchFilters ?? [])
      .map(({ Key, Values }) => `${Key}=${sorted(Values).join(',')}`)
      .sort(),
    level: rule.ComplianceLevel ?? 'UNSPECIFIED',
    days: rule.ApproveAfterDays ?? null,
    until: rule.ApproveUntilDate ?? null,
    nonSecurity: rule.EnableNonSecurity ?? false,
  });

const sorted = (values: readonly string[] | undefined): string[] => [...(values ?? [])].sort();

/** The same baseline asked for twice at the same time is created once. */
export const creationToken = (name: string, definition: BaselineDefinition): string =>
  createHash('sha256')
    .update(JSON.stringify([name, canonical(definition)]))
    .digest('hex');
