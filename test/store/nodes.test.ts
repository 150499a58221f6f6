import { expect, test } from '@jest/globals';
import type { NodeResult } from '../../activities/ports.js';
import type { CycleId, NodeId } from '../../domain/ids.js';
import { StoreNotFound } from '../../store/index.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, HERE, intent, LATER, manifestOf, NOW, nodeIds, patchState, startedCycle } from './examples.js';

const result = (node: NodeId, more: Partial<NodeResult> = {}): NodeResult => ({
  node,
  status: 'success',
  detail: 'Success',
  outputUrl: null,
  ...more,
});
const passed = { reason: 'All pinned patches are present.', surplus: [], absent: [] };

onEveryDatabase('operations', (on) => {
  test('an intent is recorded once; the second time it says what was recorded', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const wanted = intent(cycle, 'install', nodeIds(2));
    const first = await store.intend(wanted);
    expect(first).toEqual({
      fresh: true,
      attempt: 1,
      operation: { ...wanted, status: 'intended', deadline: null, externalIds: [], endedByWatch: null, results: [] },
    });
    await store.sent(wanted.key, ['command-1'], LATER);
    const again = await store.intend({ ...wanted, nodes: nodeIds(1) });
    expect(again).toMatchObject({
      fresh: false,
      operation: { status: 'sent', deadline: LATER, externalIds: ['command-1'] },
    });
    expect(again.operation.nodes).toEqual(nodeIds(2));
  });

  test('of many who intend the same at once, one is first', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => store.intend(intent(cycle, 'install', nodeIds(1)))),
    );
    expect(answers.filter(({ fresh }) => fresh)).toHaveLength(1);
  });

  test('whoever intends what was not sent takes the send over; nobody may send what was sent', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const wanted = intent(cycle, 'install', nodeIds(1));
    const first = await store.intend(wanted);
    expect(await store.maySend(wanted.key, first.attempt)).toBe(true);
    const second = await store.intend(wanted);
    expect(second).toMatchObject({ fresh: false, attempt: 2 });
    expect(await store.maySend(wanted.key, first.attempt)).toBe(false);
    expect(await store.maySend(wanted.key, second.attempt)).toBe(true);
    await store.sent(wanted.key, ['command-1'], LATER);
    expect(await store.maySend(wanted.key, second.attempt)).toBe(false);
  });

  test('ending twice is ending once, and what is sent late changes nothing', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const { key } = intent(cycle, 'install', nodeIds(1));
    await store.intend(intent(cycle, 'install', nodeIds(1)));
    await store.ended(key, 1, [result(nodeIds(1)[0] as NodeId)]);
    await store.ended(key, 2, []);
    await store.sent(key, ['late'], LATER);
    expect(await store.operation(key)).toMatchObject({ status: 'ended', endedByWatch: 1, externalIds: [] });
    expect((await store.operation(key))?.results).toHaveLength(1);
  });

  test('a watch sees what has not ended, what it saw end itself, and what is awaited', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    for (const step of ['one', 'two', 'three', 'four']) await store.intend(intent(cycle, step, nodeIds(1)));
    const { run } = intent(cycle, 'one', []);
    const key = (step: string) => intent(cycle, step, []).key;
    await store.ended(key('two'), 1, []);
    await store.ended(key('three'), 2, []);
    await store.ended(key('four'), 1, []);
    const steps = async (watch: number, awaited: string[]) =>
      (await store.watched(run, watch, awaited)).map(({ step }) => step).sort();
    expect(await steps(2, [])).toEqual(['one', 'three']);
    expect(await steps(2, [key('four')])).toEqual(['four', 'one', 'three']);
    expect(await store.watched('another run', 1, [])).toEqual([]);
  });

  test('an operation that nobody intended cannot end', async () => {
    await expect(on.store.ended('unknown', 1, [])).rejects.toThrow(StoreNotFound);
    expect(await on.store.operation('unknown')).toBeNull();
  });
});

