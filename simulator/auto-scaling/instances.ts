import { groupNameOf, groupsAt } from '../fleet/auto-scaling.js';
import type { Form } from '../http/form.js';
import type { Call } from '../http/operation.js';
import { invalid, memberOf, pageOf } from './common.js';

const MOST = 50;

/** Members of groups; ids that are none are left out. */
export function describeAutoScalingInstances(form: Form, { fleet, account, region }: Call): object {
  const ids = form.list('InstanceIds.member');
  if (ids.length > MOST) throw invalid(`At most ${MOST} InstanceIds can be given.`);
  const found = groupsAt(fleet, account, region)
    .flatMap(({ members }) => members)
    .filter(({ id }) => ids.length === 0 || ids.includes(id));
  const { page, next } = pageOf(found, (node) => node.id, form, MOST);
  return {
    AutoScalingInstances: page.map((node) => ({
      ...memberOf(node),
      AutoScalingGroupName: groupNameOf(node),
      HealthStatus: 'HEALTHY',
    })),
    NextToken: next,
  };
}
