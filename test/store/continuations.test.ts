import { expect, test } from '@jest/globals';
import type { CycleId, Digest, Instant, NodeId } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { onEveryDatabase } from '../support/databases.js';
import {
  DEV,
  HERE,
  intent,
  manifestOf,
  NOW,
  nodeIds,
  PLAN,
  patchState,
  reservation,
  startedCycle,
} from './examples.js';

const NEXT = '2026-11-17T06:00:00.000Z' as Instant;
const [FIRST, SECOND, THIRD, FOURTH] = nodeIds(4) as [NodeId, NodeId, NodeId, NodeId];

/** The nodes of the example's second zone, as wave 3, a week later. */
const continued = (cycle: CycleId, of: 'carried-over' | 'failed', nodes: readonly NodeId[], round = 1) => {
  const approved = manifestOf(cycle, 2);
  return {
    ...approved,
    continues: { manifest: 'sha256:approved' as Digest, of, round },
    windows: approved.windows.map((window) => ({ ...window, opens: NEXT })),
    targets: approved.targets.filter(({ node }) => nodes.includes(node)),
    leftOut: [],
    waves: approved.waves.slice(1).map((wave) => ({
      ...wave,
      number: 2 + round,
      batches: wave.batches.map((batch) => ({ ...batch, nodes })),
    })),
  } satisfies Manifest;
};
const INSTALLED = { state: 'Installed', classification: 'Security', severity: 'Important' } as const;
const verdict = (node: NodeId, outcome: 'failed' | 'patched') => ({
  node,
  outcome,
  reason: `It is ${outcome}.`,
  surplus: [{ id: 'dependency', title: `dependency-${outcome}` }],
  absent: [],
});

onEveryDatabase('the number of nodes that a stage had', (on) => {
  test('is that of the last cycle of the plan that came so far', async () => {
    const { store } = on;
    const first = await startedCycle(store);
    expect(await store.selectedBefore(first, DEV)).toBeNull();
    await store.planNodes(first, DEV, manifestOf(first, 2));
    expect(await store.selectedBefore(first, DEV)).toBeNull();
    await store.cycleChanged(first, { status: 'completed', endedAt: NEXT });
    const second = await store.reserveCycle(reservation('second'));
    if (second.kind !== 'reserved') throw new Error('The second cycle was not reserved.');
    expect(await store.selectedBefore(second.request.cycle, DEV)).toBe(5);
    expect(await store.selectedBefore(second.request.cycle, 'prod' as typeof DEV)).toBeNull();
  });
});

onEveryDatabase('how long batches take', (on) => {
  test('is known for an operating system of which three have ended', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.planNodes(cycle, DEV, manifestOf(cycle, 2));
    const batch = async (number: number, minutes: number) => {
      const intendedAt = new Date(Date.now() - minutes * 60_000).toISOString() as Instant;
      const wanted = { ...intent(cycle, `install`, [FIRST]), key: `batch ${number}`, batch: number, intendedAt };
      await store.intend(wanted);
      await store.ended(wanted.key, 1, []);
    };
    await batch(1, 30);
    await batch(2, 40);
    expect(await store.batchDurations(PLAN, DEV)).toEqual(new Map());
    await batch(3, 50);
    const known = await store.batchDurations(PLAN, DEV);
    expect(Math.round((known.get('UBUNTU') ?? 0) / 60_000)).toBe(48);
  });
});

