import type { ResolvedStage } from './documents/types.js';

export type StepKind =
  | 'start'
  | 'check'
  | 'snapshot'
  | 'before'
  | 'install'
  | 'reboot'
  | 'agent-back'
  | 'scan'
  | 'after'
  | 'ec2-reboot'
  | 'back-from-reboot'
  | 'ec2-reboot-again'
  | 'back-from-reboot-again'
  | 'restore'
  | 'back-from-restore'
  | 'boot-after'
  | 'scan-again'
  | 'after-again'
  | 'set-aside'
  | 'stop';

export interface StepRule {
  /** A node that the step has begun on is touched: it is finished, whatever the clock says. */
  readonly touches: boolean;
  /**
   * Which nodes of the batch take it. `well`: those without a problem; `well-instances`: of those, EC2's; `stopped`: of
   * those, what is to be started and is stopped now; `started`: those that the batch started; `installed`: those whose
   * install began, and `answering`: of those, the ones that do not hang; `changed`: those whose before tasks or install
   * began and that do not hang; `hung`: those whose agent was not back in time, each step its own share of them.
   */
  readonly takenBy: 'stopped' | 'well' | 'well-instances' | 'installed' | 'answering' | 'changed' | 'hung' | 'started';
  /**
   * What failing it means for a node. `problem`: it takes no further step but those that find out the truth and tidy up.
   * `fault`: it goes on, and its verdict is `failed`. `ignored`: it is kept with the step, and nothing else.
   */
  readonly failure: 'problem' | 'fault' | 'ignored';
}

/** All that the steps of a batch differ in, in the order in which they are taken. What each does is in step-effects.ts. */
const STEPS: Readonly<Record<StepKind, StepRule>> = {
  start: { touches: true, takenBy: 'stopped', failure: 'problem' },
  check: { touches: false, takenBy: 'well', failure: 'problem' },
  snapshot: { touches: false, takenBy: 'well-instances', failure: 'problem' },
  before: { touches: true, takenBy: 'well', failure: 'problem' },
  install: { touches: true, takenBy: 'well', failure: 'problem' },
  reboot: { touches: true, takenBy: 'well', failure: 'fault' },
  'agent-back': { touches: false, takenBy: 'installed', failure: 'problem' },
  scan: { touches: false, takenBy: 'answering', failure: 'problem' },
  after: { touches: false, takenBy: 'changed', failure: 'fault' },
  'ec2-reboot': { touches: true, takenBy: 'hung', failure: 'ignored' },
  'back-from-reboot': { touches: false, takenBy: 'hung', failure: 'ignored' },
  'ec2-reboot-again': { touches: true, takenBy: 'hung', failure: 'ignored' },
  'back-from-reboot-again': { touches: false, takenBy: 'hung', failure: 'ignored' },
  restore: { touches: true, takenBy: 'hung', failure: 'ignored' },
  'back-from-restore': { touches: false, takenBy: 'hung', failure: 'ignored' },
  'boot-after': { touches: false, takenBy: 'hung', failure: 'ignored' },
  'scan-again': { touches: false, takenBy: 'hung', failure: 'ignored' },
  'after-again': { touches: false, takenBy: 'hung', failure: 'fault' },
  'set-aside': { touches: false, takenBy: 'hung', failure: 'ignored' },
  stop: { touches: false, takenBy: 'started', failure: 'fault' },
};

/** One step of a batch: `before`, `after` and `after-again` are numbered from 1 (`before-1`), one for each task of the plan. */
export interface Step extends StepRule {
  readonly kind: StepKind;
  /** Null for a step that is no task. */
  readonly task: number | null;
}

/** Reads a step's name under the rules of its stage. @throws Error for a name that no batch takes. */
export function stepOf(name: string, { snapshot }: Pick<ResolvedStage, 'snapshot'>): Step {
  const [, before, number] = /^(before|after|after-again)-([1-9]\d*)$/.exec(name) ?? [];
  const kind = before ?? name;
  if (!isStepKind(kind) || (isTask(kind) && number === undefined)) {
    throw new Error(`Step ${name} is not one that a batch takes.`);
  }
  const rule = STEPS[kind];
  // A snapshot that nobody waits for may fail at any time later, and stops nothing.
  const failure = kind === 'snapshot' && snapshot !== 'await' ? 'ignored' : rule.failure;
  return { kind, task: number === undefined ? null : Number(number), ...rule, failure };
}

/** The names of the steps of these kinds that a batch of the stage takes, in order. */
export const stepNames = (policy: ResolvedStage, wanted: (rule: StepRule, kind: StepKind) => boolean): string[] =>
  (Object.keys(STEPS) as StepKind[])
    .filter((kind) => wanted(STEPS[kind], kind))
    .flatMap((kind) => (isTask(kind) ? tasksOf(policy, kind).map((_task, index) => `${kind}-${index + 1}`) : [kind]));

/** The plan's tasks of that kind. */
export const tasksOf = ({ tasks }: Pick<ResolvedStage, 'tasks'>, kind: TaskStep) =>
  kind === 'before' ? tasks.beforeNode : tasks.afterNode;

const isStepKind = (text: string): text is StepKind => Object.hasOwn(STEPS, text);
type TaskStep = 'before' | 'after' | 'after-again';
export const isTask = (kind: StepKind): kind is TaskStep =>
  kind === 'before' || kind === 'after' || kind === 'after-again';
