import { describe, expect, test } from '@jest/globals';
import type { NodePatch } from '../../domain/fleet.js';
import type { Digest, Instant, NodeId } from '../../domain/ids.js';
import { DEV, HERE, managedNode, nodeIds, patchState, reservation } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';

const bench = activityBench();
const [one] = nodeIds(1) as [NodeId];
const patch = (name: string, version: string, state: NodePatch['state']): NodePatch => ({
  id: `${name}.amd64`,
  title: `${name}.amd64:${version}`,
  state,
  classification: 'Security',
  severity: 'Critical',
});
const before = [patch('bash', '5.1-2', 'Installed'), patch('curl', '8.0-2', 'Missing')];
const after = [
  patch('bash', '5.1-2', 'Installed'),
  patch('curl', '8.0-2', 'Installed'),
  patch('zlib', '1.3', 'Installed'),
];
const scanned = (patches: readonly NodePatch[]) => ({
  at: HERE,
  state: patchState(one, { endedAt: new Date().toISOString() as Instant }),
  patches,
});
const ANY_TIME = {
  name: 'default',
  version: 1,
  schedule: { always: true as const },
  timezone: 'UTC',
  duration: null,
  cutoff: 0,
};
const now = () => new Date().toISOString() as Instant;
const pinned = (patches: readonly NodePatch[]) => ({
  ...HERE,
  os: 'UBUNTU' as const,
  patchGroup: 'storefront-dev',
  patches: patches.map(({ id, title }) => ({ id, title })),
  untested: [],
});

describe('the verdict on a batch', () => {
  const installed = async () => {
    await bench.store.saveScans([scanned(before)], now());
    const prepared = await bench.prepared(1, (manifest) => ({
      ...manifest,
      installLists: [pinned([patch('curl', '8.0-2', 'Missing')])],
    }));
    const world = bench.over([managedNode(one)]);
    await world.step(prepared.digest, 'install');
    world.patches.set(one, after);
    await world.step(prepared.digest, 'scan');
    return { ...prepared, world };
  };

  test('compares with what was there when the stage was prepared, though a scan came in between', async () => {
    const { digest, cycle, world } = await installed();
    await bench.store.saveScans([scanned(after)], now());
    expect(await world.record(digest)).toEqual({
      batch: 1,
      done: 1,
      failed: 0,
      surplus: 1,
      setAside: [],
      detached: [],
    });
    expect(await bench.store.batchNodes(cycle, DEV, 1, 1)).toMatchObject([{ outcome: 'patched', untested: 1 }]);
  });

  test('is the same when it is asked for once more, and counts the same', async () => {
    const { digest, cycle, world } = await installed();
    const first = await world.record(digest);
    const nodes = await bench.store.batchNodes(cycle, DEV, 1, 1);
    expect(await world.record(digest)).toEqual(first);
    expect(await bench.store.batchNodes(cycle, DEV, 1, 1)).toEqual(nodes);
    expect(first).toEqual({ batch: 1, done: 1, failed: 0, surplus: 1, setAside: [], detached: [] });
  });

  test('counts the nodes that failed among those that are done', async () => {
    const nodes = nodeIds(3);
    const { digest, cycle } = await bench.prepared(3);
    const world = bench.over(nodes.map((node) => managedNode(node)));
    await world.step(digest, 'install');
    world.patches.set(one, [patch('curl', '8.0-2', 'Missing')]);
    await world.step(digest, 'scan');
    expect(await world.record(digest)).toEqual({
      batch: 1,
      done: 3,
      failed: 1,
      surplus: 0,
      setAside: [],
      detached: [],
    });
    const outcomes = (await bench.store.batchNodes(cycle, DEV, 1, 1)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['failed', 'patched', 'patched']);
  });

  test('does not compare with a scan from before the preparation', async () => {
    await bench.store.saveScans([scanned(before)], '2026-01-01T00:00:00.000Z' as Instant);
    const { cycle, manifest } = await bench.prepared(1);
    await bench.store.planNodes(cycle, DEV, { ...manifest, warnings: ['anew'] }, now());
    expect(await bench.store.patchesBefore(cycle, DEV, [one])).toEqual(new Map());
  });
});

describe('only scans of this preparation count', () => {
  test('a node whose scan fails is not judged by last month’s', async () => {
    await bench.store.saveScans([scanned([])], '2026-01-01T00:00:00.000Z' as Instant);
    const { cycle } = await bench.prepared(1);
    const request = { ...reservation('first'), cycle, number: 1, planVersion: 1 };
    const { run, activities } = bench.over([managedNode(one, { window: 'default' })]);
    const account = { name: 'shop', id: HERE.account, roleArn: 'arn', externalId: null, regions: [HERE.region] };
    await bench.store.putDocument('account', 'shop', { written: {}, resolved: account }, 'ada');
    await bench.store.putDocument('window', 'default', { written: {}, resolved: ANY_TIME }, 'ada');
    const { digest } = await run(activities.selectStage, { request, stage: DEV });
    const input = { request, stage: DEV, selection: digest, patchSet: null, now: now() };
    const { manifest } = await run(activities.prepareStage, input);
    expect((await bench.store.manifest(manifest)).leftOut).toMatchObject([
      { node: one, outcome: 'unreachable', reason: 'It could not be scanned.' },
    ]);
  });

  test('a node whose scan after the soak fails proves nothing', async () => {
    await bench.store.saveScans([scanned(after)], '2026-01-01T00:00:00.000Z' as Instant);
    const { cycle } = await bench.prepared(1);
    await bench.store.nodeVerdicts(cycle, DEV, [
      { node: one, outcome: 'patched', reason: 'It is.', surplus: [], absent: [] },
    ]);
    const { run, activities } = bench.over([managedNode(one)]);
    const { digest } = await run(activities.selectProven, { cycle, stage: DEV });
    const { patchSet } = await run(activities.harvest, { cycle, stage: DEV, selection: digest });
    expect((await bench.store.patchSet(patchSet as Digest)).patches).toEqual({});
  });
});
