import { formatDuration } from '../domain/documents/durations.js';
import type { Task } from '../domain/documents/types.js';
import { isWindows, type OperatingSystem } from '../domain/fleet.js';
import type { Digest, NodeId } from '../domain/ids.js';
import type { Batch, InstallList, Manifest, Wave } from '../domain/manifest.js';
import { overrideListObject } from '../domain/override-list.js';
import { SET_ASIDE_TAG } from '../domain/set-aside.js';
import { type Step, tasksOf } from '../domain/steps.js';
import { BOOT_TIMEOUT, bootCommand, bootStatement } from './boot-id.js';
import { type Effect, uuidOf } from './effects.js';
import { RESTORE_TIMEOUT } from './ways-back.js';

/* What each step of a batch does on its nodes; domain/steps.ts has the steps in order. */

const MINUTE = 60_000;
const CHECK_TIMEOUT = 10 * MINUTE;
/** A reboot with firmware checks and pending updates can take its time; later the node is called unreachable. */
const AGENT_BACK_TIMEOUT = 45 * MINUTE;
const SCAN_TIMEOUT = 30 * MINUTE;
/** Of what has ended when AWS has answered. */
const AT_ONCE = MINUTE;
const START_STOP_TIMEOUT = 20 * MINUTE;

export interface StepEffect {
  readonly effect: Effect;
  /** When the watch gives up on nodes that have not ended, in milliseconds from the send. */
  readonly timeout: number;
}

export interface StepContext {
  readonly digest: Digest;
  /** The key of the step's operation. */
  readonly key: string;
  readonly manifest: Manifest;
  readonly wave: Wave;
  readonly batch: Batch;
  /** The mark of this installation. */
  readonly installation: () => Promise<string>;
  /** The nodes that there is room to snapshot for now; null: all that take the step. */
  readonly snapshotNow: readonly NodeId[] | null;
  /** The snapshots that the root volumes of the step's nodes go back to. */
  readonly snapshots: () => Promise<Readonly<Record<NodeId, string>>>;
  /** Writes an object to the location's bucket and answers with its path. */
  readonly put: (object: { name: string; body: string }) => Promise<string>;
}

/** What the step does; null where it does nothing on nodes of this operating system. */
export async function effectOf({ kind, task }: Step, context: StepContext): Promise<StepEffect | null> {
  const { manifest, batch } = context;
  const { policy } = manifest;
  switch (kind) {
    case 'before':
    case 'after':
    case 'after-again':
      return taskEffect(tasksOf(policy, kind), task ?? 0, batch.os);
    case 'start':
      return { effect: { kind: 'instances-running' }, timeout: START_STOP_TIMEOUT };
    case 'stop':
      return { effect: { kind: 'instances-stopped' }, timeout: START_STOP_TIMEOUT };
    case 'check':
      return { effect: await checkCommand(context), timeout: CHECK_TIMEOUT };
    case 'snapshot':
      return {
        effect: {
          kind: 'snapshots',
          tags: snapshotTags(manifest, await context.installation()),
          ...(context.snapshotNow && { now: context.snapshotNow }),
        },
        timeout: policy.timeouts.snapshot,
      };
    case 'install':
      // What SSM would do with an empty list is not documented: nothing proven is missing, so nothing is installed.
      if (listOf(manifest, context.wave, batch)?.patches.length === 0) return null;
      return { effect: await installCommand(context), timeout: policy.timeouts.install };
    case 'reboot':
      return { effect: rebootCommand(batch.os, context.key), timeout: AGENT_BACK_TIMEOUT };
    case 'agent-back':
    case 'back-from-reboot':
    case 'back-from-reboot-again':
    case 'back-from-restore':
      return { effect: { kind: 'agent-back' }, timeout: AGENT_BACK_TIMEOUT };
    case 'ec2-reboot':
    case 'ec2-reboot-again':
      return { effect: { kind: 'instances-rebooted' }, timeout: AT_ONCE };
    case 'restore': {
      const tags = { 'patchtide:cycle': manifest.cycle, 'patchtide:stage': manifest.stage };
      const snapshots = await context.snapshots();
      return { effect: { kind: 'root-volumes', snapshots, tags }, timeout: RESTORE_TIMEOUT };
    }
    case 'boot-after':
      return { effect: bootCommand(batch.os), timeout: BOOT_TIMEOUT };
    case 'set-aside': {
      const tags = { [SET_ASIDE_TAG]: `${manifest.cycle}/${manifest.stage}` };
      return { effect: { kind: 'tags', tags }, timeout: AT_ONCE };
    }
    case 'scan':
    case 'scan-again':
      return { effect: scanCommand(), timeout: SCAN_TIMEOUT };
  }
}

/** A scan reports what is there and what is missing, and changes nothing. */
export const scanCommand = (): Effect => ({
  kind: 'command',
  document: 'AWS-RunPatchBaseline',
  parameters: { Operation: ['Scan'] },
  executionTimeout: SCAN_TIMEOUT / 1000,
});
export const SCAN_DEADLINE = SCAN_TIMEOUT;

/** A task as a command on nodes of this family, or as one automation per node; null where it is not for this family. */
function taskEffect(tasks: readonly Task[], number: number, os: OperatingSystem): StepEffect | null {
  const task = tasks[number - 1];
  if (!task) throw new Error(`The manifest has no task ${number}, but only ${tasks.length}.`);
  if (task.os !== null && task.os !== (isWindows(os) ? 'windows' : 'linux')) return null;
  return { effect: effectOfTask(task, true), timeout: task.timeout };
}

