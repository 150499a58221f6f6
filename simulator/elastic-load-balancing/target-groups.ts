import { AwsError } from '../errors.js';
import { type TargetGroup, targetGroupsAt } from '../fleet/target-groups.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';

const MOST_PER_PAGE = 400;

/** Target groups by name or ARN, of which all must be there, or all of the location. */
export function describeTargetGroups(form: Form, { fleet, account, region }: Call): object {
  const arns = form.list('TargetGroupArns.member');
  const names = form.list('Names.member');
  const balancer = form.get('LoadBalancerArn');
  if (balancer) throw new AwsError('LoadBalancerNotFound', `Load balancer '${balancer}' not found`);
  const all = targetGroupsAt(fleet, account, region);
  const found = all.filter(
    ({ arn, name }) => (arns.length === 0 || arns.includes(arn)) && (names.length === 0 || names.includes(name)),
  );
  if (found.length < arns.length || found.length < names.length) throw targetGroupNotFound();
  const size = form.number('PageSize') ?? MOST_PER_PAGE;
  if (!(size >= 1 && size <= MOST_PER_PAGE)) {
    throw new AwsError('ValidationError', `PageSize must be from 1 to ${MOST_PER_PAGE}.`);
  }
  const badMarker = () => new AwsError('ValidationError', 'The Marker is not valid.');
  const { page, next } = paginate(found, ({ arn }) => arn, size, form.get('Marker'), badMarker);
  return { TargetGroups: page.map(describe), NextMarker: next };
}

export const targetGroupNotFound = (): AwsError =>
  new AwsError('TargetGroupNotFound', 'One or more target groups not found');

const describe = ({ arn, name, port, healthCheckPath }: TargetGroup) => ({
  TargetGroupArn: arn,
  TargetGroupName: name,
  Protocol: 'HTTP',
  Port: port,
  VpcId: 'vpc-0fee7000000000000',
  HealthCheckProtocol: 'HTTP',
  HealthCheckPort: 'traffic-port',
  HealthCheckEnabled: true,
  HealthCheckIntervalSeconds: 30,
  HealthCheckTimeoutSeconds: 5,
  HealthyThresholdCount: 5,
  UnhealthyThresholdCount: 2,
  HealthCheckPath: healthCheckPath,
  Matcher: { HttpCode: '200' },
  LoadBalancerArns: [],
  TargetType: 'instance',
  ProtocolVersion: 'HTTP1',
  IpAddressType: 'ipv4',
});
