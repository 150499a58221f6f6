import { expect, test } from '@jest/globals';
import type { CycleId, Digest, PlanName } from '../../domain/ids.js';
import { type CyclePosition, StoreNotFound } from '../../store/index.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, LATER, manifestOf, NOW, PLAN, PROD, planBody, reservation, startedCycle } from './examples.js';

onEveryDatabase('reserving a cycle', (on) => {
  test('is refused for a plan that is not there', async () => {
    expect(await on.store.reserveCycle(reservation('a'))).toEqual({ kind: 'no-plan' });
  });

  test('takes the plan as it is now, and the next number', async () => {
    const { store } = on;
    await store.putDocument('plan', PLAN, planBody('one'), 'ada');
    await store.putDocument('plan', PLAN, planBody('two'), 'ada');
    const first = await store.reserveCycle(reservation('a'));
    expect(first).toEqual({
      kind: 'reserved',
      request: {
        cycle: 'storefront-1',
        number: 1,
        plan: PLAN,
        planVersion: 2,
        mode: 'standard',
        requestedBy: 'olga',
        reason: 'monthly patches',
        reference: 'CHG-1042',
      },
    });
    await store.cycleChanged('storefront-1' as CycleId, { status: 'completed', endedAt: LATER });
    expect(await store.reserveCycle(reservation('b'))).toMatchObject({ request: { cycle: 'storefront-2' } });
  });

  test('with the same key is the same cycle, running or not', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    expect(await store.reserveCycle(reservation('first'))).toMatchObject({ kind: 'again', request: { cycle } });
    await store.cycleChanged(cycle, { status: 'cancelled', endedAt: LATER });
    expect(await store.reserveCycle(reservation('first'))).toMatchObject({ kind: 'again', request: { cycle } });
  });

  test('is refused while another one runs or is paused', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    expect(await store.reserveCycle(reservation('second'))).toEqual({ kind: 'busy', cycle });
    await store.cycleChanged(cycle, { status: 'paused' });
    expect(await store.reserveCycle(reservation('second'))).toEqual({ kind: 'busy', cycle });
  });

  test('by many at once, through many connections, gives exactly one cycle', async () => {
    await on.store.putDocument('plan', PLAN, planBody(), 'ada');
    const stores = [on.store, on.another(), on.another()];
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => stores[index % 3]?.reserveCycle(reservation(`key-${index}`))),
    );
    const kinds = answers.map((answer) => answer?.kind);
    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'busy')).toHaveLength(23);
  });

  test('by many at once with one key gives all of them the same cycle', async () => {
    await on.store.putDocument('plan', PLAN, planBody(), 'ada');
    const stores = [on.store, on.another()];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => stores[index % 2]?.reserveCycle(reservation('one'))),
    );
    expect(answers.filter((answer) => answer?.kind === 'reserved')).toHaveLength(1);
    expect(answers.filter((answer) => answer?.kind === 'again')).toHaveLength(11);
  });
});

