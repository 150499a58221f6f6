import { beforeEach, describe, expect, test } from '@jest/globals';
import type { CycleId, Instant, NodeId, StageName } from '../../domain/ids.js';
import { stepKey } from '../../domain/keys.js';
import { HERE, manifestOf, nodeIds } from '../store/examples.js';
import { plan, startCycle } from './examples.js';
import { type Person, useService } from './service.js';

const service = useService();
const CYCLE = 'storefront-1' as CycleId;
const DEV = 'dev' as StageName;
const ROLLBACK = '/v1/cycles/storefront-1/rollback';
const NOW = '2026-11-20T09:00:00.000Z' as Instant;
const [first, second] = nodeIds(2) as [NodeId, NodeId];
const verdict = { reason: 'It is.', surplus: [], absent: [] };

const ask = (body: object = {}, as: Person = 'operator', headers: Record<string, string> = {}) =>
  service.post(as, ROLLBACK, { reason: 'The till does not start', ...body }, headers);

/** A cycle with one node in each of two waves, the first of them snapshotted and patched. */
beforeEach(async () => {
  await startCycle(service);
  const { store } = service;
  const manifest = manifestOf(CYCLE, 1);
  await store.saveManifest(manifest);
  await store.planNodes(CYCLE, DEV, manifest);
  const key = stepKey(CYCLE, DEV, 1, 1, 'snapshot');
  await store.intend({
    ...HERE,
    key,
    run: 'wave',
    cycle: CYCLE,
    stage: DEV,
    kind: 'snapshots',
    batch: 1,
    step: 'snapshot',
    nodes: [first],
    intendedAt: NOW,
    timeout: 600_000,
    failureIsProblem: true,
  });
  await store.sent(key, [], NOW);
  await store.ended(key, 1, [{ node: first, status: 'success', detail: 'Completed.', outputUrl: null }]);
  await store.stepBegan(CYCLE, DEV, [first], 'install', true);
  await store.nodeVerdicts(CYCLE, DEV, [{ node: first, outcome: 'patched', ...verdict }]);
  await store.cycleChanged(CYCLE, { status: 'completed-with-failures', endedAt: NOW });
});

