import { expect, test } from '@jest/globals';
import type { CycleId, NodeId } from '../../domain/ids.js';
import { DEV, managedNode, nodeIds } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';

const bench = activityBench();
const [one, two] = nodeIds(2) as [NodeId, NodeId];
const world = () => bench.over([managedNode(one), managedNode(two)]);
const elsewhere = (owner: string, nodes: readonly NodeId[]) => ({
  owner,
  cycle: 'billing-7' as CycleId,
  stage: DEV,
  wave: 1,
  batch: 1,
  nodes,
});

test('nothing is begun on a batch while one of its nodes belongs to another cycle', async () => {
  const { digest } = await bench.prepared(2);
  await bench.store.lease(elsewhere('billing-wave', [two]));
  const { run, activities, effects } = world();
  const { begun } = await run(activities.beginStep, {
    manifest: digest,
    run: 'wave-1',
    wave: 1,
    batches: [1],
    step: 'check',
  });
  expect(begun).toEqual([{ batch: 1, key: null, nodes: 0, heldBy: ['billing-wave'] }]);
  expect(effects).toEqual([]);
  // All or none: whoever waits for one node keeps no other.
  expect(await bench.store.lease(elsewhere('billing-wave', [one]))).toEqual([]);
  await bench.store.releaseAll('billing-wave');
});

test('a node is given back with the record of its batch', async () => {
  const { digest } = await bench.prepared(2);
  const { step, run, activities } = world();
  await step(digest, 'check');
  expect(await bench.store.lease(elsewhere('billing-wave', [one]))).toEqual(['wave-1']);
  await run(activities.recordBatches, { manifest: digest, wave: 1, batches: [1] });
  expect(await bench.store.lease(elsewhere('billing-wave', [one]))).toEqual([]);
  await bench.store.releaseAll('billing-wave');
});

test('a lease is broken when its owner has ended, and only then', async () => {
  const { digest } = await bench.prepared(2);
  await bench.store.lease(elsewhere('billing-wave', [one, two]));
  const { run, activities, ended } = world();
  const check = () =>
    run(activities.beginStep, { manifest: digest, run: 'wave-1', wave: 1, batches: [1], step: 'check' });
  expect((await check()).begun).toMatchObject([{ heldBy: ['billing-wave'] }]);
  ended.add('billing-wave');
  expect((await check()).begun).toMatchObject([{ nodes: 2 }]);
  expect(await bench.store.lease(elsewhere('billing-wave', [one]))).toEqual(['wave-1']);
});
