import { expect, test } from '@jest/globals';
import type { NodeId, PlanName } from '../../domain/ids.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, LATER, manifestOf, NOW, nodeIds, PLAN, startedCycle } from './examples.js';

onEveryDatabase('a tail', (on) => {
  test('runs from its first word to its last, each said as often as it may be', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const tail = { cycle, stage: DEV, workflowId: `patch-cycle/${PLAN}/1/${DEV}/tail` };
    expect(await store.runningTails()).toEqual([]);
    await store.tailBegan(cycle, DEV, 3, NOW);
    await store.tailBegan(cycle, DEV, 3, LATER);
    expect(await store.runningTails()).toEqual([tail]);
    expect(await store.runningTails(PLAN)).toEqual([tail]);
    expect(await store.runningTails('billing' as PlanName)).toEqual([]);
    expect((await store.cycleView(cycle))?.stages[0]?.tail).toEqual({ nodes: 3, since: NOW, endedAt: null });

    await store.tailEnded(cycle, DEV, LATER);
    await store.tailEnded(cycle, DEV, NOW);
    expect(await store.runningTails()).toEqual([]);
    expect((await store.cycleView(cycle))?.stages[0]?.tail).toEqual({ nodes: 3, since: NOW, endedAt: LATER });
  });

  test('keeps scans from the nodes that it is at work on, although its cycle has ended', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const manifest = manifestOf(cycle, 1);
    await store.saveManifest(manifest);
    await store.planNodes(cycle, DEV, manifest);
    const [node] = nodeIds(1) as [NodeId];
    await store.tailBegan(cycle, DEV, 1, NOW);
    await store.cycleChanged(cycle, { status: 'completed', endedAt: NOW });
    await store.stepBegan(cycle, DEV, [node], 'install', true);
    expect(await store.nodesInFlight()).toEqual([node]);
    await store.tailEnded(cycle, DEV, LATER);
    expect(await store.nodesInFlight()).toEqual([]);
  });
});
