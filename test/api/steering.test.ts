import { describe, expect, test } from '@jest/globals';
import type { CycleId } from '../../domain/ids.js';
import { MANIFEST, plan, startCycle } from './examples.js';
import { refusal, unanswered } from './fake-temporal.js';
import { type Person, useService } from './service.js';

const service = useService();
const DECISION = '/v1/cycles/storefront-1/stages/prod/decision';
const APPROVAL = { decision: 'approve', reason: 'Test looks good', manifest: MANIFEST };

const decide = (as: Person = 'approver', body: object = APPROVAL, headers: Record<string, string> = {}) =>
  service.post(as, DECISION, body, headers);
const waitingStage = async () => {
  await startCycle(service);
  service.temporal.addRun('patch-cycle/storefront/1/prod');
};
const audit = async () => (await service.get('/v1/audit')).json().items;

describe('A decision', () => {
  test('reaches the stage, is the approver’s own, and stands in the audit trail', async () => {
    await waitingStage();
    const response = await decide();
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ decided: 'approved', at: '2026-11-20T09:00:00.000Z' });
    expect(service.temporal.updates).toMatchObject([
      {
        workflowId: 'patch-cycle/storefront/1/prod',
        name: 'decide',
        argument: { stage: 'prod', decision: 'approve', by: 'approver', reason: 'Test looks good', manifest: MANIFEST },
      },
    ]);
    expect((await audit())[0]).toMatchObject({
      who: 'approver',
      action: 'approve stage',
      subject: 'storefront-1/prod',
      result: 'done',
      reason: `Test looks good (${MANIFEST})`,
    });
  });

  test.each([
    ['for a stage that does not wait', 'not-waiting', 409],
    ['with another digest', 'other-manifest', 409],
    ['a second time', 'already-decided', 409],
    ['on one’s own request', 'own-request', 403],
  ] as const)('%s is refused, with the reason, and the audit trail shows it', async (_how, code, status) => {
    await waitingStage();
    service.temporal.onUpdate = () => {
      throw refusal(code, `The workflow says ${code}.`);
    };
    const response = await decide();
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ code, detail: `The workflow says ${code}.` });
    expect((await audit())[0]).toMatchObject({ who: 'approver', result: 'refused', subject: 'storefront-1/prod' });
  });

  test('before the stage has begun, or after the cycle has ended, is refused', async () => {
    await startCycle(service);
    expect((await decide()).json()).toMatchObject({
      status: 409,
      code: 'not-waiting',
      detail: 'Stage prod does not wait for a decision.',
    });
    await service.store.cycleChanged('storefront-1' as CycleId, { status: 'completed' });
    expect((await decide()).json()).toMatchObject({
      code: 'ended',
      detail: 'Cycle storefront-1 has ended as completed.',
    });
  });

  test('by somebody whom the plan does not let decide is forbidden, and noted', async () => {
    await waitingStage();
    expect((await decide('admin')).json()).toMatchObject({
      status: 403,
      code: 'forbidden',
      detail: 'The plan lets approver decide on stage prod, and admin has the role admin.',
    });
    expect((await audit())[0]).toMatchObject({ who: 'admin', result: 'refused' });
  });

  test('is made by the roles that the plan names', async () => {
    const stages = ['dev', { name: 'prod', approval: { roles: ['operator'] } }];
    await service.put('/v1/plans/storefront', plan('storefront', { stages }));
    await service.post('operator', '/v1/cycles', { plan: 'storefront', reason: 'November patches' });
    service.temporal.addRun('patch-cycle/storefront/1/prod');
    expect((await decide('second-operator')).statusCode).toBe(200);
    expect((await decide('approver')).statusCode).toBe(403);
  });

  test('with the same Idempotency-Key is the same update; without one each is its own', async () => {
    await waitingStage();
    const key = { 'idempotency-key': 'my-decision' };
    await decide('approver', APPROVAL, key);
    await decide('approver', APPROVAL, key);
    await decide();
    const [first, second, third] = service.temporal.updates.map(({ updateId }) => updateId);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('that no worker takes in time is a 503, never a success', async () => {
    await waitingStage();
    service.temporal.onUpdate = () => {
      throw unanswered();
    };
    const response = await decide();
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: 'worker-unavailable' });
  });

  test('for a stage or a cycle that is not there is a 404', async () => {
    await waitingStage();
    expect((await service.post('approver', '/v1/cycles/storefront-9/stages/prod/decision', APPROVAL)).statusCode).toBe(
      404,
    );
    expect((await service.post('approver', '/v1/cycles/storefront-1/stages/live/decision', APPROVAL)).statusCode).toBe(
      404,
    );
  });
});

describe('An answer', () => {
  test.each(['retry-failed', 'continue', 'stop', 'rollback'])(
    '%s reaches the cycle with who and why',
    async (action) => {
      await startCycle(service);
      const response = await service.post('operator', '/v1/cycles/storefront-1/answer', {
        action,
        reason: 'Looked at it',
      });
      expect(response.statusCode).toBe(202);
      expect(response.json()).toMatchObject({ id: 'storefront-1', answered: action });
      expect(service.temporal.updates).toMatchObject([
        { name: 'answer', argument: { action, by: 'operator', reason: 'Looked at it' } },
      ]);
      expect((await audit())[0]).toMatchObject({ action: `answer ${action}`, subject: 'storefront-1', result: 'done' });
    },
  );

  test('is refused where nothing is asked', async () => {
    await startCycle(service);
    service.temporal.onUpdate = () => {
      throw refusal('not-waiting', 'The cycle asks nothing.');
    };
    const late = await service.post('operator', '/v1/cycles/storefront-1/answer', { action: 'stop', reason: 'Late' });
    expect(late.json()).toMatchObject({ status: 409, code: 'not-waiting' });
  });
});

describe('Pause, resume and cancel', () => {
  test.each(['pause', 'resume', 'cancel'])('%s reaches the cycle with who and why', async (name) => {
    await startCycle(service);
    const response = await service.post('operator', `/v1/cycles/storefront-1/${name}`, { reason: 'A release is on' });
    expect(response.statusCode).toBe(202);
    expect(response.json()).toMatchObject({ id: 'storefront-1', done: name });
    expect(service.temporal.updates).toMatchObject([
      { workflowId: 'patch-cycle/storefront/1', name, argument: { by: 'operator', reason: 'A release is on' } },
    ]);
    expect((await audit())[0]).toMatchObject({ action: `${name} cycle`, subject: 'storefront-1', result: 'done' });
  });

  test('what the cycle refuses is a 409', async () => {
    await startCycle(service);
    service.temporal.onUpdate = () => {
      throw refusal('already-paused', 'The cycle is paused already.');
    };
    const response = await service.post('operator', '/v1/cycles/storefront-1/pause', { reason: 'Again' });
    expect(response.json()).toMatchObject({ status: 409, code: 'already-paused' });
  });

  test('at most ten at a time reach one cycle; the others stand in line', async () => {
    await startCycle(service);
    let inFlight = 0;
    let most = 0;
    service.temporal.onUpdate = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
    };
    const responses = await Promise.all(
      Array.from({ length: 25 }, () => service.post('operator', '/v1/cycles/storefront-1/pause', { reason: 'Now' })),
    );
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(Array(25).fill(202));
    expect(most).toBeLessThanOrEqual(10);
  });
});
