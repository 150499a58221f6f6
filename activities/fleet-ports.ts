import type { BaselineRule } from '../domain/baseline-rules.js';
import type { Examination } from '../domain/doctor/examination.js';
import type { AccountDocument } from '../domain/documents/types.js';
import type { ManagedNode, NodePatch, NodePatchState, OperatingSystem } from '../domain/fleet.js';
import type { AccountId, Instant, Location, NodeId } from '../domain/ids.js';
import type { EstateSettings } from '../domain/import/estate.js';
import type { OtherPatching } from '../domain/other-patching.js';
import type { TargetGroups } from './health-ports.js';
import type { RootVolumes } from './rollback-ports.js';
import type { BeforeSend } from './send-ports.js';
import type { SnapshotKeeping } from './snapshot-ports.js';

/* What the activities ask of AWS; `aws/` implements it, tests may. */

/**
 * Why AWS did not do what was asked.
 * `effect: 'none'` promises that nothing happened there; `unknown` means that it may have, so that the caller
 * looks for its key before it sends again.
 */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: FleetErrorCode;
  readonly effect: 'none' | 'unknown';
  readonly location: Location;
  readonly operation: string;
  constructor(details: {
    code: FleetErrorCode;
    effect: 'none' | 'unknown';
    location: Location;
    operation: string;
    message: string;
    cause?: unknown;
  }) {
    super(details.message, { cause: details.cause });
    this.code = details.code;
    this.effect = details.effect;
    this.location = details.location;
    this.operation = details.operation;
  }
}
/**
 * `throttled`: slow down and try again. `denied`: a right or a role is missing. `unreachable`: no answer, or a 5xx.
 * `not-yet`: AWS is eventually consistent and does not show it yet. `rejected`: the request is wrong; the same request stays wrong.
 * `not-sent`: AWS was not asked, since the store's leave to send came too late, or another attempt had taken over.
 */
export type FleetErrorCode = 'throttled' | 'denied' | 'unreachable' | 'not-yet' | 'rejected' | 'not-sent';

/** States of an invocation of a command on one node, folded to what decides. */
export type InvocationStatus = 'running' | 'success' | 'failed' | 'timed-out' | 'undeliverable' | 'cancelled';

export interface CommandRequest {
  /** The deterministic key that goes into `Comment` (at most 100 characters): what a look-up finds. */
  readonly key: string;
  readonly document: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** At most 50. */
  readonly nodes: readonly NodeId[];
  /** How long a node may take to execute, in seconds. */
  readonly executionTimeout: number;
}
export interface Command {
  readonly commandId: string;
  readonly key: string;
  readonly status: 'running' | 'ended';
}
export interface Invocation {
  readonly node: NodeId;
  readonly status: InvocationStatus;
  /** AWS's own word for it (StatusDetails). */
  readonly detail: string;
  /** Where its output lies (AWS's link, or the `s3://` folder); null where none is kept. */
  readonly outputUrl: string | null;
}
export interface Snapshot {
  readonly snapshotId: string;
  readonly node: NodeId;
  readonly volume: string;
  readonly key: string;
  readonly status: 'pending' | 'completed' | 'error';
}
export interface Automation {
  readonly executionId: string;
  readonly status: 'running' | 'success' | 'failed' | 'timed-out' | 'cancelled';
  readonly message: string;
}
export interface BaselineRequest {
  /** The PatchBaseline document's name, or `everything`. */
  readonly baseline: string;
  readonly os: OperatingSystem;
  readonly rules: readonly BaselineRule[];
  readonly approved: readonly string[];
  readonly rejected: readonly string[];
  readonly patchGroups: readonly string[];
}
export type { BaselineRule };
export interface RegisteredBaseline {
  readonly baselineId: string;
  readonly patchGroup: string;
  /** True where the group was registered to a baseline that is not ours; it is left as it is. */
  readonly foreign: boolean;
}

/**
 * A fleet on AWS. Every call takes a location, reaches it with that account's role and external id, pages to the end, and
 * throws FleetError and nothing else. Calls without a client token are sent exactly once: retrying is the caller's.
 */
