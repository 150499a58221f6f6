import type { AccountId, NodeId, Region, ZoneId } from './ids.js';

/** Operating systems by the names that SSM's patch baselines use. */
export const OPERATING_SYSTEMS = [
  'AMAZON_LINUX_2',
  'AMAZON_LINUX_2022',
  'AMAZON_LINUX_2023',
  'CENTOS',
  'DEBIAN',
  'ORACLE_LINUX',
  'REDHAT_ENTERPRISE_LINUX',
  'ROCKY_LINUX',
  'ALMA_LINUX',
  'SUSE',
  'UBUNTU',
  'WINDOWS',
] as const;
export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number];

export type NodeKind = 'ec2' | 'hybrid';
/** `not-registered`: EC2 knows the instance, SSM does not list it (stopped, or no agent). */
export type Ping = 'online' | 'connection-lost' | 'inactive' | 'not-registered';

/** What SSM can run a command on, or an instance that a plan selects and SSM cannot reach. */
export interface ManagedNode {
  readonly id: NodeId;
  readonly kind: NodeKind;
  readonly account: AccountId;
  readonly region: Region;
  readonly zone: ZoneId;
  /** The account's own name of the zone (`eu-west-1a`), for people; null for hybrid nodes. */
  readonly zoneName: string | null;
  readonly name: string;
  /** Null where neither EC2 nor SSM tells. */
  readonly os: OperatingSystem | null;
  readonly osVersion: string | null;
  readonly state: 'running' | 'stopped' | 'other';
  readonly ping: Ping;
  readonly agentVersion: string | null;
  /** Tag `Patch Group` or `PatchGroup`. */
  readonly patchGroup: string | null;
  /** Tag `Maintenance Window` or `MaintenanceWindow`. */
  readonly window: string | null;
  readonly autoScalingGroup: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

export const isWindows = (os: OperatingSystem): boolean => os === 'WINDOWS';

/** How a patch's version is pinned in an InstallOverrideList: rpm and dpkg by title, Windows by the KB itself. */
export type PackageScheme = 'rpm' | 'dpkg' | 'kb';
export const packageScheme = (os: OperatingSystem): PackageScheme =>
  os === 'WINDOWS' ? 'kb' : os === 'UBUNTU' || os === 'DEBIAN' ? 'dpkg' : 'rpm';

/** States of a patch on a node, as DescribeInstancePatches names them. */
export const PATCH_STATES = [
  'Installed',
  'InstalledOther',
  'InstalledPendingReboot',
  'InstalledRejected',
  'Missing',
  'NotApplicable',
  'Failed',
  'AvailableSecurityUpdate',
] as const;
export type PatchState = (typeof PATCH_STATES)[number];

/** A patch with its exact version. For Windows the id alone is the version. */
export interface PinnedPatch {
  readonly id: string;
  readonly title: string;
}

/** A patch on a node, as the last scan or install reported it. */
export interface NodePatch {
  /** Linux: `name.architecture`; Windows: `KB…`. */
  readonly id: string;
  /** Linux: the full `name.arch:epoch:version-release` (rpm) or `name.arch:version` (dpkg); Windows: the update's title, may be empty. */
  readonly title: string;
  readonly state: PatchState;
  readonly classification: string;
  readonly severity: string;
}

/** The counts of a node's last scan or install, as DescribeInstancePatchStates gives them. */
export interface NodePatchState {
  readonly node: NodeId;
  readonly baselineId: string;
  readonly operation: 'Scan' | 'Install';
  readonly endedAt: string;
  readonly installed: number;
  readonly installedOther: number;
  readonly missing: number;
  readonly failed: number;
  readonly pendingReboot: number;
  readonly rejected: number;
  readonly criticalNonCompliant: number;
  readonly securityNonCompliant: number;
}

/** Compliant: nothing missing, nothing failed, nothing pending a reboot. Unknown: not scanned, or not to be scanned. */
export type ComplianceStatus = 'compliant' | 'non-compliant' | 'unknown';
export const complianceOf = (state: NodePatchState): ComplianceStatus =>
  state.missing === 0 && state.failed === 0 && state.pendingReboot === 0 ? 'compliant' : 'non-compliant';
