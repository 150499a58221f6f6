import { storeOutput } from '../s3/objects.js';
import { pluginOf } from './documents.js';
import type { Fleet } from './fleet.js';
import type { Command, FleetNode, Invocation, InvocationDetails } from './model.js';

/* What one command comes to on one node: the states of an invocation, and what ends it. */

export const SECOND = 1000;
const OPEN: readonly InvocationDetails[] = ['Pending', 'InProgress', 'Delayed', 'Cancelling'];

export const isOpen = (invocation: Invocation): boolean => OPEN.includes(invocation.details);
export const keyOf = (commandId: string, node: string): string => `${commandId}/${node}`;

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

function startNext(fleet: Fleet, command: Command, at: number): void {
  const next = command.nodes
    .map((node) => fleet.invocations.get(keyOf(command.id, node)))
    .find((invocation) => invocation?.details === 'Pending');
  if (next && command.nodes.length > share(command.maxConcurrency, command.nodes.length)) {
    fleet.agenda.schedule(at, { kind: 'deliver', invocation: next.key });
  }
}

export function partsOf(fleet: Fleet, invocation: Invocation) {
  return { command: fleet.commands.get(invocation.commandId), node: fleet.nodes.get(invocation.node) };
}

/** How the ledger names a command. */
export function markOf(command: Command) {
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
