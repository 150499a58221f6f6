import { describe, expect, test } from '@jest/globals';
import { refusal } from './fake-temporal.js';
import { useService } from './service.js';

const service = useService();

const PLAN = {
  apiVersion: 'patchtide/v1',
  kind: 'PatchPlan',
  metadata: { name: 'storefront', owner: 'storefront-team' },
  spec: { stages: ['dev', 'test', 'prod'] },
};
const withPlan = () => service.put('/v1/plans/storefront', PLAN);
const start = (headers: Record<string, string> = {}, more: object = {}) =>
  service.post('operator', '/v1/cycles', { plan: 'storefront', reason: 'November patches', ...more }, headers);

describe('Starting a cycle', () => {
  test('answers 202 with its id, where to look, and a workflow that has begun', async () => {
    await withPlan();
    const response = await start({}, { reference: 'CHG-1042' });
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
        memo: { requestedBy: 'operator', reason: 'November patches', reference: 'CHG-1042' },
        args: [
          {
            cycle: 'storefront-1',
            number: 1,
            plan: 'storefront',
            planVersion: 1,
            mode: 'standard',
            requestedBy: 'operator',
            reason: 'November patches',
            reference: 'CHG-1042',
          },
        ],
      },
    });
  });

  test('a decision reaches the stage as the approver', async () => {
    await withPlan();
    await start();
    service.temporal.addRun('patch-cycle/storefront/1/prod');
    const manifest = `sha256:${'a'.repeat(64)}`;
    const response = await service.post('approver', '/v1/cycles/storefront-1/stages/prod/decision', {
      decision: 'approve',
      reason: 'Test looks good',
      manifest,
    });
    expect(response.json()).toEqual({ decided: 'approved', at: '2026-11-20T09:00:00.000Z' });
    expect(service.temporal.updates).toMatchObject([
      {
        workflowId: 'patch-cycle/storefront/1/prod',
        name: 'decide',
        argument: { stage: 'prod', decision: 'approve', by: 'approver', reason: 'Test looks good', manifest },
      },
    ]);
    service.temporal.onUpdate = () => {
      throw refusal('already-decided', 'approver has decided on this manifest already.');
    };
    const second = await service.post('approver', '/v1/cycles/storefront-1/stages/prod/decision', {
      decision: 'approve',
      reason: 'Test looks good',
      manifest,
    });
    expect(second.statusCode).toBe(409);
    expect(second.json()).toMatchObject({ code: 'already-decided' });
  });
});
