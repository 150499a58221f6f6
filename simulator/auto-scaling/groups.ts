import { type AutoScalingGroup, groupsAt } from '../fleet/auto-scaling.js';
import { targetGroupsAt } from '../fleet/target-groups.js';
import type { Form } from '../http/form.js';
import type { Call } from '../http/operation.js';
import { arnOf, memberOf, pageOf } from './common.js';

/** Groups by name; names that nothing bears are left out. */
export function describeAutoScalingGroups(form: Form, call: Call): object {
  const names = form.list('AutoScalingGroupNames.member');
  const found = groupsAt(call.fleet, call.account, call.region).filter(
    ({ name }) => names.length === 0 || names.includes(name),
  );
  const { page, next } = pageOf(found, (group) => group.name, form, 100);
  return { AutoScalingGroups: page.map((group) => describe(group, call)), NextToken: next };
}

function describe(group: AutoScalingGroup, { fleet }: Call) {
  const targetGroups = targetGroupsAt(fleet, group.account, group.region).filter(({ targets }) =>
    targets.some((node) => group.members.includes(node)),
  );
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: arnOf(group),
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: [...new Set(group.members.flatMap(({ zoneName }) => zoneName ?? []))],
    LoadBalancerNames: [],
    TargetGroupARNs: targetGroups.map(({ arn }) => arn),
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 300,
    Instances: group.members.map((node) => ({ ...memberOf(node), HealthStatus: 'Healthy' })),
    CreatedTime: new Date(Math.min(...group.members.map(({ registeredAt }) => registeredAt))),
    SuspendedProcesses: [],
    VPCZoneIdentifier: '',
    EnabledMetrics: [],
    Tags: [],
    TerminationPolicies: ['Default'],
    NewInstancesProtectedFromScaleIn: false,
  };
}
