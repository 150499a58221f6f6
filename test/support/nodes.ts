import type { ManagedNode } from '../../domain/fleet.js';
import type { AccountId, NodeId, Region, ZoneId } from '../../domain/ids.js';

/** What a test says of a node; plain texts for its account, Region and zone. */
export type NodeScript = Partial<Omit<ManagedNode, 'id' | 'account' | 'region' | 'zone'>> & {
  readonly account?: string;
  readonly region?: string;
  readonly zone?: string;
};

/** A running Amazon Linux instance of the patch group `storefront-prod`, where the test does not say otherwise. */
export const managedNode = (id: string, script: NodeScript = {}): ManagedNode => ({
  kind: 'ec2',
  zoneName: 'eu-west-1a',
  name: `node ${id}`,
  os: 'AMAZON_LINUX_2023',
  osVersion: '2023',
  state: 'running',
  ping: 'online',
  agentVersion: '3.3.0.0',
  patchGroup: 'storefront-prod',
  window: null,
  autoScalingGroup: null,
  tags: {},
  ...script,
  id: id as NodeId,
  account: (script.account ?? '111122223333') as AccountId,
  region: (script.region ?? 'eu-west-1') as Region,
  zone: (script.zone ?? 'euw1-az1') as ZoneId,
});