export interface Fleet extends RootVolumes, SnapshotKeeping, TargetGroups {
  /** All nodes of a location (EC2 instances and hybrid nodes, SSM's knowledge joined in) that bear all of these tags. */
  findNodes(at: Location, tags: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ManagedNode[]>;
  /** These nodes as they are now; a node that is gone is left out. Costs one call for each hybrid node, for its tags. */
  describeNodes(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<ManagedNode[]>;
  /** Those of these nodes whose agent is online, at 50 a call to AWS; the others are offline, gone, or never registered. */
  onlineNodes(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<NodeId[]>;

  sendCommand(
    at: Location,
    request: CommandRequest,
    signal: AbortSignal,
    beforeSend?: BeforeSend,
  ): Promise<{ commandId: string }>;
  /** The commands sent at or after `since` whose key starts with `keyPrefix`. */
  listCommands(at: Location, query: { keyPrefix: string; since: Instant }, signal: AbortSignal): Promise<Command[]>;
  listInvocations(at: Location, commandId: string, signal: AbortSignal): Promise<Invocation[]>;
  cancelCommand(at: Location, commandId: string, signal: AbortSignal): Promise<void>;

  /** At most 50 nodes a call to AWS; absent nodes were never scanned. */
  patchStates(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<NodePatchState[]>;
  patches(at: Location, node: NodeId, signal: AbortSignal): Promise<NodePatch[]>;
  ensureBaseline(at: Location, request: BaselineRequest, signal: AbortSignal): Promise<RegisteredBaseline[]>;

  /** All volumes of one instance at once, each snapshot tagged with the key, the cycle and the stage. */
  createSnapshots(
    at: Location,
    request: { key: string; node: NodeId; tags: Readonly<Record<string, string>> },
    signal: AbortSignal,
    beforeSend?: BeforeSend,
  ): Promise<Snapshot[]>;
  /** All snapshots whose key starts with the prefix. */
  findSnapshots(at: Location, keyPrefix: string, signal: AbortSignal): Promise<Snapshot[]>;

  /** `token` is a UUID: the same token is the same execution. */
  startAutomation(
    at: Location,
    request: { token: string; document: string; parameters: Readonly<Record<string, readonly string[]>> },
    signal: AbortSignal,
  ): Promise<{ executionId: string }>;
  automation(at: Location, executionId: string, signal: AbortSignal): Promise<Automation>;
  stopAutomation(at: Location, executionId: string, signal: AbortSignal): Promise<void>;

  /** Starting what runs and stopping what is stopped do nothing, so these may be repeated. */
  startInstances(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<void>;
  stopInstances(at: Location, nodes: readonly NodeId[], signal: AbortSignal): Promise<void>;
  /** As the button on a machine would; without a token, so sent twice it happens twice (`beforeSend` as above). */
  rebootInstance(at: Location, node: NodeId, signal: AbortSignal, beforeSend?: BeforeSend): Promise<void>;
  /** Tags instances and hybrid nodes; the same twice is once. */
  tagNodes(
    at: Location,
    nodes: readonly NodeId[],
    tags: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Takes tags off a node, whatever their value; one that it does not bear is off already. */
  untagNode(at: Location, node: NodeId, tags: readonly string[], signal: AbortSignal): Promise<void>;
  /** EC2's word for each instance's state (`pending`, `running`, `stopping`, `stopped`); one that is gone is left out. */
  instanceStates(
    at: Location,
    nodes: readonly NodeId[],
    signal: AbortSignal,
  ): Promise<{ node: NodeId; state: string }[]>;

  /** What of the account's own patches nodes there: enabled maintenance windows, associations, patch policies. */
  otherPatching(at: Location, signal: AbortSignal): Promise<OtherPatching[]>;
  /** The windows, baselines and patch groups of a location as SSM keeps them. One call for each task and baseline. */
  estate(at: Location, signal: AbortSignal): Promise<EstateSettings>;

  /** Writes an object to the location's bucket and answers with its `s3://` path; the same name and body twice is once. */
  putObject(at: Location, name: string, body: string, signal: AbortSignal): Promise<string>;
}

/** Looks at what works in a location, and what a role may do. */
export interface Examiner {
  /**
   * Asks each question by itself and within its own time (half a minute at most in all); whatever AWS answers, or does not,
   * is a finding. Nothing is changed but one small object that is written to the bucket, always the same.
   * @throws the signal's reason when it is aborted
   */
  examine(at: Location, signal: AbortSignal): Promise<Examination>;
}

/** Looks up accounts for the AWS adapters. */
export interface AccountDirectory {
  account(id: AccountId): Promise<AccountDocument>;
}
