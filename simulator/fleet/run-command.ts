import { storeOutput } from '../s3/objects.js';
import { executionTimeout, PATCH_DOCUMENT, patchOperationOf, pluginOf, runsOn, scriptOf } from './documents.js';
import { type Fleet, placeOf } from './fleet.js';
import type { Command, FleetNode, Invocation, InvocationDetails } from './model.js';
import { applyPlan, planInstall, rebootPending, report } from './patching.js';
import { reboot } from './reboots.js';
import { runScript } from './scripts.js';

const SECOND = 1000;
const OPEN: readonly InvocationDetails[] = ['Pending', 'InProgress', 'Delayed', 'Cancelling'];

export const isOpen = (invocation: Invocation): boolean => OPEN.includes(invocation.details);
export const keyOf = (commandId: string, node: string): string => `${commandId}/${node}`;

/** What SendCommand decides; the rest follows from it. */
export type CommandRequest = Omit<
  Command,
  'id' | 'requestedAt' | 'visibleAt' | 'expiresFleet' | 'running' | 'errors' | 'cancelled'
>;

/** Accepts a command and sends it on its way to every node. */
export function accept(fleet: Fleet, request: CommandRequest): Command {
  const now = fleet.clock.fleet();
  const id = fleet.chance.uuid('command', fleet.next('command'));
  const command: Command = {
    ...request,
    id,
    requestedAt: fleet.clock.wall(),
    visibleAt: fleet.visibleFrom(id),
    expiresFleet: now + request.timeoutSeconds * SECOND,
    running: 0,
    errors: 0,
    cancelled: false,
  };
  fleet.addCommand(command);
  fleet.ledger.record(command.requestedAt, 'command-accepted', {
    account: command.account,
    region: command.region,
    key: command.comment,
    commandId: id,
    document: command.document,
    parameters: command.parameters,
    nodes: command.nodes,
  });
  for (const node of command.nodes) {
    const key = keyOf(id, node);
    fleet.invocations.put(key, {
      key,
      commandId: id,
      node,
      details: 'Pending',
      exitCode: -1,
      stdout: '',
      stderr: '',
      rebooting: 'no',
    });
    fleet.agenda.schedule(now + fleet.duration('delivery', key), { kind: 'deliver', invocation: key });
  }
  return command;
}