onEveryDatabase('nodes of a stage', (on) => {
  const planned = async (nodesPerZone: number) => {
    const cycle = await startedCycle(on.store);
    const manifest = manifestOf(cycle, nodesPerZone);
    await on.store.planNodes(cycle, DEV, manifest);
    return { cycle, manifest };
  };

  test('are planned once, with those left out and why', async () => {
    const { store } = on;
    const { cycle, manifest } = await planned(60);
    await store.planNodes(cycle, DEV, manifest);
    expect(await store.batchNodes(cycle, DEV, 1, 1)).toHaveLength(50);
    expect(await store.batchNodes(cycle, DEV, 2, 2)).toHaveLength(10);
    expect(await store.stageNodes(cycle, DEV)).toHaveLength(121);
    expect(await store.outcomeCounts(cycle, DEV)).toEqual({ skipped: 1 });
    expect((await store.changesSince(cycle, 0)).filter(({ kind }) => kind === 'nodes')).toHaveLength(1);
  });

  test('a new manifest replaces what was not touched', async () => {
    const { store } = on;
    const { cycle } = await planned(4);
    const [first] = nodeIds(1) as [NodeId];
    await store.stepBegan(cycle, DEV, [first], 'install', true);
    await store.planNodes(cycle, DEV, manifestOf(cycle, 2));
    expect((await store.stageNodes(cycle, DEV)).map(({ node, touched }) => [node, touched])).toEqual([
      ['i-stopped', false],
      [first, true],
      ...nodeIds(3, 2).map((node) => [node, false]),
    ]);
    const view = await store.cycleView(cycle);
    expect(view?.stages[0]?.locations[0]?.waves.map(({ nodes }) => nodes.total)).toEqual([2, 2]);
  });

  test('a step touches its nodes, and they stay touched', async () => {
    const { store } = on;
    const { cycle } = await planned(2);
    const [one, two] = nodeIds(2) as [NodeId, NodeId];
    await store.stepBegan(cycle, DEV, [one, two], 'check', false);
    await store.stepBegan(cycle, DEV, [one], 'install', true);
    await store.stepBegan(cycle, DEV, [one], 'scan', false);
    expect(await store.batchNodes(cycle, DEV, 1, 1)).toMatchObject([
      { node: one, step: 'scan', touched: true },
      { node: two, step: 'check', touched: false },
    ]);
  });

  test('is in flight from its first touch to its outcome, in a cycle that runs', async () => {
    const { store } = on;
    const { cycle } = await planned(3);
    const [one, two, three] = nodeIds(3) as [NodeId, NodeId, NodeId];
    await store.stepBegan(cycle, DEV, [three], 'check', false);
    await store.stepBegan(cycle, DEV, [one, two], 'install', true);
    await store.nodeVerdicts(cycle, DEV, [{ node: two, outcome: 'patched', ...passed }]);
    expect(await store.nodesInFlight()).toEqual([one]);
    await store.cycleChanged(cycle, { status: 'failed' });
    expect(await store.nodesInFlight()).toEqual([]);
  });

  test('keeps its first outcome, and the patches from before until then', async () => {
    const { store } = on;
    const [one] = nodeIds(1) as [NodeId];
    const bash = { id: 'bash', title: 'bash:5', state: 'Missing', classification: '', severity: '' } as const;
    await store.saveScans([{ at: HERE, state: patchState(one), patches: [bash] }], NOW);
    const { cycle } = await planned(1);
    expect(await store.patchesBefore(cycle, DEV, nodeIds(2))).toEqual(new Map([[one, [bash]]]));
    await store.nodeVerdicts(cycle, DEV, [
      { node: one, outcome: 'patched', ...passed, surplus: [bash], brought: [bash] },
    ]);
    await store.nodeVerdicts(cycle, DEV, [{ node: one, outcome: 'failed', ...passed }]);
    expect((await store.batchNodes(cycle, DEV, 1, 1))[0]).toMatchObject({ outcome: 'patched', untested: 1 });
    expect(await store.patchesBefore(cycle, DEV, nodeIds(2))).toEqual(new Map());
    const brought = await store.broughtTo(cycle, DEV, nodeIds(1));
    expect(brought.get(one)).toEqual({ brought: [bash], before: null });
  });

  test('keeps the patches from before where nobody knows what the install brought', async () => {
    const { store } = on;
    const [one] = nodeIds(1) as [NodeId];
    const bash = { id: 'bash', title: 'bash:5', state: 'Missing', classification: '', severity: '' } as const;
    await store.saveScans([{ at: HERE, state: patchState(one), patches: [bash] }], NOW);
    const { cycle } = await planned(1);
    await store.nodeVerdicts(cycle, DEV, [{ node: one, outcome: 'unreachable', ...passed, brought: null }]);
    expect((await store.broughtTo(cycle, DEV, nodeIds(1))).get(one)).toEqual({ brought: null, before: [bash] });
  });

  test('the first problem of a node stays', async () => {
    const { store } = on;
    const { cycle } = await planned(4);
    const [fine, failed, lost, late] = nodeIds(4) as [NodeId, NodeId, NodeId, NodeId];
    const operation = intent(cycle, 'install', [fine, failed, lost, late]);
    await store.intend(operation);
    await store.nodeProblems(cycle, DEV, [{ node: late, step: 'check', code: 'disk-full', message: 'No space left.' }]);
    await store.ended(operation.key, 1, [
      result(fine),
      result(failed, { status: 'failed', detail: 'exit status 1\0' }),
      result(lost, { status: 'undeliverable', detail: 'Undeliverable' }),
      result(late, { status: 'timed-out', detail: 'ExecutionTimedOut' }),
    ]);
    expect((await store.batchNodes(cycle, DEV, 1, 1)).map(({ problem, outcome }) => [problem, outcome])).toEqual([
      [null, null],
      [{ step: 'install', code: 'failed', message: 'exit status 1' }, null],
      [{ step: 'install', code: 'unreachable', message: 'Undeliverable' }, null],
      [{ step: 'check', code: 'disk-full', message: 'No space left.' }, null],
    ]);
  });

  test('a verdict given twice is given once, and an event tells the counts', async () => {
    const { store } = on;
    const { cycle } = await planned(2);
    const verdicts = nodeIds(3).map((node) => ({ node, outcome: 'patched' as const, ...passed }));
    await store.nodeVerdicts(cycle, DEV, verdicts);
    await store.nodeVerdicts(cycle, DEV, verdicts);
    const events = (await store.changesSince(cycle, 0)).filter(({ kind }) => kind === 'nodes');
    expect(events.map(({ body }) => body)).toEqual([
      { stage: 'dev', total: 5, outcomes: { skipped: 1 } },
      { stage: 'dev', total: 5, outcomes: { skipped: 1, patched: 3 } },
    ]);
  });

  test('the rest of a wave, or of the stage, is skipped; what was touched is not', async () => {
    const { store } = on;
    const { cycle } = await planned(3);
    await store.stepBegan(cycle, DEV, nodeIds(1), 'install', true);
    expect(await store.skipRest(cycle, DEV, 1, 'The cutoff came.')).toBe(2);
    expect(await store.skipRest(cycle, DEV, 1, 'The cutoff came.')).toBe(2);
    expect(await store.skipRest(cycle, DEV, null, 'The cycle was cancelled.')).toBe(3);
    expect(await store.outcomeCounts(cycle, DEV)).toEqual({ skipped: 6 });
  });

  test('thousands are written and read in one go each', async () => {
    const { store } = on;
    const { cycle } = await planned(2500);
    await store.nodeVerdicts(
      cycle,
      DEV,
      nodeIds(5000).map((node) => ({ node, outcome: 'patched' as const, ...passed })),
    );
    expect(await store.outcomeCounts(cycle, DEV)).toEqual({ patched: 5000, skipped: 1 });
  });

  test('pages give every node once, in order, whatever the filter', async () => {
    const { store } = on;
    const { cycle } = await planned(5);
    await store.nodeVerdicts(cycle, DEV, [{ node: nodeIds(1)[0] as NodeId, outcome: 'patched', ...passed }]);
    const all = async (filter: { outcome?: 'pending' | 'patched' }) => {
      const seen: NodeId[] = [];
      let page = await store.cycleNodes(cycle, { ...filter, limit: 3 });
      seen.push(...page.items.map(({ node }) => node));
      while (page.next) {
        page = await store.cycleNodes(cycle, { ...filter, limit: 3, after: page.next });
        seen.push(...page.items.map(({ node }) => node));
      }
      return seen;
    };
    expect(await all({})).toEqual([...nodeIds(10), 'i-stopped']);
    expect(await all({ outcome: 'pending' })).toEqual(nodeIds(9, 2));
    expect(await all({ outcome: 'patched' })).toEqual(nodeIds(1));
  });
});

