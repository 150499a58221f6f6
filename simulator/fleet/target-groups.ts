import type { FleetDescription } from '../description.js';
import type { Fleet } from './fleet.js';
import { placeOf } from './fleet.js';
import type { FleetNode } from './model.js';

/** A target group of a location, and the instances that are its targets by their tags. */
export interface TargetGroup {
  name: string;
  arn: string;
  port: number;
  healthCheckPath: string;
  service: string | undefined;
  targets: FleetNode[];
}

/** As Elastic Load Balancing answers it. */
export interface TargetHealth {
  State: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining';
  Reason?: string;
  Description?: string;
}

type Described = FleetDescription['targetGroups'][number];

export function targetGroupsAt(fleet: Fleet, account: string, region: string): TargetGroup[] {
  const accountName = fleet.accountOf(account)?.name ?? '';
  return fleet.description.targetGroups
    .filter(({ accounts, regions }) => accounts?.includes(accountName) !== false && regions?.includes(region) !== false)
    .map((described) => build(fleet, described, account, region));
}

function build(fleet: Fleet, described: Described, account: string, region: string): TargetGroup {
  const { name, port, healthCheckPath, service, tags } = described;
  const hash = fleet.chance.hex(16, 'target-group', account, region, name);
  return {
    name,
    port,
    healthCheckPath,
    service,
    arn: `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/${name}/${hash}`,
    targets: fleet
      .nodesAt(account, region)
      .filter(
        (node) =>
          !node.hybrid &&
          node.state !== 'terminated' &&
          Object.entries(tags).every(([key, value]) => node.tags[key] === value),
      ),
  };
}

/** Members in Standby are no targets. */
export const isRegistered = (node: FleetNode): boolean => node.lifecycle !== 'Standby';

/** How the load balancer sees a target now. A node whose agent is lost is down, to the simulated fleet. */
export function healthOf(fleet: Fleet, group: TargetGroup, node: FleetNode): TargetHealth {
  if (node.lifecycle === 'EnteringStandby') {
    return unwell('draining', 'Target.DeregistrationInProgress', 'Target deregistration is in progress');
  }
  if (node.lifecycle === 'Pending') {
    return unwell('initial', 'Elb.RegistrationInProgress', 'Target registration is in progress');
  }
  if (node.state !== 'running') {
    return unwell('unused', 'Target.InvalidState', `Target is in the ${node.state} state`);
  }
  if (!node.agentOnline) return unwell('unhealthy', 'Target.Timeout', 'Request timed out');
  if (group.service !== undefined && node.stoppedServices?.includes(group.service)) {
    return unwell('unhealthy', 'Target.FailedHealthChecks', 'Health checks failed');
  }
  const site = { ...placeOf(node), nodes: [node.id, node.name] };
  if (fleet.faults.strike(['target-unhealthy'], site)) {
    return unwell('unhealthy', 'Target.ResponseCodeMismatch', 'Health checks failed with these codes: [503]');
  }
  return { State: 'healthy' };
}

const unwell = (State: TargetHealth['State'], Reason: string, Description: string): TargetHealth => ({
  State,
  Reason,
  Description,
});
