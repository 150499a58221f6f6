import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createStepActivities } from '../../activities/steps.js';
import { createWatchActivities } from '../../activities/watch.js';
import { createFleet } from '../../aws/index.js';
import type { AccountDocument } from '../../domain/documents/types.js';
import type { AccountId, CycleId, Digest, NodeId, PlanName, Region } from '../../domain/ids.js';
import { openStore, type Store } from '../../store/index.js';
import { DEV, manifestOf, planBody, reservation } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { emptySchema, pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { runActivity as run } from '../support/run-activity.js';
import { ACCOUNT, REGION, SMALL, type TestFleet, testFleet } from './fleet.js';

/*
 * Two cycles snapshot nodes of one account and Region, of which no more than five snapshots may be pending: told by the fleet's
 * ledger. With the real adapter against the simulated fleet; a batch that is refused asks again, as its wave does.
 */

const HERE = { account: ACCOUNT as AccountId, region: REGION as Region };
const QUOTA = 5;
const shop: AccountDocument = {
  name: 'shop',
  id: HERE.account,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/Patchtide`,
  externalId: 'shop-external',
  regions: [HERE.region],
  pendingSnapshots: QUOTA,
};

let database: TestDatabase;
let store: Store;
let aws: TestFleet;
let fleet: ReturnType<typeof createFleet>;
let nodes: readonly NodeId[];
/** Workflows that have ended. */
let ended: Set<string>;

beforeAll(async () => {
  database = await pgliteDatabase();
}, 60_000);
afterAll(() => database.close());
beforeEach(async () => {
  await emptySchema(database.url);
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  await store.putDocument('account', 'shop', { written: {}, resolved: shop }, 'ada');
  ended = new Set();
  const groups = SMALL.groups?.map((group) => (group.name === 'web' ? { ...group, count: 14 } : group));
  aws = await testFleet({ ...SMALL, ...(groups && { groups }) }, { speed: 600 });
  useAwsEndpoint(aws.url);
  fleet = createFleet({ accounts: { account: async () => shop }, bucket: 'patchtide-{region}' });
  nodes = (await aws.nodes()).filter(({ name }) => name.startsWith('web')).map(({ id }) => id as NodeId);
});
afterEach(async () => {
  fleet.close();
  await aws.close();
  await store.close();
});

const activities = () => {
  const engine = { hasEnded: async (workflow: string) => ended.has(workflow) };
  return {
    // The fleet shows at once what it has accepted.
    ...createStepActivities({ fleet, records: store, engine, grace: 100 }),
    ...createWatchActivities({ fleet, records: store, pace: 20 }),
  };
};

/** A cycle of a plan whose first wave has these batches, by the numbers of their nodes. */
async function cycleOf(plan: string, batches: readonly (readonly [from: number, count: number])[]): Promise<Digest> {
  await store.putDocument('plan', plan, planBody(), 'ada');
  await store.reserveCycle({ ...reservation(plan), plan: plan as PlanName });
  const cycle = `${plan}-1` as CycleId;
  const plain = manifestOf(cycle, 1);
  const [wave] = plain.waves;
  const [target] = plain.targets;
  if (!wave || !target) throw new Error('The example has no wave.');
  const members = batches.map(([from, count]) => nodes.slice(from, from + count));
  const manifest = {
    ...plain,
    policy: { ...plain.policy, snapshot: 'await' as const },
    targets: members.flat().map((node) => ({ ...target, node })),
    waves: [
      {
        ...wave,
        batches: members.map((own, index) => ({
          ...{ number: index + 1, os: target.os, patchGroup: target.patchGroup, nodes: own },
        })),
      },
    ],
  };
  await store.planNodes(cycle, DEV, manifest);
  return store.saveManifest(manifest);
}

const begin = async (manifest: Digest, batch: number, owner: string) => {
  const { begun } = await run(() =>
    activities().beginStep({ manifest, run: owner, wave: 1, batches: [batch], step: 'snapshot' }),
  );
  return begun[0];
};

/** One batch from its first question to the end of its snapshots; how often it was refused. */
async function snapshot(manifest: Digest, batch: number, owner: string): Promise<number> {
  for (let refused = 0; ; refused++) {
    const begun = await begin(manifest, batch, owner);
    const key = begun?.key;
    if (key) {
      await ends(key, owner, batch);
      return refused;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function ends(key: string, owner: string, watch: number): Promise<void> {
  for (;;) {
    try {
      const found = await run(() => activities().watch({ run: owner, at: HERE, watch, awaited: [key] }));
      if (found.some((end) => end.key === key)) return;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('still under way')) throw error;
    }
  }
}

/** The most that were pending at a moment, and how many there were of each volume. */
async function pendingInLedger(): Promise<{ most: number; taken: readonly number[] }> {
  const steps = (await aws.ledger()).flatMap(({ kind, at, volume }) => {
    if (kind === 'snapshot-created') return [{ at: Date.parse(String(at)), by: 1, volume: String(volume) }];
    return kind === 'snapshot-completed' || kind === 'snapshot-failed'
      ? [{ at: Date.parse(String(at)), by: -1, volume: String(volume) }]
      : [];
  });
  steps.sort((a, b) => a.at - b.at || a.by - b.by);
  let pending = 0;
  let most = 0;
  const taken = new Map<string, number>();
  for (const { by, volume } of steps) {
    pending += by;
    most = Math.max(most, pending);
    if (by > 0) taken.set(volume, (taken.get(volume) ?? 0) + 1);
  }
  return { most, taken: [...taken.values()] };
}

describe('room for pending snapshots', () => {
  test('is shared by all cycles, is never more than the quota, and a batch that is larger gets through', async () => {
    const shopfront = await cycleOf('storefront', [
      [0, 2],
      [2, 2],
      [4, 4],
    ]);
    const billing = await cycleOf('billing', [
      [8, 1],
      [9, 2],
      [11, 2],
    ]);
    const batches = [1, 2, 3];
    const refused = await Promise.all([
      ...batches.map((batch) => snapshot(shopfront, batch, `wave of storefront ${batch}`)),
      ...batches.map((batch) => snapshot(billing, batch, `wave of billing ${batch}`)),
    ]);

    const { most, taken } = await pendingInLedger();
    expect(most).toBeLessThanOrEqual(QUOTA);
    expect(most).toBeGreaterThan(2);
    expect(taken).toEqual(Array(26).fill(1));
    expect(refused.some((times) => times > 0)).toBe(true);
  });

  test('that somebody left behind is had when their workflow has ended, but for what is still pending', async () => {
    const shopfront = await cycleOf('storefront', [[0, 2]]);
    const billing = await cycleOf('billing', [[8, 2]]);
    await aws.fault({ fault: 'snapshot-stuck', node: 'web-01', times: 1 });
    await begin(shopfront, 1, 'wave of storefront');
    aws.pass(5_000);
    expect(await begin(billing, 1, 'wave of billing')).toMatchObject({ key: null, heldBy: ['wave of storefront'] });

    ended.add('wave of storefront');
    expect(await begin(billing, 1, 'wave of billing')).toMatchObject({ key: expect.any(String), nodes: 2 });
    expect((await pendingInLedger()).most).toBe(QUOTA);
  });
});