onEveryDatabase('the report of a cycle', (on) => {
  test('has the manifest, what was done to each node, the keys and times, and who decided', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const manifest = manifestOf(cycle, 1);
    const digest = await store.saveManifest(manifest);
    await store.planNodes(cycle, DEV, manifest);
    const [node] = nodeIds(1) as [NodeId];
    const operation = intent(cycle, 'install', [node]);
    await store.stepBegan(cycle, DEV, [node], 'install', true);
    await store.intend(operation);
    await store.sent(operation.key, ['command-1'], LATER);
    await store.ended(operation.key, 1, [result(node, { outputUrl: 's3://output/1' })]);
    const set = await store.savePatchSet({ cycle, stage: DEV, patches: { UBUNTU: [] } });
    const entry = { at: LATER, who: 'ada', action: 'approve', result: 'done' as const, reason: 'Tested.' };
    for (const subject of [`${cycle}/prod`, `${cycle}0/prod`]) await store.audit({ ...entry, key: subject, subject });

    const report = await store.cycleReport(cycle);
    expect(report?.manifests).toMatchObject([{ digest, manifest: JSON.parse(JSON.stringify(manifest)) }]);
    expect(report?.patchSets).toEqual([set]);
    expect(report?.nodes).toHaveLength(3);
    expect(report?.steps).toMatchObject([
      { node, step: 'install', status: 'success', outputUrl: 's3://output/1', operation: operation.key },
    ]);
    expect(report?.operations).toMatchObject([{ key: operation.key, externalIds: ['command-1'], status: 'ended' }]);
    expect(report?.operations[0]?.endedAt).toMatch(/Z$/);
    expect(report?.audit).toMatchObject([{ who: 'ada', subject: `${cycle}/prod` }]);
  });
});

