import { PATCH_DOCUMENT, runsOn } from './documents.js';
import { start } from './execution.js';
import type { Fleet } from './fleet.js';
import { end, keyOf, partsOf, SECOND, share } from './invocations.js';
import type { Command, FleetNode, Invocation } from './model.js';

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

function waitForAgent(fleet: Fleet, command: Command, invocation: Invocation, node: FleetNode): void {
  invocation.details = 'Delayed';
  fleet.invocations.put(invocation.key, invocation);
  node.waiting.push(invocation.key);
  fleet.nodes.put(node.id, node);
  fleet.agenda.schedule(command.expiresFleet, { kind: 'delivery-timeout', invocation: invocation.key });
}
