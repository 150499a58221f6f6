import { type Patch, SSM_OPERATING_SYSTEM } from '../catalogue/catalogue.js';
import { matchesGlob } from '../glob.js';
import type { Fleet } from './fleet.js';
import type { FleetNode } from './model.js';
import type { ApprovalRule, Baseline, PatchFilter } from './registered.js';

const DAY = 86_400_000;
const SNAPSHOT_LIFE = 3 * DAY;

/** What a baseline says of a patch at a moment. */
export interface Verdict {
  approved: boolean;
  rejected: boolean;
  /** The compliance level that a missing patch gets: `CRITICAL`, `HIGH`, … `UNSPECIFIED`. */
  level: string;
}

/** A baseline's verdict on a patch at `asOf` (wall time). Days after release count from the release instant. */
export function judge(baseline: Baseline, patch: Patch, asOf: number): Verdict {
  const rejected = named(baseline.rejected, patch);
  if (rejected) return { approved: false, rejected, level: 'UNSPECIFIED' };
  if (named(baseline.approved, patch)) return { approved: true, rejected, level: baseline.approvedLevel };
  const rule = passes(baseline.globalFilters, patch)
    ? baseline.rules.find((each) => approves(each, patch, asOf))
    : undefined;
  return { approved: rule !== undefined, rejected, level: rule?.ComplianceLevel ?? 'UNSPECIFIED' };
}

/** The value of a node's patch group tag in either spelling, or nothing. */
export const patchGroupOf = (node: FleetNode): string => node.tags['Patch Group'] ?? node.tags.PatchGroup ?? '';

/** The baseline under which a node is scanned: its patch group's, else the default of its operating system. */
export function baselineOf(fleet: Fleet, node: FleetNode): Baseline {
  const operatingSystem = SSM_OPERATING_SYSTEM[node.os];
  const id = fleet.patchGroups.get(`${node.account}/${node.region}/${operatingSystem}/${patchGroupOf(node)}`);
  return (
    (id === undefined ? undefined : fleet.baselines.get(id)) ??
    defaultBaseline(node.account, node.region, operatingSystem)
  );
}

/** AWS's own baseline of an operating system; here it approves everything at once, other than security too. */
export function defaultBaseline(account: string, region: string, operatingSystem: string): Baseline {
  const digits = Buffer.from(operatingSystem).toString('hex').padEnd(16, '0').slice(-16);
  const everything: ApprovalRule = {
    PatchFilterGroup: { PatchFilters: [] },
    ApproveAfterDays: 0,
    EnableNonSecurity: true,
  };
  return {
    id: `arn:aws:ssm:${region}:075727635805:patchbaseline/pb-0${digits}`,
    account,
    region,
    name: `AWS-${operatingSystem}-DefaultPatchBaseline`,
    operatingSystem,
    description: `Default patch baseline for ${operatingSystem} provided by AWS.`,
    globalFilters: [],
    rules: [everything],
    approved: [],
    approvedLevel: 'UNSPECIFIED',
    approvedNonSecurity: false,
    rejected: [],
    rejectedAction: 'ALLOW_AS_DEPENDENCY',
    createdAt: 1_500_000_000_000,
    modifiedAt: 1_500_000_000_000,
    predefined: true,
    tags: {},
  };
}

/**
 * The moment whose approvals count for an operation: with a SnapshotId that of its first use by the same account,
 * patch group and operating system, which is forgotten after three days.
 */
export function approvalMoment(fleet: Fleet, node: FleetNode, snapshotId: string | undefined, now: number): number {
  if (!snapshotId) return now;
  const key = [node.account, node.region, patchGroupOf(node), node.os, snapshotId].join('/');
  const first = fleet.patchSnapshots.get(key);
  if (first !== undefined && now - first < SNAPSHOT_LIFE) return first;
  return fleet.patchSnapshots.put(key, now);
}

function approves(rule: ApprovalRule, patch: Patch, asOf: number): boolean {
  if (!passes(rule.PatchFilterGroup.PatchFilters, patch)) return false;
  if (!rule.EnableNonSecurity && needsNonSecurity(patch)) return false;
  if (rule.ApproveUntilDate !== undefined) return patch.releasedAt < Date.parse(rule.ApproveUntilDate) + DAY;
  return patch.releasedAt + (rule.ApproveAfterDays ?? 0) * DAY <= asOf;
}

/** Linux updates without a security advisory: on Ubuntu those outside the security repository, elsewhere those without a classification. */
function needsNonSecurity(patch: Patch): boolean {
  if (patch.os === 'ubuntu-22.04') return patch.classification !== 'Security';
  return patch.os === 'amazon-linux-2023' && patch.classification === '';
}

function passes(filters: readonly PatchFilter[], patch: Patch): boolean {
  const values: Record<string, string> = {
    CLASSIFICATION: patch.classification,
    SEVERITY: patch.severity,
    MSRC_SEVERITY: patch.severity,
    PRIORITY: capitalised(patch.priority),
    SECTION: '*',
    PRODUCT: '*',
    PRODUCT_FAMILY: '*',
    PATCH_SET: 'OS',
    PATCH_ID: patch.id,
    NAME: patch.id.split('.')[0] ?? patch.id,
  };
  return filters.every((filter) => {
    const value = values[filter.Key];
    return value === '*' || filter.Values.some((wanted) => wanted === '*' || wanted === value);
  });
}

function named(patterns: readonly string[], patch: Patch): boolean {
  if (patterns.length === 0) return false;
  const name = patch.id.slice(0, Math.max(patch.id.lastIndexOf('.'), 0)) || patch.id;
  const release = patch.version.replace(/^\d+:/, '');
  const names = [patch.id, patch.title, name, `${name}-${release}`, `${patch.id}:${release}`];
  return patterns.some((pattern) => names.some((each) => matchesGlob(pattern, each)));
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
