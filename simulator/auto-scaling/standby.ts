import {
  type AutoScalingGroup,
  groupsAt,
  lifecycleOf,
  exitStandby as takeBack,
  enterStandby as takeOut,
} from '../fleet/auto-scaling.js';
import type { FleetNode } from '../fleet/model.js';
import type { Form } from '../http/form.js';
import type { Call } from '../http/operation.js';
import { arnOf, invalid } from './common.js';

const MOST = 20;

/** Takes members out of service; with the decrement the group must not get smaller than its minimum. */
export function enterStandby(form: Form, call: Call): object {
  const decrements = form.get('ShouldDecrementDesiredCapacity');
  if (decrements === undefined) throw invalid('ShouldDecrementDesiredCapacity is required.');
  const { group, nodes } = membersNamed(form, call, 'InService');
  if (decrements === 'true' && group.desired - nodes.length < group.minSize) {
    throw invalid(
      `AutoScalingGroup ${group.name} has min-size=${group.minSize}, max-size=${group.maxSize}, and desired-size=${group.desired}. To place into standby ${nodes.length} instance, please update the AutoScalingGroup sizes appropriately.`,
    );
  }
  takeOut(call.fleet, group, nodes, decrements === 'true');
  return { Activities: nodes.map((node) => activity(call, group, node, 'Moving EC2 instance to Standby')) };
}

export function exitStandby(form: Form, call: Call): object {
  const { group, nodes } = membersNamed(form, call, 'Standby');
  if (group.desired + nodes.length > group.maxSize) {
    throw invalid(`AutoScalingGroup ${group.name} has max-size=${group.maxSize} and desired-size=${group.desired}.`);
  }
  takeBack(call.fleet, group, nodes);
  return { Activities: nodes.map((node) => activity(call, group, node, 'Moving EC2 instance out of Standby')) };
}

/** The instances of a request: all of one group and in one state, or none is touched. */
function membersNamed(
  form: Form,
  { fleet, account, region }: Call,
  state: string,
): { group: AutoScalingGroup; nodes: FleetNode[] } {
  const name = form.get('AutoScalingGroupName') ?? '';
  const ids = form.list('InstanceIds.member');
  const group = groupsAt(fleet, account, region).find((each) => each.name === name);
  if (!group) throw invalid(`AutoScalingGroup name not found - no such group: ${name}`);
  if (ids.length === 0 || ids.length > MOST) throw invalid(`InstanceIds must name 1 to ${MOST} instances.`);
  const nodes = ids.map((id) => {
    const node = group.members.find((member) => member.id === id);
    if (!node) throw invalid(`The instance ${id} is not part of Auto Scaling group ${name}.`);
    if (lifecycleOf(node) !== state) throw invalid(`The instance ${id} is not in ${state}.`);
    return node;
  });
  return { group, nodes };
}

function activity({ fleet, arn }: Call, group: AutoScalingGroup, node: FleetNode, what: string) {
  const now = new Date(fleet.clock.wall());
  return {
    ActivityId: fleet.chance.uuid('activity', fleet.next('activity')),
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: arnOf(group),
    Description: `${what}: ${node.id}`,
    Cause: `At ${now.toISOString()} ${arn} asked for it.`,
    StartTime: now,
    StatusCode: 'InProgress',
    Progress: 50,
    Details: JSON.stringify({ 'Availability Zone': node.zoneName }),
  };
}
