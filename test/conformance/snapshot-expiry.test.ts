import { CreateSnapshotsCommand } from '@aws-sdk/client-ec2';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createExpireSnapshotsActivities } from '../../activities/expire-snapshots.js';
import { createStepActivities } from '../../activities/steps.js';
import { createFleet } from '../../aws/index.js';
import type { AccountId, CycleId, Instant, NodeId, Region } from '../../domain/ids.js';
import { openStore, type Store } from '../../store/index.js';
import { DEV, manifestOf, startedCycle } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { emptySchema, pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { runActivity as run } from '../support/run-activity.js';
import { ACCOUNT, REGION, type TestFleet, testFleet } from './fleet.js';

/*
 * Snapshots that a cycle took, and others, in one account: what is deleted when, told by the fleet's ledger. With the real
 * adapter against the simulated fleet, and the step that takes them as a worker has it.
 */

const HERE = { account: ACCOUNT as AccountId, region: REGION as Region };
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString() as Instant;

let database: TestDatabase;
let store: Store;
let aws: TestFleet;
let fleet: ReturnType<typeof createFleet>;
let cycle: CycleId;
/** Workflows that have ended. */
let ended: Set<string>;

beforeAll(async () => {
  database = await pgliteDatabase();
}, 60_000);
afterAll(() => database.close());

/** A cycle that has taken snapshots of two instances in its first stage, which soaks. */
beforeEach(async () => {
  await emptySchema(database.url);
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  ended = new Set();
  aws = await testFleet();
  useAwsEndpoint(aws.url);
  const account = async (id: AccountId) => ({
    ...{ name: 'shop', id, roleArn: `arn:aws:iam::${id}:role/Patchtide`, externalId: 'shop-external', regions: [] },
  });
  fleet = createFleet({ accounts: { account }, bucket: 'patchtide-{region}' });
  cycle = await startedCycle(store);
  await snapshotsOf(cycle, ['web-01', 'web-02']);
  await store.stageChanged(cycle, DEV, { status: 'soaking', soakUntil: inDays(7) });
});
afterEach(async () => {
  fleet.close();
  await aws.close();
  await store.close();
});

const engine = { hasEnded: async (workflow: string) => ended.has(workflow) };
const expireOn = (now: Instant, over: typeof fleet = fleet) => {
  const { expireSnapshots } = createExpireSnapshotsActivities({ fleet: over, records: store, engine });
  return run(() => expireSnapshots({ at: HERE, now }));
};

/** Takes the snapshots of a batch as its step does. */
async function snapshotsOf(of: CycleId, names: readonly string[]): Promise<void> {
  const nodes = await Promise.all(names.map(async (name) => (await aws.node(name)).id as NodeId));
  const plain = manifestOf(of, 1);
  const waves = plain.waves.slice(0, 1).map((wave) => ({
    ...wave,
    batches: wave.batches.map((batch) => ({ ...batch, nodes })),
  }));
  const targets = nodes.flatMap((node) => plain.targets.slice(0, 1).map((target) => ({ ...target, node })));
  const manifest = { ...plain, policy: { ...plain.policy, snapshot: 'await' as const }, waves, targets };
  const digest = await store.saveManifest(manifest);
  await store.planNodes(of, DEV, manifest);
  const { beginStep } = createStepActivities({ fleet, records: store, engine });
  await run(() => beginStep({ manifest: digest, run: 'wave', wave: 1, batches: [1], step: 'snapshot' }));
}

/** A snapshot that the step did not take, with these tags. */
async function foreign(name: string, tags: Record<string, string>): Promise<void> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await aws.ec2.send(
    new CreateSnapshotsCommand({
      InstanceSpecification: { InstanceId: (await aws.node(name)).id },
      ...(Tags.length > 0 && { TagSpecifications: [{ ResourceType: 'snapshot', Tags }] }),
    }),
  );
}

const ledgerOf = async (kind: string) =>
  (await aws.ledger()).filter((entry) => entry.kind === kind).map(({ snapshot }) => String(snapshot));
const deleted = () => ledgerOf('snapshot-deleted');

