import { describe, expect, test } from '@jest/globals';
import type { CommandRequest, Fleet } from '../../activities/ports.js';
import type { Task } from '../../domain/documents/types.js';
import type { AccountId, NodeId, Region } from '../../domain/ids.js';
import type { InstallList, Manifest } from '../../domain/manifest.js';
import { DEV, HERE, managedNode, nodeIds } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';
import { fleetError } from '../support/scripted-fleet.js';

const bench = activityBench();
const [one, two] = nodeIds(2) as [NodeId, NodeId];
const RUN = 'wave-1';
const task = (document: string): Task => ({ kind: 'command', document, parameters: {}, os: null, timeout: 60_000 });
const withPolicy = (more: Partial<Manifest['policy']>) => (manifest: Manifest) => ({
  ...manifest,
  policy: { ...manifest.policy, ...more },
});
const tasks = (more: Partial<Manifest['policy']['tasks']>) => ({
  tasks: { beforeStage: [], beforeNode: [], afterNode: [], afterStage: [], ...more },
});
const startFirst = (manifest: Manifest): Manifest => ({
  ...withPolicy({ stopped: 'start' })(manifest),
  targets: manifest.targets.map((target) => ({ ...target, startFirst: true })),
});
const running = [managedNode(one), managedNode(two)];
const outcomes = async (cycle: never) =>
  (await bench.store.batchNodes(cycle, DEV, 1, 1)).map(({ node, outcome, reason }) => [node, outcome, reason]);
const failing =
  (on: NodeId): Fleet['listInvocations'] =>
  async () =>
    [one, two].map((node) => ({
      node,
      status: node === on ? 'failed' : 'success',
      detail: node === on ? 'exit status 1' : 'Success',
      outputUrl: null,
    }));

describe('after tasks', () => {
  test('run on every node on which a before task began, though its unawaited snapshot failed meanwhile', async () => {
    const { digest, cycle } = await bench.prepared(2, (manifest) =>
      startFirst(
        withPolicy({ snapshot: 'start', ...tasks({ beforeNode: [task('Down')], afterNode: [task('Up')] }) })(manifest),
      ),
    );
    const world = bench.over(running, {
      findSnapshots: async (_at, key) =>
        [one, two].map((node) => ({
          snapshotId: 's',
          node,
          volume: 'v',
          key,
          status: node === one ? 'error' : 'completed',
        })),
    });
    await world.step(digest, 'snapshot');
    await world.step(digest, 'before-1');
    expect((await bench.store.batchNodes(cycle, DEV, 1, 1)).map(({ problem }) => problem)).toEqual([null, null]);
    await world.step(digest, 'install');
    await world.step(digest, 'after-1');
    expect(world.effects.filter(({ document }) => document === 'Up')).toMatchObject([{ nodes: [one, two] }]);
  });

  test('run on no node that nothing was done to', async () => {
    const { digest } = await bench.prepared(2, withPolicy(tasks({ afterNode: [task('Up')] })));
    const world = bench.over(running);
    expect(await world.step(digest, 'after-1')).toBeNull();
  });
});

describe('stopped instances', () => {
  const stopped = managedNode(one, { state: 'stopped', ping: 'connection-lost' });

  test('are started; what somebody has started meanwhile is neither started nor stopped', async () => {
    const { digest } = await bench.prepared(2, startFirst);
    const world = bench.over([stopped, managedNode(two)]);
    for (const step of ['start', 'check', 'install', 'stop']) await world.step(digest, step);
    expect(world.effects.map(({ kind, nodes }) => [kind, nodes])).toEqual([
      ['start', [one]],
      ['command', [one, two]],
      ['command', [one, two]],
      ['stop', [one]],
    ]);
  });

  test('that are gone by now keep no other from its start', async () => {
    const { digest, cycle } = await bench.prepared(2, startFirst);
    const world = bench.over([stopped]);
    await world.step(digest, 'start');
    expect(world.effects).toMatchObject([{ kind: 'start', nodes: [one] }]);
    await world.record(digest);
    expect(await outcomes(cycle as never)).toEqual([
      [one, 'skipped', 'Its wave ended before anything was installed on it.'],
      [two, 'gone', 'start: The node is no longer there.'],
    ]);
  });

  test('whose start is begun once more are waited for, though they run by now', async () => {
    const { digest } = await bench.prepared(1, startFirst);
    const world = bench.over([stopped]);
    const begin = () =>
      world.run(world.activities.beginStep, { manifest: digest, run: RUN, wave: 1, batches: [1], step: 'start' });
    const first = await begin();
    expect(await begin()).toEqual(first);
  });

  test('that cannot be stopped again are said so in the verdict', async () => {
    const { digest, cycle } = await bench.prepared(1, startFirst);
    const world = bench.over([stopped], {
      stopInstances: async (at) => {
        throw fleetError(at, 'rejected');
      },
    });
    for (const step of ['start', 'check', 'install', 'scan', 'stop']) await world.step(digest, step);
    await world.record(digest);
    expect(await outcomes(cycle as never)).toMatchObject([
      [one, 'failed', expect.stringContaining('Step stop ended failed: It was rejected.')],
    ]);
  });
});

