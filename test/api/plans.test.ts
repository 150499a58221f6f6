import { describe, expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import type { Preview } from '../../domain/preview.js';
import { plan } from './examples.js';
import { useService } from './service.js';

const service = useService();
const START = { nth: 2, weekday: 'TUE', plusDays: 1, at: '06:00', timezone: 'Europe/London' };
const monthly = (name = 'storefront') => plan(name, { start: START, stages: ['dev', 'prod'] });
const schedule = () => service.temporal.schedules.get('patch-plan/storefront');

describe('A plan that starts by itself', () => {
  test('has a Temporal Schedule that starts its cycles', async () => {
    await service.put('/v1/plans/storefront', monthly());
    expect(schedule()?.options).toMatchObject({
      action: {
        type: 'startWorkflow',
        workflowType: 'startPlannedCycle',
        workflowId: 'patch-plan-start/storefront',
        taskQueue: 'patchtide',
        args: [{ plan: 'storefront' }],
      },
      policies: { overlap: 'SKIP', catchupWindow: '1 hour', pauseOnFailure: false },
      spec: { timezone: 'Europe/London' },
    });
  });

  test('shows its next times, in UTC', async () => {
    await service.put('/v1/plans/storefront', monthly());
    const { paused, nextTimes } = (await service.get('/v1/plans/storefront/schedule')).json();
    expect(paused).toBe(false);
    expect(nextTimes).toHaveLength(5);
    for (const time of nextTimes) {
      const day = new Date(time);
      expect(day.getUTCDay()).toBe(3);
      expect(day.getUTCDate()).toBeGreaterThanOrEqual(9);
      expect(day.getUTCDate()).toBeLessThanOrEqual(15);
    }
  });

  test('is paused and resumed with who and why, and stays paused when it is written anew', async () => {
    await service.put('/v1/plans/storefront', monthly());
    const paused = await service.post('operator', '/v1/plans/storefront/pause', { reason: 'Year-end freeze' });
    expect(paused.json()).toMatchObject({ paused: true, note: 'operator: Year-end freeze' });
    await service.put(
      '/v1/plans/storefront',
      plan('storefront', { start: { ...START, at: '07:00' }, stages: ['dev'] }),
    );
    expect((await service.get('/v1/plans/storefront/schedule')).json()).toMatchObject({ paused: true });
    const resumed = await service.post('operator', '/v1/plans/storefront/resume', { reason: 'It is January' });
    expect(resumed.json()).toMatchObject({ paused: false, note: 'operator: It is January' });
  });

  test('loses its schedule with its start, and when it is deleted', async () => {
    await service.put('/v1/plans/storefront', monthly());
    await service.put('/v1/plans/storefront', plan());
    expect(schedule()).toBeUndefined();
    await service.put('/v1/plans/storefront', monthly());
    await service.send('admin', { method: 'DELETE', url: '/v1/plans/storefront' });
    expect(schedule()).toBeUndefined();
  });

  test('whose schedule could not be written says so, and the repetition repairs it', async () => {
    service.temporal.outOfReach = true;
    const response = await service.put('/v1/plans/storefront', monthly());
    expect(response.statusCode).toBe(503);
    expect(response.headers).toMatchObject({ 'retry-after': '5', etag: '"1"' });
    expect(response.json()).toMatchObject({
      code: 'schedule-behind',
      detail: 'The plan is written as version 1, and its schedule does not follow yet.',
    });
    service.temporal.outOfReach = false;
    expect((await service.put('/v1/plans/storefront', monthly())).json()).toMatchObject({ version: 1, changed: false });
    expect(schedule()).toBeDefined();
  });

  test('that was deleted while Temporal was out of reach loses its schedule when the deletion is repeated', async () => {
    await service.put('/v1/plans/storefront', monthly());
    service.temporal.outOfReach = true;
    const remove = () => service.send('admin', { method: 'DELETE', url: '/v1/plans/storefront' });
    expect((await remove()).json()).toMatchObject({ code: 'schedule-behind' });
    service.temporal.outOfReach = false;
    expect((await remove()).statusCode).toBe(404);
    expect(schedule()).toBeUndefined();
  });
});

test('A plan that is started by hand has no schedule to look at or to pause', async () => {
  await service.put('/v1/plans/storefront', plan());
  expect((await service.get('/v1/plans/storefront/schedule')).json()).toMatchObject({
    status: 404,
    code: 'no-schedule',
  });
  const paused = await service.post('operator', '/v1/plans/storefront/pause', { reason: 'Freeze' });
  expect(paused.json()).toMatchObject({ status: 404, code: 'no-schedule' });
  expect((await service.get('/v1/plans/nothing/schedule')).json()).toMatchObject({ status: 404, code: 'no-plan' });
});

describe('A preview', () => {
  const preview = {
    at: '2026-11-10T06:00:00.000Z',
    plan: { name: 'storefront' },
    stages: [
      {
        name: 'dev',
        nodes: 1,
        windows: [],
        waves: [],
        snapshots: { count: 2, gib: 58 },
        leftOut: [],
        unknownWindows: [{ node: 'i-1', window: 'nightyl' }],
        untested: [{ id: 'KB1', title: '', nodes: 1 }],
        warnings: ['i-1: its tag names the window nightyl, which there is not.'],
      },
    ],
    warnings: [],
  } as unknown as Preview;

  test('is what a worker finds out, and changes nothing', async () => {
    await service.put('/v1/plans/storefront', plan());
    service.temporal.results.set('previewPlan', () => preview);
    const response = await service.send('viewer', { method: 'POST', url: '/v1/plans/storefront/preview' });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual(preview);
    const [id] = service.temporal.starts;
    expect(id).toMatch(/^preview\//);
    expect(service.temporal.runs.get(id ?? '')?.options).toMatchObject({ workflowRunTimeout: 60_000 });
  });

  test('that no worker makes in time is a 503', async () => {
    await service.put('/v1/plans/storefront', plan());
    service.temporal.results.set('previewPlan', () => {
      throw new WorkflowFailedError('failed', new TimeoutFailure('timed out', undefined, 'START_TO_CLOSE'), 'TIMEOUT');
    });
    const response = await service.send('viewer', { method: 'POST', url: '/v1/plans/storefront/preview' });
    expect(response.json()).toMatchObject({ status: 503, code: 'worker-unavailable' });
  });

  test('of a plan that is not there is a 404', async () => {
    const response = await service.send('viewer', { method: 'POST', url: '/v1/plans/nothing/preview' });
    expect(response.json()).toMatchObject({ status: 404, code: 'no-plan' });
  });
});
