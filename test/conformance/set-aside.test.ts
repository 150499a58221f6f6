import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createReadmitActivities } from '../../activities/readmit.js';
import { createStepActivities } from '../../activities/steps.js';
import type { BatchRecord } from '../../activities/verdicts.js';
import { createWatchActivities } from '../../activities/watch.js';
import { createFleet } from '../../aws/index.js';
import type { Outcome } from '../../domain/cycle.js';
import type { ManagedNode } from '../../domain/fleet.js';
import { type CycleId, HYBRID, type Instant, type NodeId } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { type RunningFleet, startFleet } from '../../simulator/index.js';
import { openStore, type Store } from '../../store/index.js';
import { bringBack } from '../../workflows/hung-nodes.js';
import { DEV, PLAN, startedCycle } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { hurry, pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { runActivity as run } from '../support/run-activity.js';
import { resolvedStage } from '../support/stages.js';
import { directory, HERE, oneZone, ZONE } from './one-zone.js';
import { scanBefore } from './scan-before.js';

/*
 * The ladder for nodes that do not come back from the reboot of their install, rung by rung: the real adapter against the
 * simulated fleet, in the order of the workflow, told by the fleet's ledger and by what is kept of each node.
 */

const LOST = {
  'by-itself': null,
  'by-reboot': 'until-reboot',
  'by-restore': 'until-restore',
  never: 'never-returns',
  'on-premises': 'never-returns',
} as const;
type Name = keyof typeof LOST;
const NAMES = Object.keys(LOST) as Name[];

const description = oneZone({
  seed: 5,
  groups: NAMES.map((name) => ({
    name,
    os: 'amazon-linux-2023' as const,
    count: 1,
    hybrid: name === 'on-premises',
    tags: { Application: 'storefront', 'Patch Group': 'storefront-dev' },
    ...(LOST[name] && { behaviour: { agentLost: LOST[name] } }),
  })),
});

let simulator: RunningFleet;
let database: TestDatabase;
let store: Store;
let fleet: ReturnType<typeof createFleet>;
let cycle: CycleId;
let nodes: ReadonlyMap<Name, ManagedNode>;
const recorded: BatchRecord[] = [];
const never = new AbortController().signal;

const activities = () => {
  const ports = { fleet, records: store };
  return {
    ...createStepActivities({ ...ports, engine: { hasEnded: async () => false } }),
    ...createWatchActivities({ ...ports, pace: 20 }),
    ...createReadmitActivities(ports),
  };
};
const nodeOf = (name: Name): NodeId => {
  const found = nodes.get(name);
  if (!found) throw new Error(`There is no node ${name}.`);
  return found.id;
};

/** Steps in which a node that hangs would keep everybody waiting for most of an hour: here for a moment. */
const HURRIED = /^(install|agent-back|back-from-.*|after-again-.*)$/;

let watches = 0;
async function patch(manifest: Manifest, batch: number): Promise<void> {
  const digest = await store.saveManifest(manifest);
  const step = async (name: string) => {
    const request = { manifest: digest, run: 'wave', wave: 1, batches: [batch], step: name };
    const { begun } = await run(activities().beginStep, request);
    const key = begun[0]?.key ?? null;
    if (key === null) return null;
    if (HURRIED.test(name)) await hurry(database.url, key, 3);
    for (;;) {
      watches += 1;
      try {
        const ended = await run(activities().watch, { run: 'wave', at: HERE, watch: watches, awaited: [key] });
        const own = ended.find((end) => end.key === key);
        if (own) return own;
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('still under way')) throw error;
      }
    }
  };
  for (const name of ['check', 'snapshot', 'before-1', 'install', 'agent-back', 'scan', 'after-1']) await step(name);
  await bringBack({ afterTasks: 1, onHung: manifest.policy.onHung }, step, (work) => work());
  const answer = await run(activities().recordBatches, { manifest: digest, wave: 1, batches: [batch] });
  recorded.push(...answer.recorded);
}

const task = (command: string) => ({
  kind: 'command' as const,
  document: 'AWS-RunShellScript',
  parameters: { commands: [command] },
  os: null,
  timeout: 60_000,
});