onEveryDatabase('a stage that goes on', (on) => {
  const planned = async () => {
    const cycle = await startedCycle(on.store);
    await on.store.planNodes(cycle, DEV, manifestOf(cycle, 2));
    return cycle;
  };
  const nodesOf = async (cycle: CycleId) =>
    new Map((await on.store.stageNodes(cycle, DEV)).map((node) => [node.node, node]));

  test('moves nodes that were not reached into the next window, and says so', async () => {
    const { store } = on;
    const cycle = await planned();
    await store.stepBegan(cycle, DEV, [THIRD], 'install', true);
    expect(await store.carryRest(cycle, DEV, 2, 'Not begun at the cutoff.')).toBe(1);
    expect(await store.carryRest(cycle, DEV, 2, 'Not begun at the cutoff.')).toBe(1);
    const manifest = continued(cycle, 'carried-over', [FOURTH]);
    const digest = await store.continueNodes(manifest);
    expect(await store.manifest(digest)).toEqual(manifest);
    expect(await store.continuation(cycle, DEV, 1)).toBe(digest);
    const nodes = await nodesOf(cycle);
    expect(nodes.get(FOURTH)).toMatchObject({
      wave: 3,
      batch: 1,
      outcome: null,
      reason: `Carried over to window nightly of ${NEXT}.`,
    });
    expect(nodes.get(THIRD)).toMatchObject({ wave: 2, touched: true, reason: null });
    const stage = (await store.cycleView(cycle))?.stages.find(({ name }) => name === DEV);
    expect(stage?.windows.map(({ opens }) => opens)).toEqual([NOW, NEXT]);
    expect(await store.continuation(cycle, DEV, 2)).toBeNull();
  });

  test('goes on once in a round: what a late attempt brings changes nothing', async () => {
    const { store } = on;
    const cycle = await planned();
    const digest = await store.continueNodes(continued(cycle, 'carried-over', [THIRD, FOURTH]));
    await store.stepBegan(cycle, DEV, [THIRD], 'install', true);
    expect(await store.continueNodes(continued(cycle, 'carried-over', [THIRD]))).toBe(digest);
    expect((await nodesOf(cycle)).get(THIRD)).toMatchObject({ wave: 3, touched: true, step: 'install' });
  });

  test('tries failed nodes again as if nothing had been done to them; what came in stays known', async () => {
    const { store } = on;
    const cycle = await planned();
    await store.stepBegan(cycle, DEV, [THIRD], 'install', true);
    await store.nodeProblems(cycle, DEV, [{ node: THIRD, step: 'install', code: 'failed', message: 'exit 1' }]);
    await store.nodeVerdicts(cycle, DEV, [verdict(THIRD, 'failed')]);
    await store.continueNodes(continued(cycle, 'failed', [THIRD]));
    expect((await nodesOf(cycle)).get(THIRD)).toMatchObject({
      wave: 3,
      touched: false,
      problem: null,
      step: null,
      outcome: null,
    });
    await store.nodeVerdicts(cycle, DEV, [verdict(THIRD, 'patched')]);
    const { items } = await store.cycleNodes(cycle, { outcome: 'patched', limit: 10 });
    expect(items).toMatchObject([
      { node: THIRD, surplus: [{ title: 'dependency-failed' }, { title: 'dependency-patched' }] },
    ]);
  });

  test('adds up what all tries brought; with an unknown end among them, what a node had before that stays too', async () => {
    const { store } = on;
    const cycle = await planned();
    const [curl, bash] = ['curl:2', 'bash:6'].map((title) => ({ id: title, title }));
    const has = async (...patches: readonly (typeof curl)[]) => {
      const listed = patches.flatMap((patch) => (patch ? [{ ...patch, ...INSTALLED }] : []));
      await store.saveScans([{ at: HERE, state: patchState(THIRD), patches: listed }], NOW);
      return listed;
    };
    const tried = async (round: number, brought: readonly { id: string; title: string }[] | null) => {
      await store.nodeVerdicts(cycle, DEV, [{ ...verdict(THIRD, 'failed'), brought }]);
      await store.continueNodes(continued(cycle, 'failed', [THIRD], round));
      return (await store.broughtTo(cycle, DEV, [THIRD])).get(THIRD);
    };
    const after = await has(curl);
    expect(await tried(1, curl ? [curl] : [])).toEqual({ brought: [curl], before: after });
    expect(await tried(2, null)).toEqual({ brought: [curl], before: after });
    // A try that ended before its install brought nothing, and tells nothing of the one before.
    expect(await tried(3, [])).toEqual({ brought: [curl], before: after });
    const all = await has(curl, bash);
    expect(await tried(4, bash ? [bash] : [])).toEqual({ brought: [curl, bash], before: all });
  });

  test('counts what an earlier try brought as changed, whatever has become of the node since', async () => {
    const { store } = on;
    const cycle = await planned();
    await store.stepBegan(cycle, DEV, [THIRD], 'install', true);
    const brought = [{ id: 'curl', title: 'curl:2' }];
    await store.nodeVerdicts(cycle, DEV, [{ ...verdict(THIRD, 'failed'), brought }]);
    await store.continueNodes(continued(cycle, 'failed', [THIRD]));
    const facts = await store.rollbackFacts(cycle);
    expect(facts.filter((fact) => fact.brought)).toMatchObject([{ node: THIRD, outcome: null, touched: false }]);
  });

  test('ends with carried-over for those that were to wait, skipped for the others, failed for those not tried again', async () => {
    const { store } = on;
    const cycle = await planned();
    await store.nodeVerdicts(cycle, DEV, [verdict(THIRD, 'failed')]);
    await store.continueNodes(continued(cycle, 'failed', [THIRD]));
    await store.carryRest(cycle, DEV, 1, 'Not begun at the cutoff.');
    await store.skipRest(cycle, DEV, 1, 'The operator stopped the cycle.');
    expect(await store.skipRest(cycle, DEV, null, 'The operator stopped the cycle.')).toBe(3);
    const nodes = await nodesOf(cycle);
    expect([FIRST, SECOND, THIRD, FOURTH].map((node) => nodes.get(node)?.outcome)).toEqual([
      'carried-over',
      'carried-over',
      'failed',
      'skipped',
    ]);
    expect(nodes.get(THIRD)?.reason).toBe('It is failed. It was not tried again: The operator stopped the cycle.');
  });

  test('gives those that it cannot take along their outcome', async () => {
    const { store } = on;
    const cycle = await planned();
    const leftOut = [{ ...HERE, node: THIRD, name: 'web', outcome: 'gone' as const, reason: 'It is gone.' }];
    await store.continueNodes({ ...continued(cycle, 'carried-over', [FOURTH]), leftOut });
    expect((await nodesOf(cycle)).get(THIRD)).toMatchObject({ wave: 2, outcome: 'gone', reason: 'It is gone.' });
  });
});
