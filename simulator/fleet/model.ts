/** The fleet's entities, as they lie in memory and in the journal. Times are epoch milliseconds: wall time, or fleet time where the name says so. */
export const OPERATING_SYSTEMS = ['amazon-linux-2023', 'ubuntu-22.04', 'windows-server-2022'] as const;
export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number];

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface Volume {
  id: string;
  device: string;
  sizeGb: number;
  root: boolean;
  /** Of a volume that took another's place; the others are as old as their instance. */
  createdAt?: number;
  snapshot?: string;
}

/** A volume that is attached to nothing: what a replaced root volume becomes where it is kept. */
export interface LooseVolume extends Volume {
  account: string;
  region: string;
  zoneName?: string;
  zoneId?: string;
}

/** How a node departs from a healthy one. */
export interface Behaviour {
  /** Id pattern of the patches whose install fails on this node. */
  failsToPatch?: string | undefined;
  /** The agent comes back this many times later after a reboot. */
  agentReturnFactor?: number | undefined;
  /** What a reboot loses the agent for: for good, until EC2 reboots the instance, or until its root volume is replaced. */
  agentLost?: 'never-returns' | 'until-reboot' | 'until-restore' | undefined;
  /** Installs begin and never end; only a reboot by EC2 ends them. */
  installHangs?: boolean | undefined;
  /** Free space that the node reports. */
  diskFreeMb?: number | undefined;
  /** The node's role cannot read S3. */
  bucketDenied?: boolean | undefined;
  /** Scripts that contain one of these texts exit with 1. */
  failsCommands?: string[] | undefined;
  /** Snapshots of its volumes end in error, never end, or take twenty times as long. */
  snapshots?: 'error' | 'stuck' | 'slow' | undefined;
  /** Replacements of its root volume fail with the old one still there, fail without one, or never end. */
  restores?: RestoreTrouble | undefined;
}

export type RestoreTrouble = 'fails' | 'fails-detached' | 'stuck';

export interface InstalledPackage {
  version: string;
  installedAt: number;
  pendingReboot: boolean;
}

export interface FleetNode {
  id: string;
  name: string;
  account: string;
  region: string;
  group: string;
  os: OperatingSystem;
  hybrid: boolean;
  zoneName?: string;
  zoneId?: string;
  tags: Record<string, string>;
  state: InstanceState;
  agentOnline: boolean;
  agentVersion: string;
  lastPing: number;
  boots: number;
  bootId: string;
  bootedAt: number;
  launchedAt: number;
  registeredAt: number;
  address: string;
  volumes: Volume[];
  packages: Record<string, InstalledPackage>;
  /** Titles of patches whose last install failed. */
  failed: string[];
  behaviour: Behaviour;
  /** Files that scripts left as marks. */
  files: string[];
  /** Services that a script stopped; a boot starts them again. */
  stoppedServices?: string[];
  /** Where it is on its way through its Auto Scaling group; in service where nothing is said. */
  lifecycle?: 'EnteringStandby' | 'Standby' | 'Pending';
  /** Keys of invocations that run on it, and of those that wait for its agent. */
  running: string[];
  waiting: string[];
}

export type InvocationDetails =
  | 'Pending'
  | 'InProgress'
  | 'Delayed'
  | 'Success'
  | 'DeliveryTimedOut'
  | 'ExecutionTimedOut'
  | 'Failed'
  | 'Cancelled'
  | 'Cancelling'
  | 'Undeliverable'
  | 'Terminated'
  | 'InvalidPlatform'
  | 'AccessDenied';

export interface Command {
  id: string;
  account: string;
  region: string;
  document: string;
  documentVersion: string;
  comment: string;
  parameters: Record<string, string[]>;
  nodes: string[];
  targets: { Key?: string | undefined; Values?: string[] | undefined }[];
  requestedAt: number;
  visibleAt: number;
  expiresFleet: number;
  timeoutSeconds: number;
  maxConcurrency: string;
  maxErrors: string;
  output?: { bucket: string; prefix: string };
  running: number;
  errors: number;
  cancelled: boolean;
}

