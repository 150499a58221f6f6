import { describe, expect, test } from '@jest/globals';
import type { CycleId } from '../../domain/ids.js';
import { HERE, manifestOf, nodeIds } from '../store/examples.js';
import { plan, startCycle } from './examples.js';
import { useService } from './service.js';

const service = useService();
const AGAIN = { 'idempotency-key': 'november' };
const LONG_AGO = '2026-01-01T00:00:00.000Z';

describe('Starting a cycle', () => {
  test('answers 202 with its id and where to look, and its workflow has begun', async () => {
    const response = await startCycle(service, { reference: 'CHG-1042' });
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe('/v1/cycles/storefront-1');
    expect(response.json()).toEqual({
      id: 'storefront-1',
      workflowId: 'patch-cycle/storefront/1',
      plan: 'storefront',
      planVersion: 1,
      links: {
        self: '/v1/cycles/storefront-1',
        events: '/v1/cycles/storefront-1/events',
        nodes: '/v1/cycles/storefront-1/nodes',
        report: '/v1/cycles/storefront-1/report',
        temporalUi: 'http://127.0.0.1:8233/namespaces/default/workflows/patch-cycle%2Fstorefront%2F1',
      },
    });
    expect(service.temporal.runs.get('patch-cycle/storefront/1')).toMatchObject({
      type: 'patchCycle',
      options: {
        taskQueue: 'patchtide',
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: 'Patch cycle 1 of plan storefront, CHG-1042',
        memo: { requestedBy: 'operator', reason: 'November patches', reference: 'CHG-1042' },
        typedSearchAttributes: [{ key: { name: 'PatchPlan' }, value: 'storefront' }, { key: { name: 'PatchPhase' } }],
        args: [{ cycle: 'storefront-1', number: 1, planVersion: 1, requestedBy: 'operator', reference: 'CHG-1042' }],
      },
    });
  });

  test('with the same Idempotency-Key is the same cycle, begun once', async () => {
    const first = await startCycle(service, {}, AGAIN);
    const second = await startCycle(service, {}, AGAIN);
    expect(second.statusCode).toBe(202);
    expect(second.json()).toEqual(first.json());
    expect(service.temporal.starts).toEqual(['patch-cycle/storefront/1']);
  });

  test('with the same Idempotency-Key and another request is refused', async () => {
    await startCycle(service, {}, AGAIN);
    const other = await startCycle(service, { reason: 'Something else' }, AGAIN);
    expect(other.statusCode).toBe(409);
    expect(other.json()).toMatchObject({ code: 'idempotency-key-reused' });
  });

  test('with a key that somebody else uses too is a request of its own', async () => {
    await startCycle(service, {}, AGAIN);
    const other = await service.post('second-operator', '/v1/cycles', { plan: 'storefront', reason: 'Mine' }, AGAIN);
    expect(other.json()).toMatchObject({ code: 'cycle-running' });
  });

  test('while one of the plan runs is refused, and names it', async () => {
    await startCycle(service);
    const second = await startCycle(service);
    expect(second.statusCode).toBe(409);
    expect(second.json()).toMatchObject({
      code: 'cycle-running',
      detail: 'Cycle storefront-1 of plan storefront has not ended.',
    });
  });

  test('while Temporal is out of reach is a 503, and its repetition begins the reserved cycle', async () => {
    await service.put('/v1/plans/storefront', plan());
    service.temporal.outOfReach = true;
    const request = { plan: 'storefront', reason: 'November patches' };
    const lost = await service.post('operator', '/v1/cycles', request, AGAIN);
    expect(lost.statusCode).toBe(503);
    expect(lost.headers['retry-after']).toBe('5');
    expect(lost.json()).toMatchObject({ code: 'temporal-unavailable' });
    service.temporal.outOfReach = false;
    const repeated = await service.post('operator', '/v1/cycles', request, AGAIN);
    expect(repeated.json()).toMatchObject({ id: 'storefront-1' });
    expect(service.temporal.starts).toEqual(['patch-cycle/storefront/1']);
  });

  test('takes the place of an old reservation that no workflow came of', async () => {
    await service.put('/v1/plans/storefront', plan());
    await reserve(LONG_AGO);
    const response = await startCycle(service);
    expect(response.json()).toMatchObject({ id: 'storefront-2' });
    expect((await service.get('/v1/cycles/storefront-1')).json()).toMatchObject({
      status: 'failed',
      message: 'It was reserved, and no workflow was ever started for it.',
    });
  });

  test('takes the place of a cycle whose workflow somebody terminated', async () => {
    await service.put('/v1/plans/storefront', plan());
    await reserve(LONG_AGO);
    service.temporal.addRun('patch-cycle/storefront/1', 'TERMINATED');
    expect((await startCycle(service)).json()).toMatchObject({ id: 'storefront-2' });
  });

  test('leaves a reservation alone that may be on its way', async () => {
    await service.put('/v1/plans/storefront', plan());
    await reserve(new Date().toISOString());
    expect((await startCycle(service)).json()).toMatchObject({ code: 'cycle-running' });
  });

  test('of one that has ended, again with its key, begins nothing, even where Temporal has forgotten it', async () => {
    await startCycle(service, {}, AGAIN);
    await service.store.cycleChanged('storefront-1' as CycleId, { status: 'completed' });
    service.temporal.reset();
    expect((await startCycle(service, {}, AGAIN)).json()).toMatchObject({ id: 'storefront-1' });
    expect(service.temporal.starts).toEqual([]);
  });

  const reserve = (now: string) =>
    service.store.reserveCycle({
      plan: 'storefront' as never,
      mode: 'standard',
      requestedBy: 'operator',
      reason: 'a process that died',
      reference: null,
      idempotencyKey: 'lost',
      now: now as never,
    });
});