describe('snapshots of a stage', () => {
  test('stay while it goes on, and until their retention after its soak is over; then each is deleted once', async () => {
    const taken = await ledgerOf('snapshot-created');
    expect(taken).toHaveLength(4);
    expect(await expireOn(inDays(400))).toMatchObject({ deleted: 0, kept: 4 });

    await store.stageChanged(cycle, DEV, { status: 'completed' });
    expect(await expireOn(inDays(20.9))).toMatchObject({ deleted: 0, kept: 4 });
    expect(await deleted()).toEqual([]);

    const found = await expireOn(inDays(21.1));
    expect(found).toMatchObject({ deleted: 4, more: 0, kept: 0, inUse: [] });
    expect(found.gib).toBeGreaterThan(0);
    expect(await expireOn(inDays(22))).toMatchObject({ deleted: 0, kept: 0 });
    expect((await deleted()).toSorted()).toEqual(taken.toSorted());
    expect(
      (await store.auditEntries({ limit: 10 })).items.map(({ action, subject }) => `${action} ${subject}`),
    ).toContain(`delete snapshots ${cycle}/${DEV}`);
  });

  test('are told to be gone to whoever wants to go back to them', async () => {
    await store.cycleChanged(cycle, { status: 'cancelled', endedAt: inDays(0) });
    await expireOn(inDays(15));
    const facts = await store.rollbackFacts(cycle);
    expect(facts.filter(({ wave }) => wave === 1).map(({ expired }) => expired !== null)).toEqual([true, true]);
  });

  test('stay while a rollback of their cycle is at work', async () => {
    await store.cycleChanged(cycle, { status: 'failed', endedAt: inDays(0) });
    const plan = { targets: [], left: [] };
    const scope = { stage: null, wave: null, nodes: null };
    await store.openRollback({ cycle, key: 'one', scope, plan, by: 'olga', reason: 'Back', now: inDays(0) });
    expect(await expireOn(inDays(30))).toMatchObject({ deleted: 0, kept: 4 });
    expect(await deleted()).toEqual([]);
  });

  test('are deleted once although the answer to a deletion is lost', async () => {
    await store.cycleChanged(cycle, { status: 'failed', endedAt: inDays(0) });
    let lost = 0;
    const losing = Object.assign(Object.create(fleet) as typeof fleet, {
      deleteSnapshot: async (...asked: Parameters<typeof fleet.deleteSnapshot>) => {
        const answer = await fleet.deleteSnapshot(...asked);
        lost += 1;
        if (lost === 2) throw new Error('The worker died.');
        return answer;
      },
    });
    await expect(expireOn(inDays(15), losing)).rejects.toThrow('The worker died.');
    await expireOn(inDays(15));
    expect((await deleted()).toSorted()).toEqual((await ledgerOf('snapshot-created')).toSorted());
  });
});

describe('orphans', () => {
  test('of a cycle that nobody knows, or whose workflow has ended without a word, are deleted after their retention', async () => {
    const installation = await store.installation();
    const tags = { 'patchtide:cycle': 'lost-1', 'patchtide:stage': 'prod', 'patchtide:key': 'patchtide/lost-1/x' };
    await foreign('api-01', { ...tags, 'patchtide:node': 'i-1', 'patchtide:installation': installation });
    expect(await expireOn(inDays(13))).toMatchObject({ deleted: 0 });
    expect(await expireOn(inDays(15))).toMatchObject({ deleted: 2, kept: 4 });

    ended.add('patch-cycle/storefront/1');
    expect(await expireOn(inDays(15))).toMatchObject({ deleted: 4, kept: 0 });
  });
});

test('what is not ours is never deleted, nor what somebody has marked to be kept for longer', async () => {
  const installation = await store.installation();
  const ours = {
    'patchtide:cycle': 'lost-1',
    'patchtide:stage': 'prod',
    'patchtide:key': 'patchtide/lost-1/prod/w1.b1.snapshot',
    'patchtide:node': 'i-1',
  };
  await foreign('api-01', {});
  await foreign('api-01', { ...ours });
  await foreign('api-01', { ...ours, 'patchtide:installation': 'another' });
  await foreign('api-01', { 'patchtide:installation': installation });
  await foreign('web-01', { ...ours, 'patchtide:installation': installation, 'patchtide:keep-for': 'P365D' });
  await store.cycleChanged(cycle, { status: 'completed', endedAt: inDays(0) });

  expect(await expireOn(inDays(300))).toMatchObject({ deleted: 4, kept: 2 });
  const created = (await aws.ledger()).filter(({ kind }) => kind === 'snapshot-created');
  const cycles = new Map(
    created.map(({ snapshot, tags }) => [String(snapshot), (tags as typeof ours)['patchtide:cycle']]),
  );
  expect(new Set((await deleted()).map((snapshot) => cycles.get(snapshot)))).toEqual(new Set([cycle]));
});
