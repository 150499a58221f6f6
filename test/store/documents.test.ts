import { expect, test } from '@jest/globals';
import type { AccountId, Region } from '../../domain/ids.js';
import { StoreConflict, StoreNotFound } from '../../store/index.js';
import { onEveryDatabase } from '../support/databases.js';
import { PLAN, planBody } from './examples.js';

const account = (name: string, id: string) => ({
  written: { name },
  resolved: {
    name,
    id: id as AccountId,
    roleArn: `arn:aws:iam::${id}:role/Patchtide`,
    externalId: 'secret',
    regions: ['eu-west-1' as Region],
  },
});

onEveryDatabase('documents', (on) => {
  test('each write is a version, the same body again is none', async () => {
    const { store } = on;
    expect(await store.putDocument('plan', PLAN, planBody('one'), 'ada')).toEqual({
      version: 1,
      created: true,
      changed: true,
    });
    expect(await store.putDocument('plan', PLAN, planBody('one'), 'ada')).toMatchObject({ version: 1, changed: false });
    expect(await store.putDocument('plan', PLAN, planBody('two'), 'ben')).toMatchObject({ version: 2, created: false });

    expect(await store.plan(PLAN)).toMatchObject({ owner: 'two', version: 2 });
    expect(await store.plan(PLAN, 1)).toMatchObject({ owner: 'one', version: 1 });
    expect((await store.documentHistory('plan', PLAN)).map(({ version, by }) => [version, by])).toEqual([
      [2, 'ben'],
      [1, 'ada'],
    ]);
  });

  test('a deletion is a version too, and what was deleted can be created again', async () => {
    const { store } = on;
    await store.putDocument('plan', PLAN, planBody(), 'ada');
    expect(await store.deleteDocument('plan', PLAN, 'ben')).toBe(true);
    expect(await store.deleteDocument('plan', PLAN, 'ben')).toBe(false);
    expect(await store.document('plan', PLAN)).toBeNull();
    expect(await store.documents('plan')).toEqual([]);
    expect(await store.plan(PLAN, 1)).toMatchObject({ version: 1 });
    expect(await store.putDocument('plan', PLAN, planBody(), 'ada')).toMatchObject({ version: 3, created: true });
  });

  test('a write whose condition does not hold changes nothing', async () => {
    const { store } = on;
    await expect(store.putDocument('plan', PLAN, planBody(), 'ada', { ifMatch: 1 })).rejects.toThrow(StoreConflict);
    await store.putDocument('plan', PLAN, planBody('one'), 'ada', { ifNoneMatch: true });
    await expect(store.putDocument('plan', PLAN, planBody('two'), 'ada', { ifNoneMatch: true })).rejects.toThrow(
      StoreConflict,
    );
    await store.putDocument('plan', PLAN, planBody('two'), 'ada', { ifMatch: 1 });
    await expect(store.putDocument('plan', PLAN, planBody('three'), 'ada', { ifMatch: 1 })).rejects.toThrow(
      /is 2, not 1/,
    );
    await expect(store.deleteDocument('plan', PLAN, 'ada', { ifMatch: 1 })).rejects.toThrow(StoreConflict);
    expect(await store.plan(PLAN)).toMatchObject({ owner: 'two' });
  });

  test('of many who write on the same version at once, one succeeds', async () => {
    const { store } = on;
    await store.putDocument('plan', PLAN, planBody('zero'), 'ada');
    const writes = ['a', 'b', 'c', 'd', 'e', 'f'].map((owner) =>
      store.putDocument('plan', PLAN, planBody(owner), owner, { ifMatch: 1 }),
    );
    const settled = await Promise.allSettled(writes);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await store.documentHistory('plan', PLAN)).toHaveLength(2);
  });

  test('accounts are found by the AWS account, which one document alone may have', async () => {
    const { store } = on;
    await store.putDocument('account', 'shop', account('shop', '111122223333'), 'ada');
    expect(await store.account('111122223333' as AccountId)).toMatchObject({ name: 'shop', externalId: 'secret' });
    await expect(store.account('999999999999' as AccountId)).rejects.toThrow(StoreNotFound);
    await expect(store.putDocument('account', 'other', account('other', '111122223333'), 'ada')).rejects.toThrow(
      StoreConflict,
    );
    await store.deleteDocument('account', 'shop', 'ada');
    await store.putDocument('account', 'other', account('other', '111122223333'), 'ada');
    expect((await store.accounts()).map(({ name }) => name)).toEqual(['other']);
  });

  test('windows and baselines carry their version', async () => {
    const { store } = on;
    await store.putDocument(
      'window',
      'nightly',
      {
        written: {},
        resolved: { name: 'nightly', schedule: { always: true }, timezone: 'UTC', duration: null, cutoff: 0 },
      },
      'ada',
    );
    expect(await store.windows()).toEqual([
      { name: 'nightly', version: 1, schedule: { always: true }, timezone: 'UTC', duration: null, cutoff: 0 },
    ]);
    expect(await store.baseline('prod')).toBeNull();
    const baseline = { name: 'prod', rules: [], approved: [], rejected: ['KB1'] };
    await store.putDocument('baseline', 'prod', { written: {}, resolved: baseline }, 'ada');
    expect(await store.baseline('prod')).toEqual({ ...baseline, version: 1 });
  });
});
