import { DeleteSnapshotCommand, DescribeSnapshotsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createRollbackActivities,
  createRollbackRecordActivities,
  type RollbackStep,
} from '../../activities/roll-back.js';
import { createStepActivities } from '../../activities/steps.js';
import { createWatchActivities } from '../../activities/watch.js';
import { buildApp } from '../../api/app.js';
import { createFleet } from '../../aws/index.js';
import type { ManagedNode } from '../../domain/fleet.js';
import type { CycleId, Digest, Instant, NodeId } from '../../domain/ids.js';
import { HYBRID } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { type RunningFleet, startFleet } from '../../simulator/index.js';
import { openStore, type Store } from '../../store/index.js';
import { FakeTemporal } from '../api/fake-temporal.js';
import { DEV, PLAN, startedCycle } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { hurry, pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { runActivity as run } from '../support/run-activity.js';
import { resolvedStage } from '../support/stages.js';
import { assumed, directory, HERE, oneZone, ZONE } from './one-zone.js';
import { scanBefore } from './scan-before.js';

/*
 * Every end of EC2's task that replaces a root volume, and what else may come of a rollback: with the real adapter against the
 * simulated fleet, told by what GET /v1/cycles/{id}/nodes then says of each node.
 */

/** One node for each end. */
const ENDS = [
  'succeeds',
  'fails',
  'detaches',
  'sticks',
  'is-lost',
  'is-stopped',
  'has-no-snapshot',
  'is-busy',
  'is-tried-twice',
] as const;
type End = (typeof ENDS)[number] | 'is-on-premises';

const group = (name: string, more: object = {}) => ({
  name,
  os: 'amazon-linux-2023' as const,
  count: 1,
  tags: { Application: 'storefront', 'Patch Group': 'storefront-dev' },
  ...more,
});
const description = oneZone({
  seed: 11,
  groups: [...ENDS.map((end) => group(end)), group('is-on-premises', { hybrid: true })],
});

let simulator: RunningFleet;
let database: TestDatabase;
let store: Store;
let fleet: ReturnType<typeof createFleet>;
let ec2: EC2Client;
let cycle: CycleId;
let manifest: Manifest;
let digest: Digest;
let nodes: ReadonlyMap<End, ManagedNode>;
let told: ReadonlyMap<End, { outcome: string; reason: string; rollback: Record<string, unknown> | null }>;
const engine = { hasEnded: async () => false };
const never = new AbortController().signal;

const control = async (path: string, body: object): Promise<void> => {
  const answer = await fetch(`${simulator.url}/_fleet${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
};
const nodeOf = (end: End): ManagedNode => {
  const found = nodes.get(end);
  if (!found) throw new Error(`There is no node that ${end}.`);
  return found;
};
const batchOf = (end: End): number => [...ENDS, 'is-on-premises'].indexOf(end) + 1;

let watches = 0;
const activities = () => {
  const ports = { fleet, records: store };
  return {
    ...createStepActivities({ ...ports, engine }),
    ...createWatchActivities({ ...ports, pace: 20 }),
    ...createRollbackActivities({ ...ports, engine }),
    ...createRollbackRecordActivities({ records: store }),
  };
};

/** Follows an operation to its end; `within` seconds where its own time would be too long for a test. */
async function follow(key: string | null, within?: number): Promise<void> {
  if (key === null) return;
  if (within !== undefined) await hurry(database.url, key, within);
  watches += 1;
  const request = { run: 'wave', at: HERE, watch: watches, awaited: [key] };
  for (;;) {
    try {
      if ((await run(activities().watch, request)).some((end) => end.key === key)) return;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('still under way')) throw error;
    }
  }
}

async function patch(manifest: Digest, wave: number, batches: readonly number[]): Promise<void> {
  for (const step of ['check', 'snapshot', 'install', 'agent-back', 'scan']) {
    const { begun } = await run(activities().beginStep, { manifest, run: 'wave', wave, batches, step });
    for (const { key } of begun) await follow(key);
  }
  await run(activities().recordBatches, { manifest, wave, batches });
}

/** Moves the node into a wave of its own, where another snapshot is taken of it and nothing is left to install. */
async function tryAgain(end: End): Promise<void> {
  const [wave] = manifest.waves.map((first) => ({
    ...first,
    number: 2,
    batches: first.batches.filter(({ number }) => number === batchOf(end)),
  }));
  if (!wave) throw new Error('The manifest has no wave.');
  const continues = { manifest: digest, of: 'failed', round: 1 } as const;
  await patch(await store.continueNodes({ ...manifest, continues, waves: [wave] }), 2, [batchOf(end)]);
}

const STEPS: readonly RollbackStep[] = ['boot-before', 'restore', 'agent-back', 'boot-after', 'scan'];
async function rollBack(number: number, end: End): Promise<{ detached: readonly NodeId[]; lost: number }> {
  const wave = end === 'is-tried-twice' ? 2 : 1;
  const place = { cycle, number, stage: DEV, wave, batch: batchOf(end), at: HERE };
  const hurries: Partial<Record<End, RollbackStep>> = { sticks: 'restore', 'is-lost': 'agent-back' };
  for (const step of STEPS) {
    const { key } = await run(activities().beginRollbackStep, { ...place, run: 'wave', step });
    await follow(key, hurries[end] === step ? 3 : undefined);
  }
  return run(activities().recordRollback, place);
}

beforeAll(async () => {
  simulator = await startFleet({ fleet: description, port: 0, speed: 3000 });
  useAwsEndpoint(simulator.url);
  database = await pgliteDatabase();
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  fleet = createFleet({ accounts: directory, bucket: 'patchtide-{region}' });
  ec2 = new EC2Client(await assumed());
  const found = await fleet.findNodes(HERE, { Application: 'storefront' }, never);
  nodes = new Map(found.map((node) => [node.name.replace(/-\d+$/, '') as End, node]));
  cycle = await startedCycle(store);
  manifest = manifestOfAll();
  digest = await store.saveManifest(manifest);
  await scanBefore(
    HERE,
    found.map(({ id }) => id),
    fleet,
    store,
  );
  await store.planNodes(cycle, DEV, manifest, '2000-01-01T00:00:00.000Z' as Instant);
  await patch(digest, 1, [...nodes.keys()].map(batchOf));
  await tryAgain('is-tried-twice');
  told = await rolledBack();
}, 180_000);
afterAll(async () => {
  ec2.destroy();
  fleet.close();
  await store.close();
  await database.close();
  await simulator.close();
});

function manifestOfAll(): Manifest {
  const os = 'AMAZON_LINUX_2023';
  const all = [...nodes];
  return {
    cycle,
    plan: { name: PLAN, version: 1 },
    stage: DEV,
    preparedAt: new Date().toISOString() as Instant,
    policy: resolvedStage({ name: DEV, patchGroups: ['storefront-dev'], snapshot: 'await' }),
    baseline: { name: 'everything', version: null },
    baselines: [],
    patchSet: null,
    installLists: null,
    windows: [],
    targets: all.map(([, node]) => ({
      ...HERE,
      node: node.id,
      kind: node.kind,
      name: node.name,
      os,
      zone: node.zone,
      zoneName: node.zoneName,
      patchGroup: 'storefront-dev',
      window: 'any-time',
      startFirst: false,
    })),
    leftOut: [],
    waves: [
      {
        ...HERE,
        number: 1,
        window: 'any-time',
        zone: all.every(([, { zone }]) => zone === HYBRID) ? HYBRID : ZONE,
        zoneName: 'eu-west-1a',
        maxUnavailable: 10,
        batches: all.map(([end, node]) => ({
          number: batchOf(end),
          os,
          patchGroup: 'storefront-dev',
          nodes: [node.id],
        })),
      },
    ],
    warnings: [],
  };
}

async function deleteSnapshotsOf(node: NodeId): Promise<void> {
  const Filters = [{ Name: 'tag:patchtide:node', Values: [node] }];
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }));
  for (const { SnapshotId } of Snapshots) await ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
}

async function rolledBack(): Promise<typeof told> {
  await control('/faults', { fault: 'restore-fails', node: nodeOf('fails').name });
  await control('/faults', { fault: 'restore-fails-detached', node: nodeOf('detaches').name });
  await control('/faults', { fault: 'restore-stuck', node: nodeOf('sticks').name });
  await control('/faults', { fault: 'agent-never-returns', node: nodeOf('is-lost').name, always: true });
  await control('/nodes', { node: nodeOf('is-stopped').name, state: 'stopped' });
  await deleteSnapshotsOf(nodeOf('has-no-snapshot').id);
  const fault = {
    fault: 'answer-error',
    operation: 'CreateReplaceRootVolumeTask',
    code: 'IncorrectState',
    status: 400,
  };
  await control('/faults', { ...fault, contains: nodeOf('is-busy').id, always: true });
  const opened = await run(activities().openRollback, {
    cycle,
    stage: DEV,
    key: 'test',
    by: 'olga',
    reason: 'The till does not start',
    now: new Date().toISOString() as Instant,
  });
  if (opened.kind !== 'opened') throw new Error(opened.message);
  const { number } = opened;
  for (const end of ENDS) records.set(end, await rollBack(number, end));
  const now = new Date().toISOString() as Instant;
  summary = (await run(activities().endRollback, { cycle, number, reasonForRest: 'Left as it is.', now })).message;

  const key = 'a-key-for-the-viewer-of-the-tests';
  const app = await buildApp({
    store,
    temporal: new FakeTemporal().client,
    keys: [{ name: 'viewer', role: 'viewer', key }],
    logger: null,
    temporalUi: null,
  });
  const response = await app.inject({ url: `/v1/cycles/${cycle}/nodes`, headers: { authorization: `Bearer ${key}` } });
  await app.close();
  const items = response.json<{ items: { node: NodeId }[] }>().items as never[];
  const byNode = new Map(items.map((item: { node: NodeId }) => [item.node, item]));
  return new Map([...nodes].map(([end, { id }]) => [end, byNode.get(id) as never]));
}
let summary = '';
const records = new Map<End, { detached: readonly NodeId[]; lost: number }>();

describe('what the API says of a node', () => {
  test.each([
    [
      'succeeds',
      'rolled-back',
      /^Rollback 1: Its root volume was replaced \(succeeded, task replacevol-\w+\); it runs another boot; [1-9]\d* patches that the install brought are gone\.$/,
      0,
    ],
    [
      'is-tried-twice',
      'rolled-back',
      /^Rollback 1: Its root volume was replaced .*; [1-9]\d* patches that the install brought are gone\.$/,
      0,
    ],
    [
      'fails',
      'failed',
      /^Rollback 1: Not rolled back: its root volume could not be replaced \(failed, task .*\)\. The old one stays/,
      0,
    ],
    ['detaches', 'failed', /^Rollback 1: It has no root volume: EC2 took the old one off .*\(failed-detached, task/, 1],
    ['sticks', 'failed', /^Rollback 1: Nobody knows yet .*: in-progress, task .*, which had not ended by/, 1],
    [
      'is-lost',
      'failed',
      /^Rollback 1: Its root volume was replaced .*, but it did not come back: Its agent was not back by/,
      1,
    ],
    ['is-busy', 'failed', /^Rollback 1: Not rolled back: AWS refused to replace its root volume: .*IncorrectState/, 0],
    // Nothing was done to these: they are what they were.
    ['is-stopped', 'patched', /^The instance is stopped, and EC2 restores the root volumes of running ones only/, 0],
    ['has-no-snapshot', 'patched', /^It has nothing to go back to: its snapshots are no longer there\.$/, 0],
    ['is-on-premises', 'patched', /^It has nothing to go back to: it is no instance of EC2/, 0],
  ] as [End, string, RegExp, number][])('whose restore %s: %s', (end, outcome, reason, lost) => {
    const node = told.get(end);
    expect(node).toMatchObject({ outcome, rollback: { number: 1, reason: expect.stringMatching(reason) } });
    expect(node?.rollback?.outcome).toBe(outcome === 'patched' ? 'left' : outcome);
    if (outcome !== 'patched') expect(node?.reason).toMatch(reason);
    expect(records.get(end)?.lost ?? 0).toBe(lost);
  });
});

test('only the node whose root volume EC2 took off is one without a root volume, and the audit trail says so', async () => {
  const { id } = nodeOf('detaches');
  expect([...records].flatMap(([, { detached }]) => detached)).toEqual([id]);
  const { items } = await store.auditEntries({ limit: 50 });
  expect(items.filter(({ action }) => action === 'node without root volume')).toMatchObject([
    { subject: `${cycle}/dev`, reason: expect.stringContaining(id) },
  ]);
});

test('data volumes are named with their snapshots and the commands that restore them', () => {
  expect(told.get('succeeds')?.rollback?.dataVolumes).toEqual([
    {
      volume: expect.stringMatching(/^vol-/),
      device: expect.stringMatching(/^\/dev\//),
      snapshot: expect.stringMatching(/^snap-/),
      commands: expect.arrayContaining([expect.stringContaining('--availability-zone eu-west-1a --snapshot-id snap-')]),
    },
  ]);
});

test('a node that was tried twice goes back to the snapshot that was taken first', async () => {
  const Filters = [{ Name: 'tag:patchtide:node', Values: [nodeOf('is-tried-twice').id] }];
  const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters }));
  const first = Snapshots.filter(({ Tags = [] }) => Tags.some(({ Value }) => Value?.includes('/w1.')));
  expect(Snapshots.length).toBeGreaterThan(first.length);
  expect(first.map(({ SnapshotId }) => SnapshotId)).toContain(told.get('is-tried-twice')?.rollback?.snapshot);
});

test('the rollback tells how many came back, and who did not', () => {
  expect(summary).toMatch(/^2 of 10 nodes rolled back; 5 failed: .*; 3 left as they are: /);
});

test('no root volume was replaced twice, though every step is begun again', async () => {
  const before = await ledger('root-volume-task-started');
  for (const step of STEPS) {
    const place = { cycle, number: 1, stage: DEV, wave: 1, batch: batchOf('succeeds'), at: HERE };
    await run(activities().beginRollbackStep, { ...place, run: 'wave', step });
  }
  expect(await ledger('root-volume-task-started')).toEqual(before);
  expect(before).toHaveLength(6);
});

const ledger = async (kind: string): Promise<unknown[]> =>
  (await (await fetch(`${simulator.url}/_fleet/ledger?kind=${kind}`)).json()) as unknown[];
