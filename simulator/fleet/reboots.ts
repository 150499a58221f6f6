import type { Fleet } from './fleet.js';
import type { FleetNode, InstanceState } from './model.js';

/** Why a node restarts: a reboot by EC2, or another root volume, may bring back an agent that an earlier restart lost. */
export type RebootCause = 'patching' | 'script' | 'ec2' | 'root-volume';

/** Restarts a node at a moment of fleet time: a new boot id, patches that waited for it are in effect, no agent for a while. */
export function reboot(fleet: Fleet, node: FleetNode, cause: RebootCause, at: number, commandId?: string): void {
  loseAgent(fleet, node, at, cause);
  boot(fleet, node, at);
  fleet.record(at, 'reboot', node, { bootId: node.bootId, cause, ...(commandId ? { commandId } : {}) });
  const lost = agentLostAfter(fleet, node, cause);
  if (!lost)
    fleet.agenda.schedule(at + timeToReturn(fleet, node), { kind: 'agent-back', node: node.id, boot: node.boots });
  fleet.nodes.put(node.id, node);
}

/** The agent answers again, unless the node restarted once more in the meantime. */
export function agentBack(fleet: Fleet, node: FleetNode, boots: number, at: number): boolean {
  if (node.boots !== boots || node.state !== 'running') return false;
  node.agentOnline = true;
  node.lastPing = fleet.clock.wallOf(at);
  fleet.nodes.put(node.id, node);
  fleet.record(at, 'agent-back', node);
  return true;
}

/** Begins a stop or a start at a moment of fleet time; EC2 shows the state in between until it is done. */
export function beginStateChange(
  fleet: Fleet,
  node: FleetNode,
  to: 'running' | 'stopped' | 'terminated',
  at: number,
): void {
  const between: Record<typeof to, InstanceState> = {
    running: 'pending',
    stopped: 'stopping',
    terminated: 'shutting-down',
  };
  node.state = between[to];
  if (to !== 'running') loseAgent(fleet, node, at, to);
  fleet.nodes.put(node.id, node);
  const takes = fleet.duration(to === 'running' ? 'start' : 'stop', node.id, fleet.next(`state/${node.id}`));
  fleet.agenda.schedule(at + takes, { kind: 'instance-state', node: node.id, to });
}

/** Ends what `beginStateChange` began. */
export function endStateChange(fleet: Fleet, node: FleetNode, to: InstanceState, at: number): void {
  node.state = to;
  if (to === 'running') {
    boot(fleet, node, at);
    node.launchedAt = fleet.clock.wallOf(at);
    fleet.record(at, 'instance-started', node, { bootId: node.bootId });
    fleet.agenda.schedule(at + timeToReturn(fleet, node), { kind: 'agent-back', node: node.id, boot: node.boots });
  } else {
    fleet.record(at, to === 'stopped' ? 'instance-stopped' : 'instance-terminated', node);
  }
  fleet.nodes.put(node.id, node);
}

function boot(fleet: Fleet, node: FleetNode, at: number): void {
  node.boots += 1;
  node.bootId = fleet.chance.uuid('boot', node.id, node.boots);
  node.bootedAt = fleet.clock.wallOf(at);
  for (const installed of Object.values(node.packages)) installed.pendingReboot = false;
  delete node.stoppedServices;
}

/** The agent falls silent. */
export function loseAgent(fleet: Fleet, node: FleetNode, at: number, cause: string): void {
  if (!node.agentOnline) return;
  node.agentOnline = false;
  node.lastPing = fleet.clock.wallOf(at);
  fleet.record(at, 'agent-lost', node, { cause });
}

function agentLostAfter(fleet: Fleet, node: FleetNode, cause: RebootCause): boolean {
  const site = { account: node.account, region: node.region, nodes: [node.id, node.name] };
  if (fleet.faults.strike(['agent-never-returns'], site)) node.behaviour.agentLost = 'never-returns';
  const restored = cause === 'root-volume';
  const rescued = restored || cause === 'ec2';
  if (!restored && fleet.faults.strike(['agent-lost-until-restore'], site)) node.behaviour.agentLost = 'until-restore';
  if (!rescued && fleet.faults.strike(['agent-lost-until-reboot'], site)) node.behaviour.agentLost = 'until-reboot';
  const { agentLost } = node.behaviour;
  if ((agentLost === 'until-reboot' && rescued) || (agentLost === 'until-restore' && restored)) {
    delete node.behaviour.agentLost;
  }
  return node.behaviour.agentLost !== undefined;
}

const timeToReturn = (fleet: Fleet, node: FleetNode): number =>
  fleet.duration('reboot', node.id, node.boots) * (node.behaviour.agentReturnFactor ?? 1);