describe('what goes wrong', () => {
  test('with a task of the whole stage is no node’s problem', async () => {
    const { digest, cycle } = await bench.prepared(1, withPolicy(tasks({ beforeStage: [task('MonitoringOff')] })));
    const world = bench.over(running, { listInvocations: failing(one) });
    const request = { manifest: digest, run: RUN, when: 'before', task: 1, at: HERE } as const;
    const { keys } = await world.run(world.activities.beginStageTask, request);
    await world.run(world.activities.watch, { run: RUN, at: HERE, watch: 1, awaited: keys });
    expect(await bench.store.operation(keys[0] ?? '')).toMatchObject({
      status: 'ended',
      results: [{ status: 'failed' }, {}],
    });
    expect((await bench.store.stageNodes(cycle, DEV)).map(({ problem }) => problem)).toEqual([null, null, null]);
  });

  test('with the snapshot of one node keeps no other from going on', async () => {
    const { digest, cycle } = await bench.prepared(2, withPolicy({ snapshot: 'await' }));
    const { fleet } = bench.over(running);
    const world = bench.over(running, {
      createSnapshots: async (at, request, signal) => {
        if (request.node === one) throw fleetError(at, 'rejected');
        return fleet.createSnapshots(at, request, signal);
      },
      findSnapshots: (...args) => fleet.findSnapshots(...args),
    });
    await world.step(digest, 'snapshot');
    await world.step(digest, 'install');
    expect((await bench.store.batchNodes(cycle, DEV, 1, 1)).map(({ problem }) => problem)).toEqual([
      { step: 'snapshot', code: 'failed', message: 'It was rejected.' },
      null,
    ]);
    expect(world.effects).toMatchObject([{ kind: 'command', nodes: [two] }]);
  });

  test('with a reboot is in the verdict, though the scan afterwards finds all in place', async () => {
    const { digest, cycle } = await bench.prepared(2, withPolicy({ reboot: 'always' }));
    const rebooting = bench.over(running, { listInvocations: failing(one) });
    const world = bench.over(running);
    await world.step(digest, 'install');
    await rebooting.step(digest, 'reboot');
    await world.step(digest, 'scan');
    await world.record(digest);
    expect(await outcomes(cycle as never)).toMatchObject([
      [one, 'failed', 'Step reboot ended failed: exit status 1; nothing is missing'],
      [two, 'patched', 'nothing is missing'],
    ]);
  });

  test('a node that is terminated during its install is gone, and nobody waits for it', async () => {
    const { digest, cycle } = await bench.prepared(2);
    const world = bench.over(running, { listInvocations: failing(one) });
    await world.step(digest, 'install');
    world.present.delete(one);
    await world.step(digest, 'agent-back');
    await world.step(digest, 'scan');
    await world.record(digest);
    expect(await outcomes(cycle as never)).toEqual([
      [one, 'gone', 'It was no longer there after the install began.'],
      [two, 'patched', 'nothing is missing'],
    ]);
  });
});

