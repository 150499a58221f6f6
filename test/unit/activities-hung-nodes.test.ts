import { describe, expect, test } from '@jest/globals';
import type { Fleet, NodeResult } from '../../activities/ports.js';
import type { CycleId, Digest, NodeId } from '../../domain/ids.js';
import { stepKey } from '../../domain/keys.js';
import type { Manifest } from '../../domain/manifest.js';
import { DEV, HERE, managedNode, NOW, nodeIds } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';
import { fleetError } from '../support/scripted-fleet.js';

const bench = activityBench();
const [one, two] = nodeIds(2) as [NodeId, NodeId];
const nodes = [managedNode(one), managedNode(two)];
const AT_FIRST = { manifest: '' as Digest, run: 'wave-1', wave: 1, batches: [1] };
const withPolicy = (more: Partial<Manifest['policy']>) => (manifest: Manifest) => ({
  ...manifest,
  policy: { ...manifest.policy, ...more },
});

/** Begins a wait for agents and lets it end: these nodes' agents are not back in time. */
async function waitsInVain(
  world: ReturnType<typeof bench.over>,
  { cycle, digest }: { readonly cycle: CycleId; readonly digest: Digest },
  step: string,
  lost: readonly NodeId[],
): Promise<readonly NodeId[]> {
  await world.run(world.activities.beginStep, { ...AT_FIRST, manifest: digest, step });
  const key = stepKey(cycle, DEV, 1, 1, step);
  const waiting = (await bench.store.operation(key))?.nodes ?? [];
  const results = waiting.map((node): NodeResult => {
    const late = { status: 'timed-out', detail: 'Its agent was not back.' } as const;
    const back = { status: 'success', detail: 'Its agent is online.' } as const;
    return { node, outputUrl: null, ...(lost.includes(node) ? late : back) };
  });
  await bench.store.ended(key, 1, results);
  return waiting;
}
const outcomes = async (cycle: CycleId) =>
  (await bench.store.batchNodes(cycle, DEV, 1, 1)).map(({ node, outcome, reason }) => [node, outcome, reason]);

/** A batch whose first node hangs after the install. */
async function hanging(more: Partial<Fleet> = {}, change = withPolicy({})) {
  const prepared = await bench.prepared(2, change);
  const world = bench.over(nodes, more);
  for (const step of ['check', 'snapshot', 'install']) await world.step(prepared.digest, step);
  await waitsInVain(world, prepared, 'agent-back', [one]);
  return { ...prepared, world };
}

describe('a node that hangs', () => {
  test('keeps no other from its scan and its after tasks', async () => {
    const task = { kind: 'command', document: 'Up', parameters: {}, os: null, timeout: 60_000 } as const;
    const tasks = { beforeStage: [], beforeNode: [], afterNode: [task], afterStage: [] };
    const { world, digest } = await hanging({}, withPolicy({ tasks }));
    const from = world.effects.length;
    for (const step of ['scan', 'after-1', 'ec2-reboot', 'after-again-1']) await world.step(digest, step);
    expect(world.effects.slice(from).map(({ kind, document, nodes: on }) => [kind, document, on])).toEqual([
      ['command', 'AWS-RunPatchBaseline', [two]],
      ['command', 'Up', [two]],
      ['reboot', '', [one]],
      ['command', 'Up', [one]],
    ]);
  });

  test('and is back after a reboot by EC2 is judged by a scan, and counts as a failure', async () => {
    const { world, digest, cycle } = await hanging();
    for (const step of ['scan', 'ec2-reboot', 'back-from-reboot']) await world.step(digest, step);
    expect(await world.step(digest, 'ec2-reboot-again')).toBeNull();
    for (const step of ['boot-after', 'scan-again']) await world.step(digest, step);
    expect(await world.step(digest, 'set-aside')).toBeNull();
    expect(await world.record(digest)).toMatchObject({ done: 2, failed: 1, setAside: [], detached: [] });
    expect(await outcomes(cycle)).toEqual([
      [one, 'patched', 'It did not come back by itself, and was rebooted by EC2; nothing is missing'],
      [two, 'patched', 'nothing is missing'],
    ]);
  });

  test('and still runs the boot of before was not rebooted, whatever EC2 was told', async () => {
    const { world, digest, cycle } = await hanging({ rebootInstance: async () => {} });
    for (const step of ['scan', 'ec2-reboot', 'back-from-reboot', 'boot-after', 'scan-again'])
      await world.step(digest, step);
    await world.record(digest);
    expect((await outcomes(cycle))[0]).toEqual([
      one,
      'failed',
      expect.stringMatching(/^EC2 was told to reboot it, and it still runs the boot of before the install \(boot-0\)/),
    ]);
  });

  test('and does not come back is set aside: tagged, kept, and told', async () => {
    const { world, digest, cycle } = await hanging();
    await world.step(digest, 'scan');
    await world.step(digest, 'ec2-reboot');
    await waitsInVain(world, { digest, cycle }, 'back-from-reboot', [one]);
    await world.step(digest, 'set-aside');
    expect(world.effects.at(-1)).toMatchObject({ kind: 'tag', key: `patchtide:set-aside=${cycle}/dev`, nodes: [one] });
    const first = await world.record(digest);
    expect(first).toMatchObject({ done: 2, failed: 1, setAside: [one] });
    expect(await world.record(digest)).toEqual(first);
    const reason =
      'Its agent was not back. EC2 rebooted it, and it did not come back. It was not restored (the plan says onHung: set-aside). It is set aside until somebody readmits it.';
    expect((await outcomes(cycle))[0]).toEqual([one, 'set-aside', reason]);
    expect((await bench.store.setAsideAmong([one, two])).get(one)).toMatchObject({
      ...HERE,
      cycle,
      stage: DEV,
      reason,
    });
    const { items } = await bench.store.auditEntries({ limit: 50 });
    expect(items.filter(({ action }) => action === 'set node aside')).toMatchObject([{ subject: `nodes/${one}` }]);
  });

  test('that is gone by the time it would be rebooted is gone, and not set aside', async () => {
    const { world, digest, cycle } = await hanging();
    await world.step(digest, 'ec2-reboot');
    world.present.delete(one);
    await world.step(digest, 'back-from-reboot');
    expect(await world.step(digest, 'set-aside')).toBeNull();
    await world.record(digest);
    expect((await outcomes(cycle))[0]?.[1]).toBe('gone');
  });

  test.each([
    ['set-aside', []],
    ['restore', [[one]]],
  ] as const)('is restored from its snapshot only where the stage says so: %s', async (onHung, expected) => {
    const { world, digest, cycle } = await hanging({}, withPolicy({ onHung, snapshot: 'await' }));
    await world.step(digest, 'ec2-reboot');
    await waitsInVain(world, { digest, cycle }, 'back-from-reboot', [one]);
    await world.step(digest, 'restore');
    const restores = world.effects.filter(({ kind }) => kind === 'restore').map(({ nodes: on }) => on);
    expect(restores).toEqual(expected);
  });
});