function manifestOfAll(): Manifest {
  const os = 'AMAZON_LINUX_2023' as const;
  const batchOf = (number: number, names: readonly Name[]) => ({
    number,
    os,
    patchGroup: 'storefront-dev',
    nodes: names.map(nodeOf),
  });
  return {
    cycle,
    plan: { name: PLAN, version: 1 },
    stage: DEV,
    preparedAt: new Date().toISOString() as Instant,
    policy: resolvedStage({
      name: DEV,
      patchGroups: ['storefront-dev'],
      snapshot: 'await',
      onHung: 'restore',
      tasks: {
        beforeStage: [],
        beforeNode: [task('systemctl stop storefront')],
        afterNode: [task('systemctl start storefront')],
        afterStage: [],
      },
    }),
    baseline: { name: 'everything', version: null },
    baselines: [],
    patchSet: null,
    installLists: null,
    windows: [],
    targets: [...nodes.values()].map(({ id, kind, name, zone, zoneName }) => ({
      ...HERE,
      node: id,
      kind,
      name,
      os,
      zone,
      zoneName,
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
        zone: nodes.size === 0 ? HYBRID : ZONE,
        zoneName: 'eu-west-1a',
        maxUnavailable: 5,
        batches: [
          batchOf(
            1,
            NAMES.filter((name) => name !== 'on-premises'),
          ),
          batchOf(2, ['on-premises']),
        ],
      },
    ],
    warnings: [],
  };
}

beforeAll(async () => {
  simulator = await startFleet({ fleet: description, port: 0, speed: 3000 });
  useAwsEndpoint(simulator.url);
  database = await pgliteDatabase();
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  fleet = createFleet({ accounts: directory, bucket: 'patchtide-{region}' });
  const found = await fleet.findNodes(HERE, { Application: 'storefront' }, never);
  nodes = new Map(found.map((node) => [node.name.replace(/-\d+$/, '') as Name, node]));
  await store.saveInventory(HERE, found, new Date().toISOString() as Instant);
  cycle = await startedCycle(store);
  const manifest = manifestOfAll();
  await scanBefore(
    HERE,
    found.map(({ id }) => id),
    fleet,
    store,
  );
  await store.planNodes(cycle, DEV, manifest, '2000-01-01T00:00:00.000Z' as Instant);
  await patch(manifest, 1);
  await patch(manifest, 2);
}, 180_000);
afterAll(async () => {
  fleet.close();
  await store.close();
  await database.close();
  await simulator.close();
});

interface Entry {
  readonly kind: string;
  readonly node: string;
  readonly cause?: string;
  readonly tags?: Readonly<Record<string, string | null>>;
}
const ledger = async (kind: string): Promise<readonly Entry[]> =>
  (await (await fetch(`${simulator.url}/_fleet/ledger?kind=${kind}`)).json()) as Entry[];
const nameOf = (id: string): string => NAMES.find((name) => nodeOf(name) === id) ?? id;

describe('what is said of a node whose agent came back', () => {
  test.each([
    ['by-itself', 'patched', /^/],
    ['by-reboot', 'patched', /^It did not come back by itself, and was rebooted by EC2; .*every patch in place/],
    [
      'by-restore',
      'rolled-back',
      /nor by a reboot of EC2\. Its root volume was replaced \(succeeded, .*another boot; .*Its data volumes stay as they are: vol-/,
    ],
    [
      'never',
      'set-aside',
      /Its root volume was replaced .*, but it did not come back: .*It is set aside until somebody readmits it\.$/,
    ],
    [
      'on-premises',
      'set-aside',
      /Its agent was not back by .*It is no instance of EC2, which therefore cannot reboot it\. It has nothing to go back to/,
    ],
  ] as [Name, Outcome, RegExp][])('%s: %s', async (name, outcome, reason) => {
    const found = (await store.stageNodes(cycle, DEV)).find(({ node }) => node === nodeOf(name));
    expect(found?.outcome).toBe(outcome);
    expect(found?.reason).toMatch(reason);
  });
});

test('EC2 rebooted only those that hung, once each, and restored only those that a reboot did not bring back', async () => {
  const reboots = (await ledger('reboot')).filter(({ cause }) => cause === 'ec2');
  expect(reboots.map(({ node }) => nameOf(node)).toSorted()).toEqual(['by-reboot', 'by-restore', 'never']);
  const restores = await ledger('root-volume-task-started');
  expect(restores.map(({ node }) => nameOf(node)).toSorted()).toEqual(['by-restore', 'never']);
});

test('hung nodes count as failures, and those that are set aside are told', () => {
  expect(recorded.map(({ failed, setAside }) => [failed, setAside.map(nameOf)])).toEqual([
    [3, ['never']],
    [1, ['on-premises']],
  ]);
});

test('those that are set aside bear the tag, in EC2 and on-premises, until they are readmitted', async () => {
  const tagged = async () => {
    const found = await fleet.findNodes(HERE, { 'patchtide:set-aside': `${cycle}/dev` }, never);
    return found.map(({ id }) => nameOf(id)).toSorted();
  };
  expect(await tagged()).toEqual(['never', 'on-premises']);
  const aside = await store.setAsideAmong([...nodes.values()].map(({ id }) => id));
  expect([...aside.keys()].map(nameOf).toSorted()).toEqual(['never', 'on-premises']);

  for (const readmission of aside.values()) {
    await run(activities().readmit, readmission);
    await run(activities().readmit, readmission);
  }
  expect(await tagged()).toEqual([]);
  expect((await store.setAsideAmong([...aside.keys()])).size).toBe(0);
});
