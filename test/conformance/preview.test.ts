import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPreviewActivities } from '../../activities/preview.js';
import { createFleet } from '../../aws/index.js';
import type { AccountDocument } from '../../domain/documents/types.js';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import type { Preview } from '../../domain/preview.js';
import { type FleetNode, type RunningFleet, startFleet } from '../../simulator/index.js';
import { openStore, type Store } from '../../store/index.js';
import { PLAN, planBody } from '../store/examples.js';
import { useAwsEndpoint } from '../support/aws-environment.js';
import { pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { resolvedStage } from '../support/stages.js';
import { ACCOUNT, REGION, SMALL } from './fleet.js';

/* What preview says of a fleet, with the real adapters against the simulated one. */

const shop: AccountDocument = {
  name: 'shop',
  id: ACCOUNT as AccountId,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/Patchtide`,
  externalId: 'shop-external',
  regions: [REGION as Region],
};
let database: TestDatabase;
let store: Store;
let simulator: RunningFleet;

beforeAll(async () => {
  database = await pgliteDatabase();
  store = openStore({ databaseUrl: database.url });
  await store.migrate();
  await store.putDocument('account', 'shop', { written: {}, resolved: shop }, 'ada');
  const nightly = { schedule: { cron: '0 2 * * *' }, timezone: 'UTC', duration: 3_600_000, cutoff: 600_000 };
  await store.putDocument('window', 'default', { written: {}, resolved: { name: 'default', ...nightly } }, 'ada');
  const stages = [
    resolvedStage({ name: 'web' as never, patchGroups: ['web'], waves: waves(1) }),
    resolvedStage({ name: 'api' as never, patchGroups: ['api'], snapshot: 'await' }),
    resolvedStage({ name: 'both' as never, patchGroups: ['web', 'api'], snapshot: 'start', waves: waves(1) }),
  ];
  const body = planBody();
  await store.putDocument('plan', PLAN, { ...body, resolved: { ...body.resolved, stages } }, 'ada');
}, 60_000);
afterAll(async () => {
  await store.close();
  await database.close();
});

const waves = (nodes: number) =>
  ({ by: 'zone', regions: 'parallel', maxUnavailable: { nodes }, pauseAfterFailures: { percent: 10 } }) as const;

async function previewed(denied: readonly string[] = []): Promise<{ found: Preview; nodes: readonly FleetNode[] }> {
  const accounts = SMALL.accounts.map((account) => ({ ...account, denied: [...denied] }));
  simulator = await startFleet({ fleet: { ...SMALL, accounts }, port: 0, speed: 60 });
  useAwsEndpoint(simulator.url);
  const fleet = createFleet({ accounts: { account: async () => shop }, bucket: 'patchtide-{region}' });
  try {
    const { preview } = createPreviewActivities({ fleet, records: store });
    const now = '2026-11-10T06:00:00.000Z' as Instant;
    const found: Preview = await new MockActivityEnvironment().run(() => preview({ plan: PLAN, now }));
    const nodes = (await (await fetch(`${simulator.url}/_fleet/nodes`)).json()) as FleetNode[];
    return { found, nodes };
  } finally {
    fleet.close();
    await simulator.close();
  }
}
const gibOf = (nodes: readonly FleetNode[]) =>
  nodes.flatMap(({ volumes }) => volumes).reduce((sum, { sizeGb }) => sum + sizeGb, 0);

describe('a preview', () => {
  test('counts the volumes that would be snapshotted, and their GiB', async () => {
    const { found, nodes } = await previewed();
    const api = nodes.filter(({ name }) => name.startsWith('api'));
    const both = nodes.filter(({ name }) => /^(api|web)/.test(name));

    expect(found.stages.map(({ snapshots }) => snapshots)).toEqual([
      null,
      { count: api.flatMap(({ volumes }) => volumes).length, gib: gibOf(api) },
      { count: both.flatMap(({ volumes }) => volumes).length, gib: gibOf(both) },
    ]);
    expect(gibOf(api)).toBeGreaterThan(0);
  });

  test('warns of nodes that do not fit into their window, with the openings that they take', async () => {
    const { found } = await previewed();
    const [web] = found.stages;

    expect(web?.windows).toMatchObject([{ nodes: 2, fitsBeforeCutoff: false, windowsNeeded: 2 }]);
    expect(web?.warnings.join('\n')).toMatch(/Window default is too short .* They need 2 openings of it/);
  });

  test('says so where it may not look at volumes, and says the rest all the same', async () => {
    const { found } = await previewed(['ec2:DescribeVolumes']);

    expect(found.stages.map(({ snapshots }) => snapshots)).toEqual([null, null, null]);
    expect(found.stages[1]?.warnings.join('\n')).toMatch(/How large the snapshots of api are could not be looked up/);
    expect(found.stages[1]?.nodes).toBe(1);
  });
});