/** One command on one node. */
export interface Invocation {
  key: string;
  commandId: string;
  node: string;
  details: InvocationDetails;
  startedAt?: number;
  endedAt?: number;
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What an install is going to do, decided when it starts. */
  plan?: InstallPlan;
  /** It never ends by itself. */
  hangs?: true;
  /** It restarted the node and goes on when the agent is back: to its end, or by running once more. */
  rebooting: 'no' | 'end' | 'again';
}

export interface InstallPlan {
  install: { id: string; version: string; title: string }[];
  failed: { title: string; reason: string }[];
  /** The list could not be read: nothing is installed. */
  refused?: string;
}

export interface PatchRow {
  Title: string;
  KBId: string;
  Classification: string;
  Severity: string;
  State: string;
  InstalledTime: number;
  CVEIds?: string;
}

/** What the node told the service at the end of its last scan or install. */
export interface PatchReport {
  node: string;
  patchGroup: string;
  baselineId: string;
  operation: 'Scan' | 'Install';
  startedAt: number;
  endedAt: number;
  snapshotId?: string;
  installOverrideList?: string;
  rebootOption?: string;
  noRebootInstallAt?: number;
  rows: PatchRow[];
  nonCompliant: { critical: number; security: number; other: number };
}

export interface Snapshot {
  id: string;
  account: string;
  region: string;
  volume: string;
  instance: string;
  sizeGb: number;
  description: string;
  tags: Record<string, string>;
  state: 'pending' | 'completed' | 'error';
  startedAt: number;
  visibleAt: number;
  completedAt?: number;
  durationFleet: number;
  /** Of a root volume: what was on it. */
  contents?: RootContents;
}

/** What a replaced root volume brings back. */
export interface RootContents {
  packages: Record<string, InstalledPackage>;
  failed: string[];
  files: string[];
}

export interface RootVolumeTask {
  id: string;
  account: string;
  region: string;
  instance: string;
  state: 'pending' | 'in-progress' | 'failing' | 'succeeded' | 'failed' | 'failed-detached';
  /** None: back to how the instance was launched. */
  snapshot?: string;
  deletesOldVolume: boolean;
  clientToken: string;
  tags: Record<string, string>;
  startedAt: number;
  visibleAt: number;
  completedAt?: number;
}

export interface Automation {
  id: string;
  account: string;
  region: string;
  document: string;
  parameters: Record<string, string[]>;
  clientToken?: string;
  mode: string;
  status: 'InProgress' | 'Success' | 'Failed' | 'Cancelled';
  failure?: string;
  startedAt: number;
  endedAt?: number;
  tags: Record<string, string>;
}

/** Credentials that AssumeRole gave out, by access key. */
export interface Session {
  account: string;
  arn: string;
  expiresAt: number;
}

export interface StoredObject {
  bucket: string;
  key: string;
  body: string;
  contentType: string;
  etag: string;
  metadata: Record<string, string>;
  modifiedAt: number;
}

/** What is due at a moment of fleet time. */
export type FleetEvent =
  | { kind: 'deliver'; invocation: string }
  | { kind: 'delivery-timeout'; invocation: string }
  | { kind: 'execution-timeout'; invocation: string }
  | { kind: 'patches-applied'; invocation: string }
  | { kind: 'finish'; invocation: string }
  | { kind: 'cancel'; invocation: string }
  | { kind: 'agent-back'; node: string; boot: number }
  | { kind: 'instance-state'; node: string; to: InstanceState }
  | { kind: 'snapshot-ends'; snapshot: string; as: 'completed' | 'error' }
  | { kind: 'automation-ends'; automation: string }
  | { kind: 'root-volume-task'; task: string; to: RootVolumeTask['state'] }
  | { kind: 'lifecycle'; node: string; to: 'Standby' | 'InService' };

export interface ScheduledEvent {
  id: string;
  at: number;
  order: number;
  event: FleetEvent;
}
