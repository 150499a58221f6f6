import type { ManagedNode } from '../fleet.js';
import type { Selector } from '../selectors.js';
import type { Place } from './findings.js';

/** What patches nodes in one location today, as Systems Manager keeps it. A plain description: no client, no clock. */
export interface Estate extends Place {
  readonly windows: readonly EstateWindow[];
  readonly baselines: readonly EstateBaseline[];
  readonly registrations: readonly Registration[];
  readonly nodes: readonly ManagedNode[];
}

/** What aws/ reads of it; the nodes come from the inventory. */
export type EstateSettings = Pick<Estate, 'windows' | 'baselines' | 'registrations'>;

/** A maintenance window as SSM tells it. Hours; dates as they were written. */
export interface EstateWindow {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  /** `cron(…)`, `rate(…)` or `at(…)`. */
  readonly schedule: string;
  readonly timezone: string | null;
  readonly offset: number | null;
  readonly duration: number;
  readonly cutoff: number;
  readonly startDate: string | null;
  readonly endDate: string | null;
  readonly targets: readonly EstateTarget[];
  readonly tasks: readonly EstateTask[];
}

/** Nodes that match every selector. */
export interface EstateTarget {
  readonly id: string;
  readonly selectors: readonly Selector[];
}

export interface EstateTask {
  readonly id: string;
  readonly name: string | null;
  /** RUN_COMMAND, AUTOMATION, LAMBDA or STEP_FUNCTIONS. */
  readonly kind: string;
  readonly document: string;
  readonly priority: number;
  readonly selectors: readonly Selector[];
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly maxConcurrency: string | null;
  readonly maxErrors: string | null;
  /** What else is set on the task, by SSM's names: of these nothing is carried over. */
  readonly settings: readonly string[];
}

export interface EstateBaseline {
  readonly id: string;
  readonly name: string;
  /** SSM's name of the operating system, also of those that Patchtide does not know. */
  readonly os: string;
  /** The account's own, not one of AWS's. */
  readonly own: boolean;
  /** Holds for nodes of this system whose patch group is registered to no other. */
  readonly isDefault: boolean;
  readonly rules: readonly EstateRule[];
  readonly globalFilters: readonly Selector[];
  readonly approved: readonly string[];
  readonly approvedNonSecurity: boolean;
  readonly rejected: readonly string[];
  /** ALLOW_AS_DEPENDENCY or BLOCK. */
  readonly rejectedAction: string;
  /** Names of repositories of its own. */
  readonly sources: readonly string[];
}
export interface EstateRule {
  readonly filters: readonly Selector[];
  readonly approveAfterDays: number | null;
  readonly approveUntil: string | null;
  readonly nonSecurity: boolean;
  readonly level: string;
}

/** A patch group that is registered to a baseline. */
export interface Registration {
  readonly patchGroup: string;
  readonly baselineId: string;
  readonly os: string;
}
