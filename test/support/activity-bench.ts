import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { Fleet } from '../../activities/ports.js';
import { createPrepareActivities } from '../../activities/prepare.js';
import { createRecordActivities } from '../../activities/record.js';
import { createScanActivities } from '../../activities/scan.js';
import { createStepActivities } from '../../activities/steps.js';
import { createWatchActivities } from '../../activities/watch.js';
import type { ManagedNode } from '../../domain/fleet.js';
import type { CycleId, Digest, Instant } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { openStore, type Store } from '../../store/index.js';
import { HERE, manifestOf, startedCycle } from '../store/examples.js';
import { emptySchema, pgliteDatabase, type TestDatabase } from './databases.js';
import { runActivity as run } from './run-activity.js';
import { scriptedFleet } from './scripted-fleet.js';

/** What a test of the activities gets: an empty store, and activities over it and a scripted fleet. */
export interface ActivityBench {
  readonly store: Store;
  /** The activities as a worker has them, run as Temporal runs them. */
  over(nodes: readonly ManagedNode[], more?: Partial<Fleet>): ReturnType<typeof activitiesOver>;
  /** A running cycle whose stage has been prepared: two zones, a wave of one batch in each. */
  prepared(nodesPerZone: number, change?: (manifest: Manifest) => Manifest): Promise<PreparedCycle>;
}
export interface PreparedCycle {
  readonly cycle: CycleId;
  readonly manifest: Manifest;
  readonly digest: Digest;
}

export function activityBench(): ActivityBench {
  let database: TestDatabase | null = null;
  let store: Store | null = null;
  beforeAll(async () => {
    database = await pgliteDatabase();
  }, 60_000);
  beforeEach(async () => {
    if (!database) throw new Error('The database has not started.');
    await emptySchema(database.url);
    store = openStore({ databaseUrl: database.url });
    await store.migrate();
  });
  afterEach(() => store?.close());
  afterAll(() => database?.close());
  const opened = () => {
    if (!store) throw new Error('The store is open only while a test runs.');
    return store;
  };
  return {
    get store() {
      return opened();
    },
    over: (nodes, more = {}) => activitiesOver(opened(), nodes, more),
    prepared: async (nodesPerZone, change = (manifest) => manifest) => {
      const cycle = await startedCycle(opened());
      const manifest = change(manifestOf(cycle, nodesPerZone));
      const digest = await opened().saveManifest(manifest);
      await opened().planNodes(cycle, manifest.stage, manifest, '2000-01-01T00:00:00.000Z' as Instant);
      return { cycle, manifest, digest };
    },
  };
}

function activitiesOver(store: Store, nodes: readonly ManagedNode[], more: Partial<Fleet>) {
  const world = scriptedFleet(nodes);
  const fleet: Fleet = { ...world.fleet, ...more };
  /** Workflows that have ended; all others are taken to run. */
  const ended = new Set<string>();
  const activities = {
    ...createPrepareActivities({ fleet, records: store }),
    ...createRecordActivities({ records: store }),
    ...createScanActivities({ fleet, records: store }),
    ...createStepActivities({ fleet, records: store, engine: { hasEnded: async (owner) => ended.has(owner) } }),
    ...createWatchActivities({ fleet, records: store }),
  };
  const RUN = 'wave-1';
  return {
    ...world,
    fleet,
    ended,
    activities,
    run,
    /** Begins a step of the first batch of the first wave, and follows it to its end. */
    step: async (manifest: Digest, step: string) => {
      const { begun } = await run(activities.beginStep, { manifest, run: RUN, wave: 1, batches: [1], step });
      const key = begun[0]?.key ?? null;
      if (key !== null) await run(activities.watch, { run: RUN, at: HERE, watch: 1, awaited: [key] });
      return key;
    },
    record: async (manifest: Digest) => {
      const { recorded } = await run(activities.recordBatches, { manifest, wave: 1, batches: [1] });
      return recorded[0];
    },
  };
}
