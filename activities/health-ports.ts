import type { Location } from '../domain/ids.js';

/* What the health gate asks of the fleet. */

/** How a load balancer sees one of its targets. */
export interface TargetHealth {
  /** The instance's id; an address where the group has such targets. */
  readonly target: string;
  /** Elastic Load Balancing's word: `healthy`, `unhealthy`, `initial`, `draining`, `unused` and others. */
  readonly state: string;
  /** Its reason, in its own words; empty for a healthy one. */
  readonly reason: string;
}

/** Part of Fleet. */
export interface TargetGroups {
  /** All targets that are registered in the group, by its ARN. */
  targetHealth(at: Location, targetGroup: string, signal: AbortSignal): Promise<TargetHealth[]>;
}