export const effectOfTask = (task: Task, perNode: boolean): Effect =>
  task.kind === 'automation'
    ? { kind: 'automation', document: task.document, parameters: task.parameters, perNode }
    : {
        kind: 'command',
        document: task.document,
        parameters: task.parameters,
        executionTimeout: Math.ceil(task.timeout / 1000),
      };

/**
 * What makes an install fail and only the node itself can tell: room for packages, and a way to the bucket that the pinned
 * list is read from. It also prints which boot this is. A script's exit code is that of its last command, so each finding exits.
 */
async function checkCommand(context: StepContext): Promise<Effect> {
  const { os } = context.batch;
  const path = await installListPath(context);
  const bucket = path === null ? null : `${new URL(path).host}.s3.${context.wave.region}.amazonaws.com`;
  const linux = [
    bootStatement(os),
    'df -Pk / /var',
    ...(bucket === null
      ? []
      : [`curl -s -m 20 -o /dev/null https://${bucket}/ || { echo "cannot reach ${bucket}"; exit 1; }`]),
    `df -Pk /var | awk 'NR==2 && $4 < ${LEAST_FREE_KIB} { print "less than 1 GiB free on /var"; exit 1 }' || exit 1`,
  ];
  const windows = [
    bootStatement(os),
    ...(bucket === null
      ? []
      : [
          `if (-not (Test-NetConnection ${bucket} -Port 443 -InformationLevel Quiet)) { Write-Output "cannot reach ${bucket}"; exit 1 }`,
        ]),
    '$free = (Get-PSDrive -Name $env:SystemDrive.TrimEnd(":")).Free',
    'Write-Output $free',
    `if ($free -lt ${LEAST_FREE_KIB * 1024 * 5}) { Write-Output "less than 5 GiB free on the system drive"; exit 1 }`,
  ];
  return {
    kind: 'command',
    document: isWindows(os) ? 'AWS-RunPowerShellScript' : 'AWS-RunShellScript',
    parameters: { commands: isWindows(os) ? windows : linux },
    executionTimeout: CHECK_TIMEOUT / 1000,
  };
}
const LEAST_FREE_KIB = 1024 * 1024;

/** By the pinned list where there is one, else what the baseline approves: the same for all nodes of the stage (SnapshotId). */
async function installCommand(context: StepContext): Promise<Effect> {
  const { digest, manifest, wave, batch } = context;
  const place = `${wave.account} ${wave.region} ${batch.os} ${batch.patchGroup}`;
  const path = await installListPath(context);
  return {
    kind: 'command',
    document: 'AWS-RunPatchBaseline',
    parameters: {
      Operation: ['Install'],
      RebootOption: [manifest.policy.reboot === 'if-needed' ? 'RebootIfNeeded' : 'NoReboot'],
      SnapshotId: [uuidOf(`${digest} ${place}`)],
      ...(path === null ? {} : { InstallOverrideList: [path] }),
    },
    executionTimeout: Math.ceil(manifest.policy.timeouts.install / 1000),
  };
}

/** Writes the pinned list under the digest of its content; null where the baseline decides. */
async function installListPath({ manifest, wave, batch, put }: StepContext): Promise<string | null> {
  const list = listOf(manifest, wave, batch);
  return list ? put(overrideListObject(list.patches)) : null;
}

export const listOf = (manifest: Manifest, at: { account: string; region: string }, batch: Batch): InstallList | null =>
  manifest.installLists?.find(
    (list) =>
      list.account === at.account &&
      list.region === at.region &&
      list.os === batch.os &&
      list.patchGroup === batch.patchGroup,
  ) ?? null;

/**
 * The agent reboots the node for these exit codes and runs the script again afterwards, when the mark shows that it is done.
 * The mark is this step's own: one that was left behind by another must not pass for a reboot.
 */
function rebootCommand(os: OperatingSystem, key: string): Effect {
  const name = `patchtide-reboot-${key.replaceAll(/[^\w.-]/g, '-')}`;
  const linux = [
    `mark=/var/tmp/${name}`,
    'if [ -e "$mark" ]; then rm -f "$mark"; exit 0; fi',
    'touch "$mark"; exit 194',
  ];
  const windows = [
    `$mark = "$env:ProgramData\\${name}"`,
    'if (Test-Path $mark) { Remove-Item $mark; exit 0 }',
    'New-Item -ItemType File $mark | Out-Null; exit 3010',
  ];
  return {
    kind: 'command',
    document: isWindows(os) ? 'AWS-RunPowerShellScript' : 'AWS-RunShellScript',
    parameters: { commands: isWindows(os) ? windows : linux },
    executionTimeout: AGENT_BACK_TIMEOUT / 1000,
  };
}

/** By these a snapshot is known as ours when it has expired, whatever else is known by then. */
const snapshotTags = ({ cycle, plan, stage, policy }: Manifest, installation: string): Record<string, string> => ({
  'patchtide:cycle': cycle,
  'patchtide:plan': plan.name,
  'patchtide:stage': stage,
  'patchtide:installation': installation,
  'patchtide:keep-for': formatDuration(policy.keepSnapshots),
});
