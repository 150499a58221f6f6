import type { NodeId } from '../ids.js';
import { compareText, firstDifference } from '../order.js';
import { documentName, isPatchDocument, operationOf } from '../other-patching.js';
import type { EstateTask, EstateWindow } from './estate.js';
import type { FindingCode } from './findings.js';

const PATCH = 'AWS-RunPatchBaseline';
const PATCH_WITH_HOOKS = 'AWS-RunPatchBaselineWithHooks';
/** A hook that does nothing. */
const NO_HOOK = 'AWS-Noop';
const HOOKS = { before: ['PreInstallHookDocName'], after: ['PostInstallHookDocName', 'OnExitHookDocName'] } as const;
/** How long a script of AWS's documents may run where nothing else is said (their parameter executionTimeout). */
const SCRIPT_SECONDS = 3_600;
const LONGEST_SECONDS = 48 * 3_600;
/** What a maintenance window fills in: pseudo parameters. */
const PSEUDO = /\{\{\s*([A-Za-z_:]+)\s*\}\}/;
/** The node itself, which Patchtide gives to an Automation as InstanceId. */
const THE_NODE = /^\{\{\s*(RESOURCE_ID|TARGET_ID)\s*\}\}$/;

/** A task as a plan writes it. */
export interface TaskSpec {
  readonly document: string;
  readonly kind?: 'automation';
  readonly os?: 'linux' | 'windows';
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  readonly timeout: string;
}

/** What a stage takes from a task of a window that installs patches, and from the tasks around it. */
export interface Patching {
  /** Null where only AWS can tell. */
  readonly nodes: ReadonlySet<NodeId> | null;
  readonly settings: PatchingSettings;
}
export interface PatchingSettings {
  readonly reboot: 'if-needed' | 'never';
  readonly maxUnavailable: string | number | null;
  readonly pauseAfterFailures: string | number | null;
  readonly tasks: {
    readonly beforeStage: readonly TaskSpec[];
    readonly beforeNode: readonly TaskSpec[];
    readonly afterNode: readonly TaskSpec[];
    readonly afterStage: readonly TaskSpec[];
  };
}

export type Tell = (code: FindingCode, message: string, of?: string) => void;
type NodesOf = (task: EstateTask) => ReadonlySet<NodeId> | null;

/** What the window's tasks that install patches come to, each with the tasks around it; told in the order of priority. */
export function translatePatching(window: EstateWindow, subject: string, nodesOf: NodesOf, tell: Tell): Patching[] {
  const tasks = [...window.tasks].sort((a, b) =>
    firstDifference(a.priority - b.priority, compareText(a.name ?? '', b.name ?? ''), compareText(a.id, b.id)),
  );
  const installs = tasks.filter((task) => patchingOf(task) === 'ours');
  const others = tasks.filter((task) => patchingOf(task) !== 'ours');
  const labelOf = (task: EstateTask) => `${subject}, task ${task.name ?? task.document}`;
  if (installs.length === 0) {
    const strange = others.find((task) => patchingOf(task) === 'other');
    if (strange) tell('patch-document', strangely(strange), labelOf(strange));
    else if (others.some((task) => patchingOf(task) === 'scan')) tell('window-scan-only', 'It only scans.');
    else tell('window-not-patching', 'None of its tasks installs patches.');
    return [];
  }
  const aside = new Set<EstateTask>();
  const around = others.filter((task) => {
    const refusal = refusalOf(task);
    if (refusal !== null) {
      aside.add(task);
      tell(refusal.code, refusal.message, labelOf(task));
    }
    return refusal === null;
  });
  const patching = installs.map((install) => {
    const nodes = nodesOf(install);
    if (nodes === null)
      tell('window-targets', 'It targets a resource group, whose nodes are not known here.', labelOf(install));
    const near = around.filter((task) => surrounds(task, install, nodes, nodesOf));
    for (const task of near) aside.add(task);
    return { nodes, settings: settingsOf(install, near, labelOf, tell) };
  });
  for (const task of around)
    if (!aside.has(task))
      tell('task-targets', 'It runs on other nodes than the patches, or on some of them only.', labelOf(task));
  return patching;
}

