import { describe, expect, test } from '@jest/globals';
import type { CycleId } from '../../domain/ids.js';
import { account, baseline, maintenanceWindow, plan, startCycle } from './examples.js';
import { useService } from './service.js';

const service = useService();
const YAML = { 'content-type': 'application/yaml' };
const del = (url: string, headers: Record<string, string> = {}) =>
  service.send('admin', { method: 'DELETE', url, headers });

describe('Writing a document', () => {
  test('makes version 1 with 201, then further versions with 200; word for word again makes none', async () => {
    const created = await service.put('/v1/baselines/prod', baseline('prod'));
    expect(created.statusCode).toBe(201);
    expect(created.headers).toMatchObject({ etag: '"1"', location: '/v1/baselines/prod' });
    expect(created.json()).toEqual({ kind: 'PatchBaseline', name: 'prod', version: 1, changed: true });
    const again = await service.put('/v1/baselines/prod', baseline('prod'));
    expect(again.json()).toMatchObject({ version: 1, changed: false });
    const changed = await service.put('/v1/baselines/prod', {
      ...baseline('prod'),
      spec: { rules: [{ os: 'any', classification: 'any', severity: 'any', approveAfterDays: 7 }] },
    });
    expect(changed.statusCode).toBe(200);
    expect(changed.headers.etag).toBe('"2"');
  });

  test('takes YAML', async () => {
    const text = `
      apiVersion: patchtide/v1
      kind: PatchPlan
      metadata: { name: storefront, owner: storefront-team }
      spec: { stages: [dev, test, prod] }`;
    expect((await service.put('/v1/plans/storefront', text, YAML)).statusCode).toBe(201);
    expect((await service.get('/v1/plans/storefront')).json()).toEqual({
      apiVersion: 'patchtide/v1',
      kind: 'PatchPlan',
      metadata: { name: 'storefront', owner: 'storefront-team' },
      spec: { stages: ['dev', 'test', 'prod'] },
    });
  });

  test('with If-Match replaces that version and no other', async () => {
    await service.put('/v1/windows/prod-a', maintenanceWindow('prod-a'));
    const wider = maintenanceWindow('prod-a', { duration: 'PT6H' });
    const late = await service.put('/v1/windows/prod-a', wider, { 'if-match': '"7"' });
    expect(late.statusCode).toBe(412);
    expect(late.json()).toMatchObject({ code: 'changed-meanwhile' });
    expect((await service.put('/v1/windows/prod-a', wider, { 'if-match': '"1"' })).headers.etag).toBe('"2"');
  });

  test('with If-None-Match: * creates and never replaces', async () => {
    const once = { 'if-none-match': '*' };
    expect((await service.put('/v1/windows/prod-a', maintenanceWindow('prod-a'), once)).statusCode).toBe(201);
    expect((await service.put('/v1/windows/prod-a', maintenanceWindow('prod-a'), once)).statusCode).toBe(412);
  });

  test('an AWS account is registered once', async () => {
    await service.put('/v1/accounts/shop', account('shop'));
    const twin = await service.put('/v1/accounts/shop-too', account('shop-too'));
    expect(twin.json()).toMatchObject({ status: 409, code: 'conflict' });
  });

  test('a new baseline is taken up by the stages that bear its name and say nothing else', async () => {
    await service.put('/v1/plans/storefront', plan());
    await service.put('/v1/baselines/prod', baseline('prod'));
    const response = await service.get('/v1/plans/storefront?expand=defaults');
    expect(response.headers.etag).toBe('"2"');
    const baselines = response.json().spec.stages.map((stage: { baseline: string }) => stage.baseline);
    expect(baselines).toEqual(['everything', 'everything', 'prod']);
  });

  test('stands in the audit trail', async () => {
    await service.put('/v1/baselines/prod', baseline('prod'));
    expect((await service.get('/v1/audit?subject=baselines/prod')).json().items).toMatchObject([
      { who: 'admin', action: 'write PatchBaseline', result: 'done', reason: 'version 1' },
    ]);
  });
});

describe('Reading documents', () => {
  test('a plan shows every default where it is asked to', async () => {
    await service.put('/v1/plans/storefront', plan());
    const whole = (await service.get('/v1/plans/storefront?expand=defaults')).json();
    expect(whole.spec).toMatchObject({
      nodes: { accounts: 'all', regions: 'all', tags: { Application: 'storefront' } },
      stages: [
        { name: 'dev', patchGroups: ['storefront-dev'], snapshot: 'none', soak: 'P7D', approval: 'none' },
        { name: 'test', snapshot: 'await', soak: 'P7D', waves: { maxUnavailable: '25%', pauseAfterFailures: '10%' } },
        { name: 'prod', soak: 'PT0S', approval: { roles: ['approver'], quorum: 1, decideWithin: 'P3D' } },
      ],
    });
  });

  test('a list comes in parts, by name', async () => {
    for (const name of ['c', 'a', 'b']) await service.put(`/v1/windows/${name}`, maintenanceWindow(name));
    const first = (await service.get('/v1/windows?limit=2')).json();
    expect(first.items).toMatchObject([
      { name: 'a', version: 1, by: 'admin' },
      { name: 'b', document: { kind: 'MaintenanceWindow', metadata: { name: 'b' } } },
    ]);
    const second = (await service.get(`/v1/windows?limit=2&cursor=${first.next}`)).json();
    expect(second).toMatchObject({ items: [{ name: 'c' }], next: null });
  });

  test('what is not there is a 404', async () => {
    expect((await service.get('/v1/plans/nothing')).json()).toMatchObject({ status: 404, code: 'not-found' });
  });
});

describe('Deleting a document', () => {
  test('answers 204, and it is gone', async () => {
    await service.put('/v1/baselines/prod', baseline('prod'));
    const response = await del('/v1/baselines/prod');
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect((await service.get('/v1/baselines/prod')).statusCode).toBe(404);
    expect((await del('/v1/baselines/prod')).statusCode).toBe(404);
  });

  test('is refused while a plan names it', async () => {
    await service.put('/v1/baselines/strict', baseline('strict'));
    await service.put('/v1/plans/storefront', plan('storefront', { stages: [{ name: 'dev', baseline: 'strict' }] }));
    expect((await del('/v1/baselines/strict')).json()).toMatchObject({
      status: 409,
      code: 'in-use',
      detail: 'PatchBaseline strict is named by plan storefront.',
    });
  });

  test('is refused while a cycle of the plan runs', async () => {
    await startCycle(service);
    expect((await del('/v1/plans/storefront')).json()).toMatchObject({
      status: 409,
      detail: 'Cycle storefront-1 of plan storefront has not ended.',
    });
    await service.store.cycleChanged('storefront-1' as CycleId, { status: 'completed' });
    expect((await del('/v1/plans/storefront')).statusCode).toBe(204);
  });

  test('with If-Match of another version is refused', async () => {
    await service.put('/v1/baselines/prod', baseline('prod'));
    expect((await del('/v1/baselines/prod', { 'if-match': '"2"' })).statusCode).toBe(412);
  });
});
