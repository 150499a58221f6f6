import { describe, expect, test } from '@jest/globals';
import type { StageName } from '../../domain/ids.js';
import { plan, startCycle } from './examples.js';
import { useService } from './service.js';

const service = useService();
const REASON = { reason: 'A bad patch is out' };
const CYCLE = 'patch-cycle/storefront/1';
const start = (name = 'storefront') =>
  service.post('operator', '/v1/cycles', { plan: name, reason: 'November patches' });
const audit = async () => (await service.get('/v1/audit')).json().items;
const halted = { by: 'operator', reason: REASON.reason, at: expect.any(String) };

describe('A halt', () => {
  test('tells every running cycle who and why, is shown, and stands in the audit trail', async () => {
    await startCycle(service);
    await service.put('/v1/plans/website', plan('website'));
    await start('website');
    const response = await service.post('operator', '/v1/halt', REASON);
    expect(response.statusCode).toBe(202);
    expect(response.json()).toEqual({ halt: halted, told: 2 });
    expect(service.temporal.signals.sort((a, b) => a.workflowId.localeCompare(b.workflowId))).toEqual([
      { workflowId: CYCLE, name: 'halt', argument: { number: 1, ...halted } },
      { workflowId: 'patch-cycle/website/1', name: 'halt', argument: { number: 1, ...halted } },
    ]);
    expect((await service.get('/v1/halt')).json()).toEqual({ halt: halted });
    expect((await audit())[0]).toMatchObject({ who: 'operator', action: 'halt', result: 'done', ...REASON });
  });

  test('given again stays that of who gave it first, and tells all cycles again', async () => {
    await startCycle(service);
    await service.post('operator', '/v1/halt', REASON);
    const again = await service.post('second-operator', '/v1/halt', { reason: 'I say so too' });
    expect(again.json()).toEqual({ halt: halted, told: 1 });
    expect(service.temporal.signals).toHaveLength(2);
    expect((await audit())[0]).toMatchObject({ who: 'second-operator', action: 'halt', reason: 'I say so too' });
  });

  test('keeps cycles from starting, and says who and why, until it is lifted', async () => {
    await service.put('/v1/plans/storefront', plan());
    await service.post('operator', '/v1/halt', REASON);
    const refused = (await start()).json();
    expect(refused).toMatchObject({ status: 409, code: 'halted' });
    expect(refused.detail).toContain('Halted by operator: A bad patch is out');
    expect(service.temporal.starts).toEqual([]);

    const lifted = await service.post('operator', '/v1/unhalt', { reason: 'It was withdrawn' });
    expect([lifted.statusCode, lifted.json()]).toEqual([202, { halt: null, told: 0 }]);
    expect((await start()).statusCode).toBe(202);
  });

  test('is lifted in every cycle, also when that is asked for twice', async () => {
    await startCycle(service);
    await service.post('operator', '/v1/halt', REASON);
    const told = { number: 1, by: 'operator', reason: 'It was withdrawn' };
    for (const _ of [1, 2]) {
      const lifted = await service.post('operator', '/v1/unhalt', { reason: told.reason });
      expect(lifted.json()).toEqual({ halt: null, told: 1 });
    }
    expect(service.temporal.signals.slice(1)).toEqual([
      { workflowId: CYCLE, name: 'unhalt', argument: told },
      { workflowId: CYCLE, name: 'unhalt', argument: told },
    ]);
  });

  test('stands although Temporal does not answer, and repeating it tells the cycles', async () => {
    await startCycle(service);
    service.temporal.outOfReach = true;
    const response = await service.post('operator', '/v1/halt', REASON);
    expect(response.json()).toMatchObject({ status: 503, code: 'temporal-unavailable' });
    expect((await service.get('/v1/halt')).json()).toEqual({ halt: halted });
    service.temporal.outOfReach = false;
    expect((await service.post('operator', '/v1/halt', REASON)).json()).toMatchObject({ told: 1 });
  });

  test('reaches what goes on of cycles that have ended', async () => {
    await startCycle(service);
    const { store } = service;
    const { id, startedAt } = (await store.cycles({ limit: 1 })).items[0] ?? {};
    if (!id || !startedAt) throw new Error('There is one.');
    await store.tailBegan(id, 'dev' as StageName, 2, startedAt);
    service.temporal.addRun(`${CYCLE}/dev/tail`);
    await store.cycleChanged(id, { status: 'completed', endedAt: startedAt });
    await service.post('operator', '/v1/halt', REASON);
    expect(service.temporal.signals.map(({ workflowId }) => workflowId)).toEqual([`${CYCLE}/dev/tail`]);
  });

  test('does not count cycles whose run is over, or has not begun', async () => {
    await startCycle(service);
    service.temporal.end(CYCLE, 'COMPLETED');
    expect((await service.post('operator', '/v1/halt', REASON)).json()).toMatchObject({ told: 0 });
  });

  test('without a reason is refused', async () => {
    expect((await service.post('operator', '/v1/halt', {})).json()).toMatchObject({ status: 400 });
    expect((await service.get('/v1/halt')).json()).toEqual({ halt: null });
  });
});
