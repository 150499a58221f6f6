import { AwsError } from '../errors.js';
import type { AutoScalingGroup } from '../fleet/auto-scaling.js';
import { lifecycleOf } from '../fleet/auto-scaling.js';
import type { FleetNode } from '../fleet/model.js';
import type { Form } from '../http/form.js';
import { paginate } from '../http/operation.js';

export const invalid = (message: string): AwsError => new AwsError('ValidationError', message);

export const arnOf = ({ account, region, name }: AutoScalingGroup): string =>
  `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:0:autoScalingGroupName/${name}`;

/** What both descriptions say of a member. */
export const memberOf = (node: FleetNode) => ({
  InstanceId: node.id,
  InstanceType: 'm7i.large',
  AvailabilityZone: node.zoneName,
  LifecycleState: lifecycleOf(node),
  ProtectedFromScaleIn: false,
});

/** A page in Auto Scaling's shape. */
export function pageOf<Item>(items: readonly Item[], idOf: (item: Item) => string, form: Form, most: number) {
  const size = form.number('MaxRecords') ?? 50;
  if (!(size >= 1 && size <= most)) throw invalid(`MaxRecords must be from 1 to ${most}.`);
  const badToken = () => new AwsError('InvalidNextToken', 'The NextToken value is not valid.');
  return paginate(items, idOf, size, form.get('NextToken'), badToken);
}