onEveryDatabase('the projection of a cycle', (on) => {
  test('shows stages, windows, locations and waves, and counts that add up', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const manifest = manifestOf(cycle, 3);
    const digest = await store.saveManifest(manifest);
    await store.planNodes(cycle, DEV, manifest);
    await store.stageChanged(cycle, DEV, { status: 'patching', manifest: digest, soakUntil: LATER });
    await store.waveChanged(cycle, DEV, 1, 'patching');
    const verdict = { reason: 'All pinned patches are present.', surplus: [], absent: [] };
    await store.nodeVerdicts(cycle, DEV, [
      { node: manifest.targets[0]?.node ?? never(), outcome: 'patched', ...verdict },
      { node: manifest.targets[1]?.node ?? never(), outcome: 'failed', ...verdict },
    ]);

    const view = await store.cycleView(cycle);
    expect(view).toMatchObject({
      id: cycle,
      status: 'running',
      workflowId: 'patch-cycle/storefront/1',
      startedAt: NOW,
    });
    expect(view?.nodes).toMatchObject({ total: 7, pending: 4, patched: 1, failed: 1, skipped: 1 });
    expect(view?.stages.map(({ name, status }) => [name, status])).toEqual([
      ['dev', 'patching'],
      ['prod', 'pending'],
    ]);
    const dev = view?.stages[0];
    expect(dev).toMatchObject({ manifest: digest, soakUntil: LATER, decisions: [] });
    expect(dev?.windows).toEqual([{ name: 'nightly', opens: NOW, closes: LATER }]);
    expect(dev?.locations).toHaveLength(1);
    expect(dev?.locations[0]?.waves).toMatchObject([
      { zone: 'euw1-az1', status: 'patching', nodes: { total: 3, patched: 1, failed: 1, pending: 1 } },
      { zone: 'euw1-az2', status: 'pending', nodes: { total: 3, patched: 0, failed: 0, pending: 3 } },
    ]);
    expect(await store.cycleView('nothing-1' as CycleId)).toBeNull();
  });

  test('changes with its own cycle and with no other', async () => {
    const { store } = on;
    const other = await startedCycle(store);
    await store.putDocument('plan', 'billing' as PlanName, planBody(), 'ada');
    await store.reserveCycle({ ...reservation('billing'), plan: 'billing' as PlanName });
    await store.cycleChanged('billing-1' as CycleId, { status: 'completed', message: 'Done.', endedAt: LATER });
    expect(await store.cycleView(other)).toMatchObject({ status: 'running', message: null, endedAt: null });
  });

  test('an outage that is over ends no other wave’s, and no person’s turn', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.planNodes(cycle, DEV, manifestOf(cycle, 1));
    const waitsFor = async () => (await store.cycleView(cycle))?.waitingFor?.kind ?? null;
    const plain = { stage: DEV, until: null, manifest: null, message: 'Denied.' };
    const outage = { ...plain, kind: 'aws' } as const;
    for (const wave of [1, 2]) await store.waveChanged(cycle, DEV, wave, 'waiting-aws');
    await store.outageChanged(cycle, outage);
    await store.waveChanged(cycle, DEV, 1, 'patching');
    await store.outageChanged(cycle, null);
    expect(await waitsFor()).toBe('aws');
    await store.waveChanged(cycle, DEV, 2, 'patching');
    await store.outageChanged(cycle, null);
    expect(await waitsFor()).toBeNull();

    await store.cycleChanged(cycle, { waitingFor: { ...plain, kind: 'operator' } });
    await store.outageChanged(cycle, outage);
    await store.outageChanged(cycle, null);
    expect(await waitsFor()).toBe('operator');
  });

  test('events tell every change once, in order, and can be resumed', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const waitingFor = {
      kind: 'approval' as const,
      stage: PROD,
      until: LATER,
      manifest: 'sha256:1' as Digest,
      message: 'Approve it.',
    };
    await store.cycleChanged(cycle, { waitingFor });
    await store.cycleChanged(cycle, { waitingFor });
    await store.stageChanged(cycle, DEV, { status: 'preparing', decisions: [] });
    await store.stageChanged(cycle, DEV, { status: 'preparing', decisions: [] });
    await store.cycleChanged(cycle, { waitingFor: null, status: 'completed', endedAt: LATER });

    const events = await store.changesSince(cycle, 0);
    expect(events.map(({ kind }) => kind)).toEqual(['cycle', 'cycle', 'stage', 'cycle']);
    expect(events[1]?.body).toEqual({ status: 'running', waitingFor, message: null });
    expect(await store.changesSince(cycle, events[2]?.seq ?? never())).toEqual(events.slice(3));
    expect(await store.cycleView(cycle)).toMatchObject({ status: 'completed', endedAt: LATER, waitingFor: null });
  });

  test('a late repetition does not bring an ended cycle back', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.cycleChanged(cycle, { status: 'completed', endedAt: LATER, message: 'Done.' });
    await store.cycleChanged(cycle, { status: 'running', message: null, endedAt: null });
    expect(await store.cycleView(cycle)).toMatchObject({ status: 'completed', endedAt: LATER, message: 'Done.' });
  });

  test('what is said late of an ended cycle changes nothing in it', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.planNodes(cycle, DEV, manifestOf(cycle, 1));
    await store.stageChanged(cycle, DEV, { status: 'cancelled' });
    await store.waveChanged(cycle, DEV, 1, 'cancelled');
    await store.cycleChanged(cycle, { status: 'cancelled', endedAt: LATER, waitingFor: null });
    const ended = await store.cycleView(cycle);
    const waitingFor = { kind: 'aws', stage: DEV, until: null, manifest: null, message: 'Denied.' } as const;
    await store.outageChanged(cycle, waitingFor);
    await store.cycleChanged(cycle, { waitingFor });
    for (const status of ['waiting-aws', 'patching'] as const) await store.waveChanged(cycle, DEV, 1, status);
    await store.stageChanged(cycle, DEV, { status: 'patching' });
    expect(await store.cycleView(cycle)).toEqual(ended);
  });

  test('a change of a cycle or stage that is not there is an error', async () => {
    const { store } = on;
    await expect(store.cycleChanged('no-1' as CycleId, { status: 'failed' })).rejects.toThrow(StoreNotFound);
    const cycle = await startedCycle(store);
    await expect(store.stageChanged(cycle, 'no' as typeof DEV, { status: 'failed' })).rejects.toThrow(StoreNotFound);
  });
});

onEveryDatabase('the list of cycles', (on) => {
  test('pages through all of them once, the newest first', async () => {
    const { store } = on;
    const plans = ['a', 'b', 'c', 'd', 'e'].map((name) => name as PlanName);
    for (const plan of plans) {
      await store.putDocument('plan', plan, planBody(), 'ada');
      await store.reserveCycle({ ...reservation('key'), plan });
    }
    const seen: string[] = [];
    let after: CyclePosition | null = null;
    do {
      const page: Awaited<ReturnType<typeof store.cycles>> = await store.cycles({
        limit: 2,
        ...(after ? { after } : {}),
      });
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual(['e-1', 'd-1', 'c-1', 'b-1', 'a-1']);
  });

  test('filters by plan and status', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    expect((await store.cycles({ plan: PLAN, status: 'running', limit: 10 })).items).toMatchObject([{ id: cycle }]);
    expect((await store.cycles({ status: 'failed', limit: 10 })).items).toEqual([]);
    expect((await store.cycles({ plan: 'other' as PlanName, limit: 10 })).items).toEqual([]);
  });
});

const never = (): never => {
  throw new Error('The example lacks something.');
};