/** `ours`: it installs as Patchtide does. `other`: it patches in a way of its own. Null: it does not patch. */
function patchingOf({ kind, document, parameters }: EstateTask): 'ours' | 'scan' | 'other' | null {
  if (!isPatchDocument(document)) return null;
  const operation = operationOf(document, parameters);
  if (operation === 'scan') return 'scan';
  const known = kind === 'RUN_COMMAND' && [PATCH, PATCH_WITH_HOOKS].includes(documentName(document));
  return known && operation === 'install' ? 'ours' : 'other';
}

const strangely = ({ document }: EstateTask): string => `It patches with ${document}, in a way of its own.`;

/** Why a task around the patches cannot be one of ours, whatever it runs on; null where it can. */
function refusalOf(task: EstateTask): { readonly code: FindingCode; readonly message: string } | null {
  const { kind, document } = task;
  if (kind === 'LAMBDA')
    return { code: 'task-kind', message: `It calls the Lambda function ${document}: Patchtide runs SSM documents.` };
  if (kind === 'STEP_FUNCTIONS')
    return { code: 'task-kind', message: `It starts the state machine ${document}: Patchtide runs SSM documents.` };
  if (kind !== 'RUN_COMMAND' && kind !== 'AUTOMATION')
    return { code: 'task-kind', message: `It is of the kind ${kind}.` };
  const patching = patchingOf(task);
  if (patching === 'other') return { code: 'patch-document', message: strangely(task) };
  if (patching === 'scan')
    return {
      code: 'window-scan-only',
      message: 'It scans beside the patches: Patchtide scans before and after by itself.',
    };
  const pseudo = pseudoIn(task);
  return pseudo === null
    ? null
    : { code: 'task-parameters', message: `Its parameters hold ${pseudo}, which only a maintenance window fills in.` };
}

/** The pseudo parameter that a task needs filled in; of an Automation on nodes the node itself is. */
function pseudoIn(task: EstateTask): string | null {
  const values = Object.entries(task.parameters).flatMap(([name, all]) =>
    isNodeItself(task, name) ? [] : all.flatMap((value) => PSEUDO.exec(value)?.[0] ?? []),
  );
  return values[0] ?? null;
}
const isNodeItself = (task: EstateTask, name: string): boolean =>
  task.kind === 'AUTOMATION' &&
  task.selectors.length > 0 &&
  name === 'InstanceId' &&
  (task.parameters[name] ?? []).every((value) => THE_NODE.test(value));

/** Whether a task runs on all the nodes of the patches, or on none in particular. */
function surrounds(
  task: EstateTask,
  install: EstateTask,
  nodes: ReadonlySet<NodeId> | null,
  nodesOf: NodesOf,
): boolean {
  if (task.selectors.length === 0) return true;
  if (JSON.stringify(task.selectors) === JSON.stringify(install.selectors)) return true;
  const own = nodesOf(task);
  return own !== null && nodes !== null && nodes.size > 0 && [...nodes].every((node) => own.has(node));
}

function settingsOf(
  install: EstateTask,
  near: readonly EstateTask[],
  labelOf: (task: EstateTask) => string,
  tell: Tell,
): PatchingSettings {
  checkParameters(install, labelOf(install), tell);
  const tasks = { beforeStage: [], beforeNode: [], afterNode: [], afterStage: [] } as Record<
    keyof PatchingSettings['tasks'],
    TaskSpec[]
  >;
  const hooks = {
    before: hooksOf(install, 'before'),
    after: hooksOf(install, 'after'),
  };
  const all = [...hooks.before, ...hooks.after];
  if (all.length > 0) tell('hooks', `Its hooks ${all.join(', ')} become tasks.`, labelOf(install));
  // Hooks are nearest to the patch.
  tasks.afterNode.push(...hooks.after.map(asTask));
  for (const task of near) {
    if (task.priority === install.priority) {
      tell('task-at-once', 'It runs at the same time as the patches (the same priority).', labelOf(task));
      continue;
    }
    const when = task.priority < install.priority ? 'before' : 'after';
    tasks[`${when}${task.selectors.length === 0 ? 'Stage' : 'Node'}`].push(taskSpec(task));
    tell('task-order', orderOf(task, when), labelOf(task));
    if (task.settings.length > 0)
      tell('task-settings', `It sets ${task.settings.join(', ')}, of which nothing is carried over.`, labelOf(task));
    if (secondsOf(task) === null)
      tell('task-timeout', 'It names no time after which it has failed: an hour is written.', labelOf(task));
  }
  tasks.beforeNode.push(...hooks.before.map(asTask));
  return {
    reboot: install.parameters.RebootOption?.[0] === 'NoReboot' ? 'never' : 'if-needed',
    maxUnavailable: limitOf(install.maxConcurrency, 0),
    pauseAfterFailures: limitOf(install.maxErrors, 1),
    tasks,
  };
}

