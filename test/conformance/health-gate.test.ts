import { DescribeTargetGroupsCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHealthActivities, type Health } from '../../activities/health.js';
import { createFleet } from '../../aws/index.js';
import type { HealthCheck } from '../../domain/documents/types.js';
import type { CycleId, Digest, Instant, NodeId } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { type RunningFleet, startFleet } from '../../simulator/index.js';
import { openStore, type Store } from '../../store/index.js';
import { DEV, PLAN, startedCycle } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { runActivity } from '../support/run-activity.js';
import { resolvedStage } from '../support/stages.js';
import { assumed, directory, HERE, oneZone, ZONE } from './one-zone.js';

/* The health gate through the real adapters against the simulated fleet: three nodes of a wave, the third of which failed. */

const description = oneZone({
  seed: 12,
  groups: [{ name: 'web', os: 'amazon-linux-2023', count: 3, tags: { Application: 'storefront', role: 'web' } }],
  targetGroups: [{ name: 'web', tags: { role: 'web' }, service: 'storefront' }],
});
const never = new AbortController().signal;

let simulator: RunningFleet;
let database: TestDatabase;
let store: Store;
let fleet: ReturnType<typeof createFleet>;
let cycle: CycleId;
let nodes: readonly NodeId[];
let targetGroup: string;
let looks = 0;

beforeAll(async () => {
  simulator = await startFleet({ fleet: description, port: 0, speed: 3000 });
  useAwsEndpoint(simulator.url);
  database = await pgliteDatabase();
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  fleet = createFleet({ accounts: directory, bucket: 'patchtide-{region}' });
  targetGroup = await arnOfTheGroup();
  const found = await fleet.findNodes(HERE, { Application: 'storefront' }, never);
  nodes = found.map(({ id }) => id).toSorted();
  cycle = await startedCycle(store);
  await store.planNodes(cycle, DEV, manifestWith([]), '2000-01-01T00:00:00.000Z' as Instant);
  const verdict = { reason: '', surplus: [], absent: [] };
  const outcomes = ['patched', 'patched', 'failed'] as const;
  await store.nodeVerdicts(
    cycle,
    DEV,
    nodes.map((node, index) => ({ ...verdict, node, outcome: outcomes[index] ?? 'failed' })),
  );
  await script(2, 'stop');
}, 120_000);
afterAll(async () => {
  fleet.close();
  await store.close();
  await database.close();
  await simulator.close();
});
beforeEach(async () => {
  await script(0, 'start');
});

async function arnOfTheGroup(): Promise<string> {
  const elb = new ElasticLoadBalancingV2Client(await assumed());
  const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({ Names: ['web'] }));
  elb.destroy();
  return TargetGroups?.[0]?.TargetGroupArn ?? '';
}

/** Stops or starts the service of a node, and waits for that. */
async function script(index: number, verb: 'start' | 'stop'): Promise<void> {
  const node = nodes[index];
  if (!node) throw new Error(`There is no node ${index}.`);
  looks += 1;
  const request = {
    key: `by-hand-${looks}`,
    document: 'AWS-RunShellScript',
    nodes: [node],
    executionTimeout: 60,
  };
  const parameters = { commands: [`systemctl ${verb} storefront`] };
  const { commandId } = await fleet.sendCommand(HERE, { ...request, parameters }, never);
  for (;;) {
    const invocations = await fleet.listInvocations(HERE, commandId, never).catch(() => []);
    if (invocations.some(({ status }) => status === 'success')) return;
  }
}

function manifestWith(checks: readonly HealthCheck[]): Manifest {
  const health = { settle: 0, within: 60_000, checks };
  const target = { ...HERE, kind: 'ec2', os: 'AMAZON_LINUX_2023', zone: ZONE, zoneName: null } as const;
  const batch = { number: 1, os: 'AMAZON_LINUX_2023', patchGroup: null, nodes } as const;
  return {
    cycle,
    plan: { name: PLAN, version: 1 },
    stage: DEV,
    preparedAt: '2026-11-10T06:00:00.000Z' as Instant,
    policy: resolvedStage({ name: DEV, health }),
    baseline: { name: 'everything', version: null },
    baselines: [],
    patchSet: null,
    installLists: null,
    windows: [],
    targets: nodes.map((node) => ({
      ...target,
      node,
      name: 'web',
      patchGroup: null,
      window: 'any-time',
      startFirst: false,
    })),
    leftOut: [],
    waves: [
      { ...HERE, number: 1, window: 'any-time', zone: ZONE, zoneName: null, maxUnavailable: 3, batches: [batch] },
    ],
    warnings: [],
  };
}