test('a reboot’s mark is its own: one that was left behind does not pass for it', async () => {
  const { digest } = await bench.prepared(1, withPolicy({ reboot: 'always' }));
  let script: readonly string[] = [];
  const world = bench.over(running, {
    sendCommand: async (_at, { parameters }) => {
      script = parameters.commands ?? [];
      return { commandId: 'command-1' };
    },
  });
  await world.run(world.activities.beginStep, { manifest: digest, run: RUN, wave: 1, batches: [1], step: 'reboot' });
  expect(script[0]).toBe('mark=/var/tmp/patchtide-reboot-patchtide-storefront-1-dev-w1.b1.reboot');
});

describe('a command whose deadline has passed', () => {
  test('and that ended as it was being cancelled is reported as it ended', async () => {
    const { digest, cycle } = await bench.prepared(1);
    let cancelled = false;
    const world = bench.over(running, {
      listCommands: async () => [],
      listInvocations: async () => [
        { node: one, status: cancelled ? 'success' : 'running', detail: 'Success', outputUrl: null },
      ],
      cancelCommand: async (at) => {
        cancelled = true;
        throw fleetError(at, 'rejected');
      },
    });
    const { begun } = await world.run(world.activities.beginStep, {
      manifest: digest,
      run: RUN,
      wave: 1,
      batches: [1],
      step: 'install',
    });
    const key = begun[0]?.key;
    const now = Date.now;
    Date.now = () => now() + 24 * 3_600_000;
    try {
      await world.run(world.activities.watch, { run: RUN, at: HERE, watch: 1, awaited: [key ?? ''] });
    } finally {
      Date.now = now;
    }
    expect((await bench.store.operation(key ?? ''))?.results).toMatchObject([{ node: one, status: 'success' }]);
    expect((await bench.store.batchNodes(cycle, DEV, 1, 1))[0]?.problem).toBeNull();
  });
});

test('a scan of the fleet leaves out the nodes that a cycle is working on', async () => {
  const { cycle } = await bench.prepared(2);
  await bench.store.stepBegan(cycle, DEV, [one], 'install', true);
  const world = bench.over(running);
  const { digest, nodes, busy } = await world.run(world.activities.selectFleet, { locations: [HERE] });
  const { locations } = await bench.store.selection(digest);
  expect([nodes, busy]).toEqual([2, 1]);
  expect(locations.flatMap(({ batches }) => batches.flatMap((batch) => batch.nodes))).toEqual([two]);
});

describe('an install', () => {
  const begun = async (change: (manifest: Manifest) => Manifest) => {
    const { digest } = await bench.prepared(2, change);
    const sent: CommandRequest[] = [];
    const written: string[] = [];
    const world = bench.over(running, {
      sendCommand: async (_at, request) => {
        sent.push(request);
        return { commandId: 'command-1' };
      },
      putObject: async (_at, name, body) => {
        written.push(body);
        return `s3://bucket/${name}`;
      },
    });
    const install = { manifest: digest, run: RUN, wave: 1, batches: [1], step: 'install' };
    await world.run(world.activities.beginStep, install);
    return { sent, written };
  };

  test.each([
    ['if-needed', 'RebootIfNeeded'],
    ['always', 'NoReboot'],
    ['never', 'NoReboot'],
  ] as const)('of a plan with reboot: %s says %s', async (reboot, option) => {
    const { sent } = await begun(withPolicy({ reboot }));
    expect(sent).toMatchObject([{ parameters: { Operation: ['Install'], RebootOption: [option] } }]);
  });

  test('takes the list of its own location, operating system and patch group', async () => {
    const list = (id: string, more: Partial<InstallList> = {}): InstallList => ({
      ...HERE,
      os: 'UBUNTU',
      patchGroup: 'storefront-dev',
      patches: [{ id, title: `${id}:1.0` }],
      untested: [],
      ...more,
    });
    const installLists = [
      list('account.amd64', { account: '444455556666' as AccountId }),
      list('region.amd64', { region: 'us-east-1' as Region }),
      list('system.amd64', { os: 'DEBIAN' }),
      list('group.amd64', { patchGroup: 'other-dev' }),
      list('mine.amd64'),
    ];
    const { written } = await begun((manifest) => ({ ...manifest, installLists }));
    expect(written).toEqual([expect.stringContaining('mine.amd64')]);
  });
});
