import type { Fleet } from './fleet.js';
import type { FleetNode } from './model.js';

/** An Auto Scaling group as its members' tags and the description make it. */
export interface AutoScalingGroup {
  account: string;
  region: string;
  name: string;
  minSize: number;
  maxSize: number;
  desired: number;
  members: FleetNode[];
}

export const groupNameOf = (node: FleetNode): string | undefined => node.tags['aws:autoscaling:groupName'];

export const lifecycleOf = (node: FleetNode): string => node.lifecycle ?? 'InService';

export function groupsAt(fleet: Fleet, account: string, region: string): AutoScalingGroup[] {
  const members = new Map<string, FleetNode[]>();
  for (const node of fleet.nodesAt(account, region)) {
    const name = groupNameOf(node);
    if (name !== undefined && node.state !== 'terminated') members.set(name, [...(members.get(name) ?? []), node]);
  }
  return [...members].map(([name, nodes]) => {
    const described = fleet.description.autoScalingGroups.find((each) => each.name === name);
    return {
      account,
      region,
      name,
      members: nodes,
      minSize: described?.minSize ?? 0,
      maxSize: described?.maxSize ?? nodes.length,
      desired: fleet.desiredCapacities.get(`${account}/${region}/${name}`) ?? nodes.length,
    };
  });
}

/** Takes members out of service. No other instances are launched in their place, whatever the group's desired capacity. */
export function enterStandby(
  fleet: Fleet,
  group: AutoScalingGroup,
  nodes: readonly FleetNode[],
  decrement: boolean,
): void {
  if (decrement) setDesired(fleet, group, group.desired - nodes.length);
  for (const node of nodes) begin(fleet, node, 'EnteringStandby', 'Standby');
}

export function exitStandby(fleet: Fleet, group: AutoScalingGroup, nodes: readonly FleetNode[]): void {
  setDesired(fleet, group, group.desired + nodes.length);
  for (const node of nodes) begin(fleet, node, 'Pending', 'InService');
}

/** A member has come out of service, or back into it, at a moment of fleet time. */
export function endLifecycleChange(fleet: Fleet, node: FleetNode, to: 'Standby' | 'InService', at: number): void {
  if (to === 'Standby') node.lifecycle = to;
  else delete node.lifecycle;
  fleet.nodes.put(node.id, node);
  fleet.record(at, 'lifecycle-changed', node, { group: groupNameOf(node), lifecycle: to });
}

function begin(
  fleet: Fleet,
  node: FleetNode,
  between: 'EnteringStandby' | 'Pending',
  to: 'Standby' | 'InService',
): void {
  const now = fleet.clock.fleet();
  node.lifecycle = between;
  fleet.nodes.put(node.id, node);
  fleet.record(now, 'lifecycle-changed', node, { group: groupNameOf(node), lifecycle: between });
  const takes = fleet.duration('standby', node.id, fleet.next(`lifecycle/${node.id}`));
  fleet.agenda.schedule(now + takes, { kind: 'lifecycle', node: node.id, to });
}

function setDesired(fleet: Fleet, { account, region, name }: AutoScalingGroup, desired: number): void {
  fleet.desiredCapacities.put(`${account}/${region}/${name}`, desired);
}
