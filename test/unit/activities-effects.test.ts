import { describe, expect, test } from '@jest/globals';
import { type EffectRequest, Effects } from '../../activities/effects.js';
import type { Fleet, Records } from '../../activities/ports.js';
import type { NodeId } from '../../domain/ids.js';
import { HERE, managedNode, nodeIds } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';
import { fleetError, scriptedFleet } from '../support/scripted-fleet.js';

const bench = activityBench();
const never = new AbortController().signal;
const [one, two, three] = nodeIds(3) as [NodeId, NodeId, NodeId];
const request = (more: Partial<EffectRequest> = {}): EffectRequest => ({
  key: 'patchtide/storefront-1/dev/w1.b1.install',
  run: 'wave-1',
  cycle: null,
  stage: null,
  at: HERE,
  batch: 1,
  step: 'install',
  nodes: [one, two, three],
  timeout: 600_000,
  failureIsProblem: true,
  effect: { kind: 'command', document: 'AWS-RunPatchBaseline', parameters: {}, executionTimeout: 600 },
  ...more,
});
const over = (more: Partial<Fleet> = {}) => {
  const world = scriptedFleet([one, two, three].map((node) => managedNode(node)));
  const fleet = { ...world.fleet, ...more };
  return { ...world, fleet, effects: new Effects({ fleet, records: bench.store, grace: 50 }), done: world.effects };
};

describe('an effect', () => {
  test('has its whole time-out from the send on, however long AWS kept it waiting', async () => {
    let denied = true;
    const world = over({
      listCommands: async () => [],
      sendCommand: async () => {
        if (denied) throw fleetError(HERE, 'denied');
        return { commandId: 'command-1' };
      },
    });
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString() as never;
    const { effect, at, ...owned } = request();
    await bench.store.intend({ ...owned, ...at, kind: effect.kind as 'command', intendedAt: hourAgo });
    await expect(world.effects.carryOut(request(), never)).rejects.toMatchObject({ code: 'denied' });
    expect(await bench.store.operation(request().key)).toMatchObject({ status: 'intended', deadline: null });
    denied = false;
    await world.effects.carryOut(request(), never);
    const sent = await bench.store.operation(request().key);
    expect(Date.parse(sent?.deadline ?? '') - Date.now()).toBeGreaterThan(590_000);
  });

  test('whose answer was lost is found by its key, and not sent again', async () => {
    const world = over();
    const lost: Fleet['sendCommand'] = async (...call) => {
      await world.fleet.sendCommand(...call);
      throw fleetError(HERE, 'unreachable', 'unknown');
    };
    const first = new Effects({ fleet: { ...world.fleet, sendCommand: lost }, records: bench.store, grace: 50 });
    await expect(first.carryOut(request(), never)).rejects.toMatchObject({ code: 'unreachable' });
    await world.effects.carryOut(request(), never);
    expect(world.done).toHaveLength(1);
    expect(await bench.store.operation(request().key)).toMatchObject({ status: 'sent', externalIds: ['command-1'] });
  });

  test('that was lost half way takes a snapshot of those nodes only that have none', async () => {
    const world = over();
    const snapshots = request({ step: 'snapshot', effect: { kind: 'snapshots', tags: {} } });
    const half: Fleet['createSnapshots'] = async (at, wanted, ...more) => {
      if (wanted.node === three) throw fleetError(HERE, 'unreachable', 'none');
      const taken = await world.fleet.createSnapshots(at, wanted, ...more);
      if (wanted.node === two) throw fleetError(HERE, 'unreachable', 'unknown');
      return taken;
    };
    const first = new Effects({ fleet: { ...world.fleet, createSnapshots: half }, records: bench.store, grace: 50 });
    await expect(first.carryOut(snapshots, never)).rejects.toMatchObject({ code: 'unreachable' });
    await world.effects.carryOut(snapshots, never);
    expect(world.done.map(({ nodes }) => nodes)).toEqual([[one], [two], [three]]);
  });

  test('of an attempt that slept is not sent once another has taken it over', async () => {
    let wake = (): void => {};
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let asked = (): void => {};
    const looked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { effect, at, ...owned } = request();
    await bench.store.intend({ ...owned, ...at, kind: 'command', intendedAt: new Date().toISOString() as never });
    let calls = 0;
    const world = over({
      listCommands: async () => {
        calls += 1;
        if (calls > 1) return [];
        asked();
        await asleep;
        return [];
      },
    });
    const first = world.effects.carryOut(request(), never);
    await looked;
    await world.effects.carryOut(request(), never);
    wake();
    await expect(first).rejects.toMatchObject({ code: 'not-sent', effect: 'none' });
    expect(world.done).toHaveLength(1);
    expect(effect.kind).toBe('command');
  });

  test('that the store gives leave for too late is not sent', async () => {
    const world = over();
    const now = Date.now;
    const maySend: Records['maySend'] = async (...asked) => {
      const leave = await bench.store.maySend(...asked);
      Date.now = () => now() + 3_000;
      return leave;
    };
    const effects = new Effects({ fleet: world.fleet, records: { ...bench.store, maySend }, grace: 50 });
    try {
      await expect(effects.carryOut(request(), never)).rejects.toMatchObject({ code: 'not-sent', effect: 'none' });
    } finally {
      Date.now = now;
    }
    expect(world.done).toEqual([]);
  });
});

describe('what AWS refuses for one node', () => {
  test('as a snapshot is that node’s result, and the others have theirs', async () => {
    const world = over();
    const create = world.fleet.createSnapshots;
    const effects = new Effects({
      fleet: {
        ...world.fleet,
        createSnapshots: async (at, wanted, signal) => {
          if (wanted.node === two) throw fleetError(at, 'rejected');
          return create(at, wanted, signal);
        },
      },
      records: bench.store,
    });
    await effects.carryOut(request({ effect: { kind: 'snapshots', tags: {} } }), never);
    expect(world.done.map(({ nodes }) => nodes)).toEqual([[one], [three]]);
    expect(await bench.store.operation(request().key)).toMatchObject({
      status: 'sent',
      results: [{ node: two, status: 'failed', detail: 'It was rejected.' }],
    });
  });

  test('as an automation or a start is that node’s result too', async () => {
    const world = over({
      startAutomation: async (at, { parameters }) => {
        if (parameters.InstanceId?.[0] === one) throw fleetError(at, 'rejected');
        return { executionId: `of ${parameters.InstanceId?.[0]}` };
      },
      startInstances: async (at, nodes) => {
        if (nodes.includes(three)) throw fleetError(at, 'rejected');
      },
    });
    const automation = { kind: 'automation', document: 'Drain', parameters: {}, perNode: true } as const;
    await world.effects.carryOut(request({ key: 'drain', effect: automation }), never);
    expect(await bench.store.operation('drain')).toMatchObject({
      externalIds: [`of ${two}`, `of ${three}`],
      results: [{ node: one }],
    });
    await world.effects.carryOut(request({ key: 'start', effect: { kind: 'instances-running' } }), never);
    expect(await bench.store.operation('start')).toMatchObject({ results: [{ node: three, status: 'failed' }] });
  });
});
