import { executionTimeout, PATCH_DOCUMENT, patchOperationOf, scriptOf } from './documents.js';
import { type Fleet, placeOf } from './fleet.js';
import { end, interrupt, isOpen, markOf, partsOf, SECOND } from './invocations.js';
import type { Command, FleetNode, Invocation } from './model.js';
import { applyPlan, planInstall, rebootPending, report } from './patching.js';
import { reboot } from './reboots.js';
import { runScript } from './scripts.js';

/** A command begins on a node. */
export function start(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
  const { key } = invocation;
  invocation.details = 'InProgress';
  invocation.startedAt = fleet.clock.wallOf(at);
  command.running += 1;
  node.running.push(key);
  node.lastPing = invocation.startedAt;
  fleet.commands.put(command.id, command);
  fleet.nodes.put(node.id, node);
  fleet.invocations.put(key, invocation);
  fleet.record(at, 'command-started', node, markOf(command));
  const limit = executionTimeout(command) * SECOND;
  fleet.agenda.schedule(at + limit, { kind: 'execution-timeout', invocation: key });
  if (command.document !== PATCH_DOCUMENT) {
    startScript(fleet, command, invocation, node, at);
  } else if (patchOperationOf(command).operation === 'Install') {
    startInstall(fleet, command, invocation, node, at);
  } else {
    fleet.agenda.schedule(at + fleet.duration('scan', key), { kind: 'finish', invocation: key });
  }
}

function startInstall(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
  const plan = planInstall(fleet, node, patchOperationOf(command), fleet.clock.wallOf(at));
  const site = { ...placeOf(node), nodes: [node.id, node.name], text: command.comment };
  const planted = fleet.faults.strike(['install-fails'], site) !== undefined;
  invocation.plan = planted ? failAll(plan) : plan;
  if (node.behaviour.installHangs || fleet.faults.strike(['install-hangs'], site)) invocation.hangs = true;
  fleet.invocations.put(invocation.key, invocation);
  if (invocation.hangs) return;
  const each = invocation.plan.install.map(({ title }) => fleet.duration('installPatch', invocation.key, title));
  const takes = each.reduce((sum, one) => sum + one, fleet.duration('installBase', invocation.key));
  fleet.agenda.schedule(at + takes, { kind: 'patches-applied', invocation: invocation.key });
}

const failAll = (plan: NonNullable<Invocation['plan']>): NonNullable<Invocation['plan']> => ({
  install: [],
  failed: [...plan.failed, ...plan.install.map(({ title }) => ({ title, reason: 'planted failure' }))],
});

function startScript(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
  const { seconds } = runScript(node, scriptOf(fleet.description, command, node));
  const takes = fleet.duration('script', invocation.key) + seconds * SECOND;
  fleet.agenda.schedule(at + takes, { kind: 'finish', invocation: invocation.key });
}

function finishScript(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
  const lines = scriptOf(fleet.description, command, node);
  const result = runScript(node, lines);
  if (invocation.rebooting !== 'end') {
    fleet.nodes.put(node.id, Object.assign(node, { files: result.files, stoppedServices: result.stoppedServices }));
    if (result.reboots !== 'no') {
      restartFor(fleet, command, invocation, node, result.reboots, at);
      return;
    }
  }
  const site = { ...placeOf(node), nodes: [node.id, node.name], text: [command.comment, ...lines].join('\n') };
  const planted = fleet.faults.strike(['command-fails'], site) !== undefined;
  invocation.stdout = result.stdout;
  invocation.stderr = planted ? 'planted failure' : result.stderr;
  const exitCode = planted ? 1 : result.exitCode;
  end(fleet, invocation, exitCode === 0 ? 'Success' : 'Failed', at, exitCode);
}

/** Restarts the node; the invocation then ends, or runs once more. */
function restartFor(
  fleet: Fleet,
  command: Command,
  invocation: Invocation,
  node: FleetNode,
  then: 'end' | 'again',
  at: number,
): void {
  invocation.rebooting = then;
  fleet.invocations.put(invocation.key, invocation);
  interrupt(fleet, node, at);
  reboot(fleet, node, command.document === PATCH_DOCUMENT ? 'patching' : 'script', at, command.id);
}

/** What was to be installed is installed; then the node restarts, or reports at once. */
export function patchesApplied(fleet: Fleet, invocation: Invocation, at: number): void {
  const { command, node } = partsOf(fleet, invocation);
  const plan = invocation.plan;
  if (!command || !node || !plan || !isOpen(invocation)) return;
  applyPlan(fleet, node, plan, fleet.clock.wallOf(at));
  if (plan.install.length > 0) {
    fleet.record(at, 'patches-installed', node, {
      key: command.comment,
      commandId: command.id,
      patches: plan.install.map(({ id, version, title }) => ({ id, version, title })),
    });
  }
  const operation = patchOperationOf(command);
  const restart = plan.refused === undefined && (plan.install.length > 0 || rebootPending(node));
  if (restart && operation.rebootOption === 'RebootIfNeeded') {
    restartFor(fleet, command, invocation, node, 'end', at);
  } else {
    fleet.agenda.schedule(at + fleet.duration('report', invocation.key), {
      kind: 'finish',
      invocation: invocation.key,
    });
  }
}

/** An invocation has done what it had to do. */
export function finish(fleet: Fleet, invocation: Invocation, at: number): void {
  const { command, node } = partsOf(fleet, invocation);
  if (!command || !node || !isOpen(invocation)) return;
  if (command.document === PATCH_DOCUMENT) finishPatching(fleet, command, invocation, node, at);
  else finishScript(fleet, command, invocation, node, at);
}

function finishPatching(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
  const operation = patchOperationOf(command);
  const endedAt = fleet.clock.wallOf(at);
  if (!invocation.plan?.refused) report(fleet, node, operation, invocation.startedAt ?? endedAt, endedAt);
  const plan = invocation.plan;
  const failed = plan?.failed ?? [];
  invocation.stdout = [
    `${operation.operation} of ${node.name} ended.`,
    ...(plan?.install ?? []).map(({ title }) => `Installed ${title}`),
    ...failed.map(({ title }) => `Failed ${title}`),
    '',
  ].join('\n');
  invocation.stderr = plan?.refused ?? failed.map(({ title, reason }) => `${title}: ${reason}`).join('\n');
  const success = failed.length === 0 && plan?.refused === undefined;
  end(fleet, invocation, success ? 'Success' : 'Failed', at, success ? 0 : 1);
}