describe('A rollback', () => {
  test('is refused once the snapshots have expired, with the day', async () => {
    const snapshot = {
      snapshotId: 'snap-1',
      node: first,
      volume: 'vol-1',
      cycle: CYCLE,
      stage: DEV,
      gib: 8,
      keepFor: 0,
    };
    const expiring = { ...snapshot, takenAt: NOW, due: NOW };
    await service.store.snapshotsExpire(HERE, [expiring], '2026-12-04T05:10:00.000Z' as Instant);

    const problem = (await ask()).json();
    expect(problem).toMatchObject({ status: 409, code: 'nothing-to-roll-back' });
    expect(problem.detail).toContain(`${first}: It has nothing to go back to: its snapshots expired on 2026-12-04`);
  });

  test('is begun after the cycle’s end, and shown in its nodes, its report, its events and the audit trail', async () => {
    const response = await ask();
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe('/v1/cycles/storefront-1');
    expect(response.json()).toMatchObject({ id: CYCLE, rollback: 1, nodes: 1, left: [] });
    expect(service.temporal.starts).toContain('patch-cycle/storefront/1/rollback/1');

    const { store } = service;
    const rolled = {
      node: first,
      outcome: 'rolled-back',
      reason: 'It is back.',
      lost: false,
      detached: false,
    } as const;
    const data = [{ volume: 'vol-2', device: '/dev/sdf', snapshot: 'snap-2' }];
    const found = [{ node: first, snapshot: 'snap-1', data, zoneName: 'eu-west-1a' }];
    await store.rollbackFound({ cycle: CYCLE, number: 1 }, DEV, found);
    await store.rollbackVerdicts({ cycle: CYCLE, number: 1 }, DEV, [rolled]);
    await store.endRollback({ cycle: CYCLE, number: 1 }, { reasonForRest: 'Nothing.', now: NOW });

    const { items } = (await service.get('/v1/cycles/storefront-1/nodes?outcome=rolled-back')).json();
    expect(items).toMatchObject([
      {
        node: first,
        outcome: 'rolled-back',
        reason: 'It is back.',
        rollback: {
          number: 1,
          outcome: 'rolled-back',
          snapshot: 'snap-1',
          dataVolumes: [
            {
              volume: 'vol-2',
              snapshot: 'snap-2',
              commands: expect.arrayContaining([expect.stringContaining('snap-2')]),
            },
          ],
        },
      },
    ]);
    const { rollbacks } = (await service.get('/v1/cycles/storefront-1/report')).json();
    expect(rollbacks).toMatchObject([
      {
        number: 1,
        by: 'operator',
        status: 'rolled-back',
        message: '1 of 1 nodes rolled back',
        nodes: [{ node: first }],
      },
    ]);
    const events = (await store.changesSince(CYCLE, 0)).filter(({ kind }) => kind === 'rollback');
    expect(events.map(({ body }) => body)).toMatchObject([
      { status: 'running', total: 1, rolledBack: 0 },
      { status: 'running', total: 1, rolledBack: 1 },
      { status: 'rolled-back' },
    ]);
    const { items: audit } = (await service.get('/v1/audit')).json();
    expect(audit[0]).toMatchObject({ who: 'operator', action: 'roll back', subject: CYCLE, result: 'done' });
  });

  test('is one for one Idempotency-Key, and there is one at a time', async () => {
    const key = { 'idempotency-key': 'once' };
    const one = await ask({}, 'operator', key);
    expect((await ask({}, 'operator', key)).json()).toEqual(one.json());
    expect((await ask()).json()).toMatchObject({ status: 409, code: 'rollback-running' });
    expect(service.temporal.starts.filter((id) => id.includes('/rollback/'))).toHaveLength(1);
  });

  test('is an operator’s', async () => {
    expect((await ask({}, 'viewer')).statusCode).toBe(403);
    expect((await ask({}, 'approver')).statusCode).toBe(403);
  });

  test.each([
    ['a stage that is not there', { stage: 'nowhere' }, 404, 'not-found', 'no stage nowhere'],
    ['a wave that is not there', { stage: 'dev', wave: 9 }, 404, 'not-found', 'no wave 9'],
    ['a node that is not there', { nodes: ['i-0ff'] }, 404, 'not-found', 'no node i-0ff'],
    ['a node that was not touched', { nodes: [second] }, 409, 'nothing-to-roll-back', 'installed nothing on it'],
    [
      'a wave that was not touched',
      { stage: 'dev', wave: 2 },
      409,
      'nothing-to-roll-back',
      'Nothing there was changed',
    ],
    ['a wave without its stage', { wave: 1 }, 400, 'invalid-input', ''],
  ])('of %s is refused, with the reason', async (_what, body, status, code, detail) => {
    expect((await ask(body)).json()).toMatchObject({ status, code, detail: expect.stringContaining(detail) });
  });

  test('waits for a cycle that is at work, and for batches in flight', async () => {
    await service.store.stepBegan(CYCLE, DEV, [second], 'install', true);
    expect((await ask({ nodes: [second] })).json()).toMatchObject({
      code: 'cycle-at-work',
      detail: expect.stringContaining(second),
    });
  });
});

describe('A rollback of a cycle that', () => {
  const BILLING = 'billing-1' as CycleId;
  beforeEach(async () => {
    await service.store.cycleChanged(CYCLE, { status: 'cancelled' });
    await service.put('/v1/plans/billing', plan('billing'));
    await service.post('operator', '/v1/cycles', { plan: 'billing', reason: 'November patches' });
  });

  test('runs is refused', async () => {
    const response = await service.post('operator', '/v1/cycles/billing-1/rollback', { reason: 'Too soon' });
    expect(response.json()).toMatchObject({ status: 409, code: 'cycle-at-work' });
  });

  test('is paused lets nothing go on before its end', async () => {
    const { store } = service;
    await store.cycleChanged(BILLING, { status: 'paused' });
    const plan = { targets: [], left: [], inFlight: [], unknown: [] };
    const asked = { cycle: BILLING, key: 'one', by: 'operator', reason: 'Back', now: NOW };
    await store.openRollback({ ...asked, scope: { stage: null, wave: null, nodes: null }, plan });
    const told = { resume: { reason: 'On' }, answer: { action: 'continue', reason: 'On' } };
    for (const [what, body] of Object.entries(told)) {
      const response = await service.post('operator', `/v1/cycles/billing-1/${what}`, body);
      expect(response.json()).toMatchObject({ status: 409, code: 'rollback-running' });
    }
    expect(service.temporal.updates).toEqual([]);
    await store.endRollback({ cycle: BILLING, number: 1 }, { reasonForRest: 'Nothing.', now: NOW });
    expect((await service.post('operator', '/v1/cycles/billing-1/resume', told.resume)).statusCode).toBe(202);
  });
});