onEveryDatabase('leases', (on) => {
  const of = (owner: string, nodes: readonly NodeId[], batch = 1) => ({
    owner,
    cycle: owner as CycleId,
    stage: DEV,
    wave: 1,
    batch,
    nodes,
  });

  test('of many who want the same nodes at once, one has them all and nobody else has any', async () => {
    const nodes = nodeIds(5);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        on.store.lease(of(`wave-${index}`, index % 2 === 0 ? nodes : [...nodes].reverse())),
      ),
    );
    const won = answers.flatMap((holders, index) => (holders.length === 0 ? [`wave-${index}`] : []));
    expect(won).toHaveLength(1);
    expect(new Set(answers.flat())).toEqual(new Set(won));
  });

  test('taking twice is taking once; what is given back is free, batch by batch', async () => {
    const [one, two] = nodeIds(12).slice(10) as [NodeId, NodeId];
    await on.store.lease(of('wave-a', [one]));
    await on.store.lease(of('wave-a', [two], 2));
    expect(await on.store.lease(of('wave-a', [one]))).toEqual([]);
    await on.store.release(of('wave-a', []));
    expect(await on.store.lease(of('wave-b', [one]))).toEqual([]);
    expect(await on.store.lease(of('wave-b', [two]))).toEqual(['wave-a']);
    await on.store.releaseAll('wave-a');
    expect(await on.store.lease(of('wave-b', [two]))).toEqual([]);
  });
});