/** An invocation reaches its node: it begins, or waits for the agent or for its turn. */
export function deliver(fleet: Fleet, invocation: Invocation, at: number): void {
  const { command, node } = partsOf(fleet, invocation);
  if (!command || !node || !['Pending', 'Delayed'].includes(invocation.details)) return;
  if (node.state === 'terminated') {
    end(fleet, invocation, 'Undeliverable', at);
  } else if (!runsOn(fleet.description, command.document, node)) {
    end(fleet, invocation, 'InvalidPlatform', at);
  } else if (!node.agentOnline) {
    waitForAgent(fleet, command, invocation, node);
  } else if (command.errors > share(command.maxErrors, command.nodes.length)) {
    end(fleet, invocation, 'Terminated', at);
  } else if (command.running < Math.max(1, share(command.maxConcurrency, command.nodes.length))) {
    start(fleet, command, invocation, node, at);
  }
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

/** The agent is back: what restarted the node goes on, what waited begins. */
export function resume(fleet: Fleet, node: FleetNode, at: number): void {
  for (const key of [...node.running]) {
    const invocation = fleet.invocations.get(key);
    if (invocation && invocation.rebooting !== 'no') {
      fleet.agenda.schedule(at + fleet.duration('report', key), { kind: 'finish', invocation: key });
    }
  }
  const waiting = node.waiting;
  node.waiting = [];
  fleet.nodes.put(node.id, node);
  for (const key of waiting) fleet.agenda.schedule(at + SECOND, { kind: 'deliver', invocation: key });
}

/** The node goes down under what runs on it. What asked for the restart itself is not interrupted. */
export function interrupt(fleet: Fleet, node: FleetNode, at: number): void {
  for (const key of [...node.running]) {
    const invocation = fleet.invocations.get(key);
    if (invocation?.rebooting !== 'no') continue;
    invocation.stderr = 'The agent was stopped while the command ran.';
    end(fleet, invocation, 'Failed', at, 1);
  }
}

/** Cancels what has not begun; a script that runs is stopped a little later; an install goes on, as CancelCommand warns. */
export function cancel(fleet: Fleet, command: Command, nodes: readonly string[]): void {
  const now = fleet.clock.fleet();
  command.cancelled = true;
  fleet.commands.put(command.id, command);
  fleet.ledger.record(fleet.clock.wall(), 'command-cancelled', {
    account: command.account,
    region: command.region,
    key: command.comment,
    commandId: command.id,
    nodes,
  });
  for (const node of nodes) {
    const invocation = fleet.invocations.get(keyOf(command.id, node));
    if (!invocation) continue;
    if (['Pending', 'Delayed'].includes(invocation.details)) end(fleet, invocation, 'Cancelled', now);
    else if (invocation.details === 'InProgress' && command.document !== PATCH_DOCUMENT) {
      invocation.details = 'Cancelling';
      fleet.invocations.put(invocation.key, invocation);
      fleet.agenda.schedule(now + 2 * SECOND, { kind: 'cancel', invocation: invocation.key });
    }
  }
}

/** Ends an open invocation, and lets the command's next one begin. */
export function end(fleet: Fleet, invocation: Invocation, details: InvocationDetails, at: number, exitCode = -1): void {
  const { command, node } = partsOf(fleet, invocation);
  if (!command || !node || !isOpen(invocation)) return;
  const ran = node.running.includes(invocation.key);
  invocation.details = details;
  invocation.exitCode = exitCode;
  invocation.endedAt = fleet.clock.wallOf(at);
  invocation.rebooting = 'no';
  fleet.invocations.put(invocation.key, invocation);
  node.running = node.running.filter((key) => key !== invocation.key);
  node.waiting = node.waiting.filter((key) => key !== invocation.key);
  fleet.nodes.put(node.id, node);
  if (ran) command.running -= 1;
  if (['Failed', 'ExecutionTimedOut', 'DeliveryTimedOut', 'InvalidPlatform', 'AccessDenied'].includes(details)) {
    command.errors += 1;
  }
  fleet.commands.put(command.id, command);
  if (command.output && ran) storeOutput(fleet, command, invocation, pluginOf(command, node));
  fleet.record(at, 'command-ended', node, { ...markOf(command), status: details, exitCode });
  if (ran || details === 'Terminated') startNext(fleet, command, at);
}

function start(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode, at: number): void {
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
  fleet.invocations.put(invocation.key, invocation);
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
    fleet.nodes.put(node.id, Object.assign(node, { files: result.files }));
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

function waitForAgent(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode): void {
  invocation.details = 'Delayed';
  fleet.invocations.put(invocation.key, invocation);
  node.waiting.push(invocation.key);
  fleet.nodes.put(node.id, node);
  fleet.agenda.schedule(command.expiresFleet, { kind: 'delivery-timeout', invocation: invocation.key });
}

function startNext(fleet: Fleet, command: Command, at: number): void {
  const next = command.nodes
    .map((node) => fleet.invocations.get(keyOf(command.id, node)))
    .find((invocation) => invocation?.details === 'Pending');
  if (next && command.nodes.length > share(command.maxConcurrency, command.nodes.length)) {
    fleet.agenda.schedule(at, { kind: 'deliver', invocation: next.key });
  }
}

function partsOf(fleet: Fleet, invocation: Invocation) {
  return { command: fleet.commands.get(invocation.commandId), node: fleet.nodes.get(invocation.node) };
}

function markOf(command: Command) {
  const operation = command.parameters.Operation?.[0];
  return {
    key: command.comment,
    commandId: command.id,
    document: command.document,
    ...(operation === undefined ? {} : { operation }),
  };
}

/** A number, or a percentage of `total` rounded up. */
export function share(limit: string, total: number): number {
  return limit.endsWith('%') ? Math.ceil((Number(limit.slice(0, -1)) / 100) * total) : Number(limit);
}
