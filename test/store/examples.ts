import type { Operation } from '../../activities/ports.js';
import type { ManagedNode, NodePatchState } from '../../domain/fleet.js';
import type { AccountId, CycleId, Instant, NodeId, PlanName, Region, StageName, ZoneId } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import type { Store } from '../../store/index.js';
import { resolvedStage } from '../support/stages.js';

/* Examples that the tests of the store share: a plan with two stages, a manifest with two waves, nodes. */

export const PLAN = 'storefront' as PlanName;
export const DEV = 'dev' as StageName;
export const PROD = 'prod' as StageName;
export const HERE = { account: '111122223333' as AccountId, region: 'eu-west-1' as Region };
export const NOW = '2026-11-10T06:00:00.000Z' as Instant;
export const LATER = '2026-11-10T10:00:00.000Z' as Instant;

export const nodeIds = (count: number, from = 1): NodeId[] =>
  Array.from({ length: count }, (_, index) => `i-${String(from + index).padStart(6, '0')}` as NodeId);

const stage = (name: StageName) => resolvedStage({ name, patchGroups: [`storefront-${name}`] });

export const planBody = (owner = 'storefront-team') => ({
  written: { kind: 'PatchPlan', spec: { stages: ['dev', 'prod'] } },
  resolved: {
    name: PLAN,
    owner,
    start: null,
    nodes: { accounts: null, regions: null, tags: { Application: 'storefront' } },
    stages: [stage(DEV), stage(PROD)],
  },
});

export const reservation = (idempotencyKey: string) => ({
  plan: PLAN,
  mode: 'standard' as const,
  requestedBy: 'olga',
  reason: 'monthly patches',
  reference: 'CHG-1042',
  idempotencyKey,
  now: NOW,
});

/** A plan, and its first cycle, running. */
export const startedCycle = async (store: Store): Promise<CycleId> => {
  await store.putDocument('plan', PLAN, planBody(), 'ada');
  const answer = await store.reserveCycle(reservation('first'));
  if (answer.kind !== 'reserved') throw new Error(`The cycle was not reserved: ${answer.kind}`);
  return answer.request.cycle;
};

/** Two zones, one wave each, in batches of at most 50; and one node that was left out. */
export const manifestOf = (cycle: CycleId, nodesPerZone: number): Manifest => {
  const zones = ['euw1-az1', 'euw1-az2'] as ZoneId[];
  const waves = zones.map((zone, index) => ({ zone, nodes: nodeIds(nodesPerZone, 1 + index * nodesPerZone) }));
  return {
    cycle,
    plan: { name: PLAN, version: 1 },
    stage: DEV,
    preparedAt: NOW,
    policy: stage(DEV),
    baseline: { name: 'everything', version: null },
    baselines: [],
    patchSet: null,
    installLists: null,
    windows: [{ window: 'nightly', timezone: 'Europe/London', opens: NOW, closes: LATER, cutoff: null }],
    targets: waves.flatMap(({ zone, nodes }) =>
      nodes.map((node) => ({
        ...HERE,
        node,
        kind: 'ec2',
        name: `web ${node}`,
        os: 'UBUNTU',
        zone,
        zoneName: null,
        patchGroup: 'storefront-dev',
        window: 'nightly',
        startFirst: false,
      })),
    ),
    leftOut: [{ ...HERE, node: 'i-stopped' as NodeId, name: 'web', outcome: 'skipped', reason: 'It is stopped.' }],
    waves: waves.map(({ zone, nodes }, index) => ({
      ...HERE,
      number: index + 1,
      window: 'nightly',
      zone,
      zoneName: null,
      maxUnavailable: 1,
      batches: Array.from({ length: Math.ceil(nodes.length / 50) }, (_, batch) => ({
        number: batch + 1,
        os: 'UBUNTU',
        patchGroup: 'storefront-dev',
        nodes: nodes.slice(batch * 50, batch * 50 + 50),
      })),
    })),
    warnings: [],
  };
};

export const intent = (
  cycle: CycleId,
  step: string,
  nodes: readonly NodeId[],
): Omit<Operation, 'status' | 'deadline' | 'externalIds' | 'endedByWatch' | 'results'> => ({
  ...HERE,
  key: `patchtide/${cycle}/dev/w1.b1.${step}`,
  run: `patch-cycle/${cycle}/dev/wave`,
  cycle,
  stage: DEV,
  kind: 'command',
  batch: 1,
  step,
  nodes,
  intendedAt: NOW,
  timeout: 600_000,
  failureIsProblem: true,
});

export const managedNode = (id: NodeId, more: Partial<ManagedNode> = {}): ManagedNode => ({
  ...HERE,
  id,
  kind: 'ec2',
  zone: 'euw1-az1' as ZoneId,
  zoneName: 'eu-west-1a',
  name: 'web',
  os: 'UBUNTU',
  osVersion: '24.04',
  state: 'running',
  ping: 'online',
  agentVersion: '3.3.0',
  patchGroup: 'storefront-dev',
  window: 'nightly',
  autoScalingGroup: null,
  tags: { Application: 'storefront', Environment: 'dev' },
  ...more,
});

export const patchState = (node: NodeId, more: Partial<NodePatchState> = {}): NodePatchState => ({
  node,
  baselineId: 'pb-1',
  operation: 'Scan',
  endedAt: NOW,
  installed: 10,
  installedOther: 0,
  missing: 0,
  failed: 0,
  pendingReboot: 0,
  rejected: 0,
  criticalNonCompliant: 0,
  securityNonCompliant: 0,
  ...more,
});
