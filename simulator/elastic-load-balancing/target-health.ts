import { AwsError } from '../errors.js';
import { healthOf, isRegistered, type TargetGroup, targetGroupsAt } from '../fleet/target-groups.js';
import type { Form } from '../http/form.js';
import type { Call } from '../http/operation.js';
import { targetGroupNotFound } from './target-groups.js';

/** All registered targets, or those named: of these one that is not registered is answered as unused. */
export function describeTargetHealth(form: Form, call: Call): object {
  const { fleet, account, region } = call;
  const group = targetGroupsAt(fleet, account, region).find(({ arn }) => arn === form.get('TargetGroupArn'));
  if (!group) throw targetGroupNotFound();
  const registered = group.targets.filter(isRegistered);
  const named = idsOf(form);
  const ids = named.length > 0 ? named : registered.map(({ id }) => id);
  return {
    TargetHealthDescriptions: ids.map((id) => {
      const node = registered.find((each) => each.id === id);
      if (!node) return notRegistered(id, group, call);
      return {
        Target: { Id: id, Port: group.port, AvailabilityZone: node.zoneName },
        HealthCheckPort: String(group.port),
        TargetHealth: { ...healthOf(fleet, group, node) },
      };
    }),
  };
}

function notRegistered(id: string, { port }: TargetGroup, { fleet, account, region }: Call) {
  const node = fleet.nodes.get(id);
  if (node?.account !== account || node.region !== region) {
    throw new AwsError('InvalidTarget', `The target '${id}' does not exist.`);
  }
  return {
    Target: { Id: id, Port: port },
    TargetHealth: {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    },
  };
}

function idsOf(form: Form): string[] {
  const ids: string[] = [];
  for (let index = 1; ; index += 1) {
    const id = form.get(`Targets.member.${index}.Id`);
    if (id === undefined) return ids;
    ids.push(id);
  }
}
