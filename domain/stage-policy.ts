import type { ApprovalPolicy, Milliseconds, NodeLimit, ResolvedStage } from './documents/types.js';
import type { StageName } from './ids.js';

/** What the workflows need to know of a stage's rules; tasks and selectors stay in the manifest. */
export interface StagePolicy {
  readonly name: StageName;
  /** The last stage has nobody to prove anything for: no patch set is harvested from it. */
  readonly last: boolean;
  readonly approval: ApprovalPolicy | null;
  readonly soak: Milliseconds;
  /** After each zone; null for nothing. What is checked stands in the manifest. */
  readonly health: { readonly settle: Milliseconds; readonly within: Milliseconds; readonly checks: number } | null;
  readonly onFailure: ResolvedStage['onFailure'];
  readonly surplus: ResolvedStage['surplus'];
  readonly pauseAfterFailures: NodeLimit;
  readonly regions: ResolvedStage['waves']['regions'];
  /**
   * How many windows more nodes that were not reached in theirs may wait for before an operator is asked, and at which share of
   * its nodes, in percent, the stage is done without them.
   */
  readonly carryOver: { readonly windows: number; readonly doneAt: number };
  readonly steps: BatchSteps;
  /** How many tasks run for the whole stage, before its first window's first wave and after its last. */
  readonly stageTasks: { readonly before: number; readonly after: number };
}

/** The steps that each batch of the stage takes; the same in every wave. */
export interface BatchSteps {
  readonly startStopped: boolean;
  readonly snapshot: ResolvedStage['snapshot'];
  readonly beforeTasks: number;
  readonly afterTasks: number;
  readonly reboot: ResolvedStage['reboot'];
  readonly onHung: ResolvedStage['onHung'];
}

export const stagePolicy = (stage: ResolvedStage, last: boolean): StagePolicy => ({
  name: stage.name,
  last,
  approval: stage.approval,
  soak: stage.soak,
  health: stage.health && { ...stage.health, checks: stage.health.checks.length },
  onFailure: stage.onFailure,
  surplus: stage.surplus,
  pauseAfterFailures: stage.waves.pauseAfterFailures,
  regions: stage.waves.regions,
  carryOver: { windows: stage.carryOver.windows, doneAt: stage.carryOver.doneAt.percent },
  steps: {
    startStopped: stage.stopped === 'start',
    snapshot: stage.snapshot,
    beforeTasks: stage.tasks.beforeNode.length,
    afterTasks: stage.tasks.afterNode.length,
    reboot: stage.reboot,
    onHung: stage.onHung,
  },
  stageTasks: { before: stage.tasks.beforeStage.length, after: stage.tasks.afterStage.length },
});