describe('Looking at cycles', () => {
  test('one cycle shows its stages, what it waits for, and its nodes', async () => {
    await startCycle(service);
    const manifest = { ...manifestOf('storefront-1' as CycleId, 3), stage: 'dev' as never };
    const digest = await service.store.saveManifest(manifest);
    await service.store.planNodes(manifest.cycle, manifest.stage, manifest);
    await service.store.stageChanged(manifest.cycle, manifest.stage, { status: 'waiting', manifest: digest });
    await service.store.cycleChanged(manifest.cycle, {
      waitingFor: {
        kind: 'approval',
        stage: manifest.stage,
        until: null,
        manifest: digest,
        message: 'An approver decides.',
      },
    });
    const cycle = (await service.get('/v1/cycles/storefront-1')).json();
    expect(cycle).toMatchObject({
      id: 'storefront-1',
      plan: 'storefront',
      mode: 'standard',
      status: 'running',
      requestedBy: 'operator',
      waitingFor: { kind: 'approval', stage: 'dev', manifest: digest },
      stages: [
        {
          name: 'dev',
          status: 'waiting',
          manifest: digest,
          decisions: [],
          windows: [{ name: 'nightly' }],
          locations: [
            { ...HERE, waves: [{ zone: 'euw1-az1', status: 'pending', nodes: { total: 3, pending: 3 } }, {}] },
          ],
        },
        { name: 'test', status: 'pending' },
        { name: 'prod', status: 'pending' },
      ],
      nodes: { total: 7, patched: 0, skipped: 1 },
      links: { self: '/v1/cycles/storefront-1' },
    });
  });

  test('its nodes come in parts, each with its outcome, and can be asked for by outcome', async () => {
    await startCycle(service);
    const manifest = { ...manifestOf('storefront-1' as CycleId, 2), stage: 'dev' as never };
    await service.store.planNodes(manifest.cycle, manifest.stage, manifest);
    const [first] = nodeIds(1);
    const url = '/v1/cycles/storefront-1/nodes';
    const part = (await service.get(`${url}?limit=3`)).json();
    expect(part.items).toHaveLength(3);
    expect(part.items[0]).toMatchObject({ stage: 'dev', node: first, outcome: null, compliance: 'unknown' });
    const rest = (await service.get(`${url}?limit=3&cursor=${part.next}`)).json();
    expect(rest).toMatchObject({ items: [{}, { node: 'i-stopped' }], next: null });
    expect((await service.get(`${url}?outcome=skipped`)).json().items).toMatchObject([
      { node: 'i-stopped', outcome: 'skipped', reason: 'It is stopped.' },
    ]);
  });

  test('the list goes on where its part ended, and can be asked for by plan and status', async () => {
    for (const name of ['storefront', 'checkout', 'search']) {
      await service.put(`/v1/plans/${name}`, plan(name));
      await service.post('operator', '/v1/cycles', { plan: name, reason: 'November patches' });
    }
    const first = (await service.get('/v1/cycles?limit=2')).json();
    const second = (await service.get(`/v1/cycles?limit=2&cursor=${first.next}`)).json();
    const ids = [...first.items, ...second.items].map(({ id }: { id: string }) => id);
    expect(ids.sort()).toEqual(['checkout-1', 'search-1', 'storefront-1']);
    expect(second.next).toBeNull();
    expect((await service.get('/v1/cycles?plan=search&status=running')).json().items).toMatchObject([
      { id: 'search-1' },
    ]);
    expect((await service.get('/v1/cycles?status=paused')).json().items).toEqual([]);
  });

  test('while Temporal is out of reach, what the store knows is answered all the same', async () => {
    await startCycle(service);
    service.temporal.outOfReach = true;
    expect((await service.get('/v1/cycles/storefront-1')).statusCode).toBe(200);
  });
});
