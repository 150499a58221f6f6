import type { OperatingSystem } from '../fleet.js';
import type { AccountId, PlanName, Region, StageName } from '../ids.js';

/** ISO 8601 durations stay text in documents; here they are milliseconds. */
export type Milliseconds = number;

/** A count of nodes, or a share of them in percent (0 to 100]. */
export type NodeLimit = { readonly nodes: number } | { readonly percent: number };

/** A Run Command or Automation document that runs before or after patching. */
export interface Task {
  readonly document: string;
  readonly kind: 'command' | 'automation';
  /** Run Command tasks of a node run only on this family; null: on every node. */
  readonly os: 'linux' | 'windows' | null;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly timeout: Milliseconds;
}

export interface StageTasks {
  readonly beforeStage: readonly Task[];
  readonly beforeNode: readonly Task[];
  readonly afterNode: readonly Task[];
  readonly afterStage: readonly Task[];
}

export interface ApprovalPolicy {
  readonly roles: readonly string[];
  readonly quorum: number;
  readonly decideWithin: Milliseconds;
}

/** What is waited for after each zone. A stage without it waits for nothing. */
export interface HealthPolicy {
  /** How long the nodes are left alone before anybody asks whether they are well. */
  readonly settle: Milliseconds;
  /** How long the checks may take to find everything well. */
  readonly within: Milliseconds;
  readonly checks: readonly HealthCheck[];
}
export type HealthCheck =
  | { readonly http: string; readonly expect: number; readonly timeout: Milliseconds }
  | { readonly targetGroup: string }
  | { readonly command: string; readonly os: 'linux' | 'windows'; readonly timeout: Milliseconds };

/** A stage with every default written out. */
export interface ResolvedStage {
  readonly name: StageName;
  readonly patchGroups: readonly string[];
  /** The name of a PatchBaseline document; null: everything available, OS patches only. */
  readonly baseline: string | null;
  /** A MaintenanceWindow's name for all nodes, or null: the window in the node's tag, else the window `default`. */
  readonly window: string | null;
  readonly waves: {
    readonly by: 'zone';
    readonly regions: 'parallel' | 'one-by-one';
    readonly maxUnavailable: NodeLimit;
    readonly pauseAfterFailures: NodeLimit;
  };
  /**
   * How many windows more nodes may wait for that were not reached in theirs, before an operator is asked; and the share of
   * the targets at which the stage is done.
   */
  readonly carryOver: { readonly windows: number; readonly doneAt: { readonly percent: number } };
  readonly snapshot: 'none' | 'start' | 'await';
  /** How long snapshots are kept after the soak. */
  readonly keepSnapshots: Milliseconds;
  readonly tasks: StageTasks;
  readonly reboot: 'if-needed' | 'always' | 'never';
  readonly stopped: 'skip' | 'start';
  readonly timeouts: { readonly install: Milliseconds; readonly snapshot: Milliseconds };
  readonly soak: Milliseconds;
  readonly health: HealthPolicy | null;
  readonly approval: ApprovalPolicy | null;
  readonly onFailure: 'ask' | 'stop' | 'rollback';
  /** What becomes of a node that EC2's reboot does not bring back either; its root volume is restored before it is set aside. */
  readonly onHung: 'set-aside' | 'restore';
  /** What an untested patch that a dependency pulled in does to the stage's gate. */
  readonly surplus: 'ask' | 'allow';
}

/** A plan with every default written out: what `?expand=defaults` and preview show, and what cycles carry out. */
export interface ResolvedPlan {
  readonly name: PlanName;
  readonly owner: string;
  readonly version: number;
  readonly start: PlanStart | null;
  readonly nodes: {
    /** Names of Account documents; null: all registered accounts. */
    readonly accounts: readonly string[] | null;
    /** Null: all Regions of the accounts. */
    readonly regions: readonly Region[] | null;
    readonly tags: Readonly<Record<string, string>>;
  };
  readonly stages: readonly ResolvedStage[];
}

/** When a plan starts by itself: the nth weekday of each month plus days, or a cron expression, in a named time zone. */
export type PlanStart = { readonly timezone: string } & (
  | { readonly nth: number; readonly weekday: Weekday; readonly plusDays: number; readonly at: string }
  | { readonly cron: string }
);
export type Weekday = 'MON' | 'TUE' | 'WED' | 'THU' | 'FRI' | 'SAT' | 'SUN';

/** An AWS account as its document describes it. */
export interface AccountDocument {
  readonly name: string;
  readonly id: AccountId;
  readonly roleArn: string;
  /** Stored per account and never supplied by a caller. */
  readonly externalId: string | null;
  readonly regions: readonly Region[];
  /** At a time, in each Region, over all cycles; where it does not say, DEFAULT_PENDING_SNAPSHOTS. */
  readonly pendingSnapshots?: number;
}

/** When nodes may be patched. */
export interface MaintenanceWindow {
  readonly name: string;
  readonly version: number;
  readonly schedule:
    | { readonly nth: number; readonly weekday: Weekday; readonly plusDays: number; readonly at: string }
    | { readonly cron: string }
    | { readonly always: true };
  readonly timezone: string;
  /** Null: PT4H plus PT1H per 50 nodes of the window, at most PT24H. */
  readonly duration: Milliseconds | null;
  readonly cutoff: Milliseconds;
}

/** Which patches are approved, when; `any` stands for every value. */
export interface PatchBaseline {
  readonly name: string;
  readonly version: number;
  readonly rules: readonly {
    readonly os: OperatingSystem | 'any';
    readonly classification: string;
    readonly severity: string;
    readonly approveAfterDays: number;
  }[];
  readonly approved: readonly string[];
  readonly rejected: readonly string[];
}