/** Looks at these checks for so many milliseconds. */
async function unwell(checks: readonly HealthCheck[], within: number, more: { loopback?: boolean } = {}) {
  const manifest: Digest = await store.saveManifest(manifestWith(checks));
  const probes = { loopback: more.loopback ?? true };
  const { checkHealth } = createHealthActivities({ fleet, records: store, probes, pace: 50 });
  looks += 1;
  const until = new Date(Date.now() + within).toISOString() as Instant;
  const request = { manifest, run: 'stage/health-1', wave: 1, look: looks, until };
  const ask = async () => {
    const health: Health = await runActivity(checkHealth, request);
    return health.unwell;
  };
  return { found: await ask(), again: ask };
}
const commandsOf = async (look: number): Promise<string[]> => {
  const answer = await fetch(`${simulator.url}/_fleet/ledger?kind=command-started`);
  const ledger = (await answer.json()) as { key?: string; node?: string }[];
  return ledger
    .filter(({ key }) => key?.includes(`.health-${look}-`))
    .map(({ key, node }) => `${key?.split('.').at(-1)} ${node}`);
};
const plant = async (fault: object) => {
  const answer = await fetch(`${simulator.url}/_fleet/faults`, { method: 'POST', body: JSON.stringify(fault) });
  expect(answer.status).toBe(200);
};

const COMMAND = { command: 'systemctl is-active storefront', os: 'linux', timeout: 60_000 } as const;
const http = (application: string, expect = 200) => ({
  http: `${simulator.url}/_fleet/health/${application}`,
  expect,
  timeout: 5_000,
});

test('finds well what is, and does not ask about a node that failed', async () => {
  const { found, again } = await unwell([COMMAND, { targetGroup }, http('storefront')], 60_000);
  expect(found).toEqual([]);
  const sent = [`health-${looks}-1-1 ${nodes[0]}`, `health-${looks}-1-1 ${nodes[1]}`];
  expect((await commandsOf(looks)).toSorted()).toEqual(sent);

  // As after a crash: what has been sent is found again.
  expect(await again()).toEqual([]);
  expect((await commandsOf(looks)).toSorted()).toEqual(sent);
});

test('names what is not well in time', async () => {
  await script(0, 'stop');
  const { found } = await unwell([COMMAND, { targetGroup }, http('storefront', 204)], 0);
  expect(found).toEqual([
    `\`systemctl is-active storefront\`: 1 of 2 nodes: ${nodes[0]} is Failed`,
    expect.stringMatching(
      new RegExp(
        `^target group web: 1 of 3 targets are not healthy: ${nodes[0]} is unhealthy \\(Target.FailedHealthChecks`,
      ),
    ),
    expect.stringMatching(/answered 200, not 204$/),
  ]);
});

test('waits until it is well, and asks only the nodes that were not', async () => {
  await script(0, 'stop');
  const asked = unwell([COMMAND, { targetGroup }], 60_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const look = looks;
  await script(0, 'start');
  expect((await asked).found).toEqual([]);
  const sent = await commandsOf(look);
  expect(sent.filter((each) => each.endsWith(nodes[1] ?? ''))).toHaveLength(1);
  expect(sent.filter((each) => each.endsWith(nodes[0] ?? '')).length).toBeGreaterThan(1);
});

test('waits for an address that fails for a while', async () => {
  await plant({ fault: 'health-fails', application: 'storefront', times: 2 });
  expect((await unwell([http('storefront')], 60_000)).found).toEqual([]);
});

test('asks no address of the machine it runs on, and says so, unless that is allowed', async () => {
  const { found } = await unwell([http('storefront')], 0, { loopback: false });
  expect(found).toEqual([expect.stringContaining('not asked: 127.0.0.1 is at 127.0.0.1, a loopback address')]);
});

test('says of a target group that is not there that it is not', async () => {
  const missing = targetGroup.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const { found } = await unwell([{ targetGroup: missing }], 0);
  expect(found).toEqual([expect.stringMatching(/^target group web: .*not found/)]);
  const elsewhere = targetGroup.replace('eu-west-1', 'us-east-1');
  expect((await unwell([{ targetGroup: elsewhere }], 0)).found).toEqual([]);
});
