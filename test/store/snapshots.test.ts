import { expect, test } from '@jest/globals';
import type { CycleId, Instant, NodeId, Region } from '../../domain/ids.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, HERE, LATER, manifestOf, NOW, PROD, startedCycle } from './examples.js';

const EXPIRED = '2026-12-01T05:00:00.000Z' as Instant;
const snapshot = (cycle: CycleId, snapshotId: string) => ({
  snapshotId,
  cycle,
  stage: DEV,
  node: 'i-000001' as NodeId,
  volume: 'vol-1',
  gib: 8,
  takenAt: NOW,
  keepFor: 3_600_000,
  due: LATER,
});
const nothing = { targets: [], left: [], inFlight: [], unknown: [] };
const rollback = (cycle: CycleId) => ({
  ...{ cycle, key: 'one', by: 'olga', reason: 'Back', now: LATER, plan: nothing },
  scope: { stage: null, wave: null, nodes: null },
});

onEveryDatabase('snapshots', (on) => {
  test('the mark of an installation stays, whoever asks', async () => {
    const mark = await on.store.installation();
    expect(mark).toMatch(/^[0-9a-f-]{36}$/);
    await on.store.migrate();
    expect(await on.another().installation()).toBe(mark);
  });

  test('a stage has an end once it is over: that of its soak, or of a cycle that ended sooner', async () => {
    const cycle = await startedCycle(on.store);
    const ends = async () =>
      new Map((await on.store.stageEnds([cycle])).map(({ stage, since, runningAs }) => [stage, { since, runningAs }]));
    const runningAs = 'patch-cycle/storefront/1';
    await on.store.stageChanged(cycle, DEV, { status: 'soaking', soakUntil: LATER });
    expect((await ends()).get(DEV)).toEqual({ since: null, runningAs });
    await on.store.stageChanged(cycle, DEV, { status: 'completed' });
    expect((await ends()).get(DEV)).toEqual({ since: LATER, runningAs });
    expect((await ends()).get(PROD)).toEqual({ since: null, runningAs });

    await on.store.cycleChanged(cycle, { status: 'cancelled', endedAt: NOW });
    expect([...(await ends()).values()]).toEqual([
      { since: NOW, runningAs: null },
      { since: NOW, runningAs: null },
    ]);
    expect(await on.store.stageEnds(['unknown-1' as CycleId])).toEqual([]);
  });

  test('a stage whose tail goes on is not over, and is when the tail has ended', async () => {
    const cycle = await startedCycle(on.store);
    await on.store.stageChanged(cycle, DEV, { status: 'completed', soakUntil: NOW });
    await on.store.tailBegan(cycle, DEV, 2, NOW);
    const since = async () => (await on.store.stageEnds([cycle])).find(({ stage }) => stage === DEV)?.since;
    expect(await since()).toBeNull();
    await on.store.tailEnded(cycle, DEV, LATER);
    expect(await since()).toBe(LATER);
  });

  test('what expires is known to rollbacks before it is deleted, and no longer where AWS would not delete it', async () => {
    const cycle = await startedCycle(on.store);
    const manifest = manifestOf(cycle, 1);
    await on.store.planNodes(cycle, DEV, manifest);
    const expired = async () => (await on.store.rollbackFacts(cycle)).find(({ node }) => node === 'i-000001')?.expired;
    expect(await expired()).toBeNull();

    expect(await on.store.snapshotsExpire(HERE, [snapshot(cycle, 'snap-1')], EXPIRED)).toEqual(['snap-1']);
    expect(
      await on.store.snapshotsExpire(HERE, [snapshot(cycle, 'snap-1')], '2026-12-02T05:00:00.000Z' as Instant),
    ).toEqual(['snap-1']);
    expect(await expired()).toBe(EXPIRED);
    await on.store.snapshotStays('snap-1');
    expect(await expired()).toBeNull();
  });

  test('nothing expires of a cycle of which a rollback is at work', async () => {
    const cycle = await startedCycle(on.store);
    await on.store.openRollback(rollback(cycle));
    const orphan = snapshot('unknown-1' as CycleId, 'snap-2');
    expect(await on.store.snapshotsExpire(HERE, [snapshot(cycle, 'snap-1'), orphan], EXPIRED)).toEqual(['snap-2']);
    expect((await on.store.stageEnds([cycle])).map(({ rollbackRuns }) => rollbackRuns)).toEqual([true, true]);

    await on.store.endRollback({ cycle, number: 1 }, { reasonForRest: 'Nothing.', now: LATER });
    expect(await on.store.snapshotsExpire(HERE, [snapshot(cycle, 'snap-1')], EXPIRED)).toEqual(['snap-1']);
  });
});

onEveryDatabase('room for pending snapshots', (on) => {
  const ask = (key: string, wanted: number, more: { pending?: number; least?: number; region?: string } = {}) => ({
    ...HERE,
    region: (more.region ?? HERE.region) as Region,
    key,
    owner: `wave of ${key}`,
    wanted,
    pending: more.pending ?? 0,
    least: more.least ?? 1,
  });
  const take = async (...asked: Parameters<typeof ask>) => (await on.store.takeSnapshotRoom(ask(...asked))).granted;

  test('is that of the account in each Region, and is had again when it is given back', async () => {
    const shop = {
      name: 'shop',
      id: HERE.account,
      roleArn: 'arn',
      externalId: null,
      regions: [],
      pendingSnapshots: 10,
    };
    await on.store.putDocument('account', 'shop', { written: {}, resolved: shop }, 'ada');
    expect(await take('one', 6)).toBe(6);
    expect(await on.store.takeSnapshotRoom(ask('two', 5))).toEqual({
      granted: 0,
      holders: [{ key: 'one', owner: 'wave of one', ended: false }],
    });
    expect(await take('two', 5, { region: 'us-east-1' })).toBe(5);
    await on.store.giveBackSnapshotRoom('one');
    expect(await take('three', 5)).toBe(5);
  });

  test('is taken once, however often it is asked for', async () => {
    expect(await take('one', 60)).toBe(60);
    expect(await take('one', 60)).toBe(60);
    expect(await take('two', 40)).toBe(40);
    expect(await take('three', 1)).toBe(0);
  });

  test('is kept for what is pending, by who gets no more and by who has left some behind', async () => {
    expect(await take('large', 150)).toBe(100);
    await on.store.giveBackSnapshotRoom('large', 30);
    expect(await take('other', 70)).toBe(70);
    expect(await take('large', 120, { pending: 20, least: 31 })).toBe(0);
    await on.store.giveBackSnapshotRoom('other');
    expect(await take('other', 81)).toBe(0);
    expect(await take('other', 80)).toBe(80);
  });

  test('is not given twice, by many connections at once', async () => {
    const stores = [on.store, on.another(), on.another()];
    const asked = Array.from({ length: 12 }, (_, index) => `batch-${index}`);
    const granted = await Promise.all(
      asked.map(async (key, index) => (await stores[index % 3]?.takeSnapshotRoom(ask(key, 30)))?.granted ?? 0),
    );
    expect(granted.filter((room) => room > 0)).toEqual([30, 30, 30]);
  });
});