const hooksOf = (install: EstateTask, when: keyof typeof HOOKS): string[] =>
  HOOKS[when].flatMap((name) => install.parameters[name]?.[0] ?? []).filter((hook) => hook !== '' && hook !== NO_HOOK);
const asTask = (document: string): TaskSpec => ({ document, timeout: 'PT1H' });

const orderOf = ({ selectors }: EstateTask, when: 'before' | 'after'): string =>
  selectors.length === 0
    ? `It runs once for a window in AWS, and here once for the stage in each account and Region, ${when} all patches.`
    : `It runs on all nodes in AWS ${when} the patches, and here around each batch; after tasks run past the cutoff too.`;

const KNOWN_PARAMETERS = ['Operation', 'RebootOption', ...HOOKS.before, ...HOOKS.after];

function checkParameters(install: EstateTask, label: string, tell: Tell): void {
  for (const [name, values] of Object.entries(install.parameters)) {
    const value = values.join(', ');
    if (!KNOWN_PARAMETERS.includes(name) && value !== '')
      tell('patch-parameter', `It sets ${name} to ${value}.`, label);
  }
  if (install.maxConcurrency !== null)
    tell('max-concurrency', `MaxConcurrency ${install.maxConcurrency} counts over all of its targets.`, label);
  if (install.maxErrors !== null)
    tell('max-errors', `MaxErrors ${install.maxErrors} stops sending after that many errors of its targets.`, label);
  if (install.settings.length > 0)
    tell('task-settings', `It sets ${install.settings.join(', ')}, of which nothing is carried over.`, label);
}

/** AWS stops after more than MaxErrors errors, Patchtide at so many: hence `more`. */
function limitOf(written: string | null, more: number): string | number | null {
  if (written === null) return null;
  if (!written.endsWith('%')) return Number(written) + more;
  return written === '0%' ? 1 : written;
}

function taskSpec(task: EstateTask): TaskSpec {
  const document = task.document;
  const name = documentName(document);
  const parameters = Object.fromEntries(
    Object.entries(task.parameters).filter(([parameter]) => !isNodeItself(task, parameter)),
  );
  return {
    document,
    ...(task.kind === 'AUTOMATION' ? ({ kind: 'automation' } as const) : {}),
    ...(name === 'AWS-RunShellScript' ? ({ os: 'linux' } as const) : {}),
    ...(name === 'AWS-RunPowerShellScript' ? ({ os: 'windows' } as const) : {}),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    timeout: timeoutOf(task),
  };
}

/** How long it may run; null where nothing says so. */
function secondsOf(task: EstateTask): number | null {
  const given = Number(task.parameters.executionTimeout?.[0]);
  if (Number.isInteger(given) && given > 0 && given <= LONGEST_SECONDS) return given;
  return /^AWS-Run(Shell|PowerShell)Script$/.test(documentName(task.document)) ? SCRIPT_SECONDS : null;
}

function timeoutOf(task: EstateTask): string {
  const seconds = secondsOf(task) ?? SCRIPT_SECONDS;
  return seconds % 3_600 === 0 ? `PT${seconds / 3_600}H` : seconds % 60 === 0 ? `PT${seconds / 60}M` : `PT${seconds}S`;
}