describe('a reboot by EC2, which takes no token,', () => {
  const begin = (world: ReturnType<typeof bench.over>, manifest: Digest, step: string) =>
    world.run(world.activities.beginStep, { ...AT_FIRST, manifest, step });

  test('is not sent again by an attempt that does not know whether it was', async () => {
    let sent = 0;
    const { world, digest, cycle } = await hanging({
      rebootInstance: async (at) => {
        sent += 1;
        throw fleetError(at, 'unreachable', 'unknown');
      },
    });
    await expect(begin(world, digest, 'ec2-reboot')).rejects.toThrow('unreachable');
    await world.step(digest, 'ec2-reboot');
    expect(sent).toBe(1);
    // It came back: nobody asks once more.
    await world.step(digest, 'back-from-reboot');
    expect(await world.step(digest, 'ec2-reboot-again')).toBeNull();
    expect(await bench.store.operation(stepKey(cycle, DEV, 1, 1, 'ec2-reboot'))).toMatchObject({ externalIds: [] });
  });

  test('and whose answer nobody has is asked for once more where the agent does not come', async () => {
    let sent = 0;
    const { world, digest, cycle } = await hanging({
      rebootInstance: async (at) => {
        sent += 1;
        if (sent === 1) throw fleetError(at, 'unreachable', 'unknown');
      },
    });
    await expect(begin(world, digest, 'ec2-reboot')).rejects.toThrow('unreachable');
    await world.step(digest, 'ec2-reboot');
    await waitsInVain(world, { digest, cycle }, 'back-from-reboot', [one]);
    await world.step(digest, 'ec2-reboot-again');
    expect(sent).toBe(2);
    expect(await waitsInVain(world, { digest, cycle }, 'back-from-reboot-again', [])).toEqual([one]);
  });

  test('and that AWS has refused to take was not sent: the next attempt sends it', async () => {
    let sent = 0;
    const { world, digest } = await hanging({
      rebootInstance: async (at) => {
        sent += 1;
        if (sent === 1) throw fleetError(at, 'throttled');
      },
    });
    await expect(begin(world, digest, 'ec2-reboot')).rejects.toThrow('throttled');
    await world.step(digest, 'ec2-reboot');
    expect(sent).toBe(2);
    expect(await world.step(digest, 'ec2-reboot-again')).toBeNull();
  });
});

test('a node that another cycle has set aside since the preparation is left alone', async () => {
  const { digest, cycle } = await bench.prepared(2);
  const world = bench.over(nodes);
  const other = { cycle: 'till-7' as CycleId, stage: DEV, since: NOW, reason: 'It hung.' };
  await bench.store.setAside([{ node: one, ...HERE, ...other }]);
  for (const step of ['check', 'install', 'scan']) await world.step(digest, step);
  expect(world.effects.flatMap(({ nodes: on }) => on)).not.toContain(one);
  expect(await world.record(digest)).toMatchObject({ failed: 1, setAside: [] });
  expect((await outcomes(cycle))[0]).toEqual([
    one,
    'set-aside',
    `check: Set aside since ${NOW} by stage dev of till-7, until somebody readmits it: It hung.`,
  ]);
});

test('a batch whose agents are all back asks nothing of the ladder', async () => {
  const { digest, cycle } = await bench.prepared(2);
  const world = bench.over(nodes);
  for (const step of ['check', 'install']) await world.step(digest, step);
  await waitsInVain(world, { digest, cycle }, 'agent-back', []);
  await world.step(digest, 'scan');
  expect(await world.record(digest)).toMatchObject({ done: 2, failed: 0, setAside: [] });
  for (const step of ['ec2-reboot', 'restore', 'boot-after', 'scan-again', 'set-aside'])
    expect(await world.step(digest, step)).toBeNull();
});
