import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PROBLEMS } from '../../api/errors.js';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import { StoreUnavailable } from '../../store/index.js';
import { appOf, useService } from './service.js';

const service = useService();
const anonymous = (url: string) => service.send(null, { method: 'GET', url });

describe('Probes', () => {
  test('say that it lives, and whether Temporal and the database answer, each by itself', async () => {
    expect((await anonymous('/livez')).json()).toEqual({ alive: true });
    const allWell = { ready: true, draining: false, temporal: 'up', store: 'up', aws: 'idle' };
    expect((await anonymous('/readyz')).json()).toEqual(allWell);
    service.temporal.outOfReach = true;
    const response = await anonymous('/readyz');
    expect(response.statusCode).toBe(503);
    expect(response.headers['retry-after']).toBe('5');
    expect(response.json()).toEqual({ ...allWell, ready: false, temporal: 'down' });
  });

  test('tell AWS apart, as workers have seen it, and stay ready while it is down', async () => {
    const seen = (region: string, outcome: string) => ({
      account: '111122223333' as AccountId,
      region: region as Region,
      service: 'ssm',
      operation: 'SendCommand',
      outcome,
      at: new Date().toISOString() as Instant,
    });
    const told = async () => (await anonymous('/readyz')).json();
    await service.store.awsCalled([seen('eu-west-1', 'ok')]);
    expect(await told()).toMatchObject({ ready: true, aws: 'up' });
    await service.store.awsCalled([seen('us-east-1', 'denied')]);
    expect(await told()).toMatchObject({ ready: true, aws: 'partly' });
    await service.store.awsCalled([seen('eu-west-1', 'unreachable')]);
    expect(await told()).toMatchObject({ ready: true, aws: 'down' });
  });

  test('say that it is not ready while it serves on before its end', async () => {
    const draining = new AbortController();
    const app = await appOf({
      store: service.store,
      temporal: service.temporal.client,
      keys: [{ name: 'ada', role: 'viewer', key: 'a-key-for-this-test-alone' }],
      draining: draining.signal,
    });
    draining.abort();
    const response = await app.inject('/readyz');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
    expect(response.json()).toMatchObject({ ready: false, draining: true, temporal: 'up', store: 'up' });
    const headers = { authorization: 'Bearer a-key-for-this-test-alone' };
    expect((await app.inject({ url: '/v1/cycles', headers })).statusCode).toBe(200);
    await app.close();
  });

  test('measure every answer by its route', async () => {
    await service.get('/v1/cycles/nothing-1');
    const response = await anonymous('/metrics');
    expect(response.headers['content-type']).toMatch(/^text\/plain/);
    expect(response.body).toContain(
      'patchtide_http_request_duration_seconds_count{method="GET",route="/v1/cycles/:id",status="404"}',
    );
  });
});

describe('While the database does not answer', () => {
  test('everything is a 503 with Retry-After, never an empty success', async () => {
    const gone = () => Promise.reject(new StoreUnavailable('The database does not answer: ECONNREFUSED'));
    const store = new Proxy(service.store, { get: () => gone });
    const key = 'a-key-for-this-test-alone';
    const app = await appOf({
      store,
      temporal: service.temporal.client,
      keys: [{ name: 'ada', role: 'viewer', key }],
    });
    for (const url of ['/v1/cycles', '/v1/plans', '/v1/compliance', '/v1/cycles/a-1/events']) {
      const response = await app.inject({ url, headers: { authorization: `Bearer ${key}` } });
      expect(response.json()).toMatchObject({ status: 503, code: 'store-unavailable' });
      expect(response.headers['retry-after']).toBe('5');
    }
    expect((await app.inject('/readyz')).json()).toMatchObject({ ready: false, store: 'down', aws: 'unknown' });
    await app.close();
  });
});

test('Who asks too often is told when to come again, and others go on', async () => {
  const people = ['ada', 'ben'].map((name) => ({ name, role: 'viewer' as const, key: `a-key-for-${name}-alone` }));
  const app = await appOf({
    store: service.store,
    temporal: service.temporal.client,
    keys: people,
    requestsPerMinute: 3,
  });
  const ask = (name: string) =>
    app.inject({ url: '/v1/cycles', headers: { authorization: `Bearer a-key-for-${name}-alone` } });
  for (let asked = 0; asked < 3; asked++) expect((await ask('ada')).statusCode).toBe(200);
  const refused = await ask('ada');
  expect(refused.json()).toMatchObject({ status: 429, code: 'too-many-requests' });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await ask('ben')).statusCode).toBe(200);
  await app.close();
});

describe('While the process is late with everything', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('requests are turned away with Retry-After, and probes are answered', async () => {
    // The measurements are real, and taken when the test says so.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'hrtime'] });
    const key = 'a-key-for-this-test-alone';
    const people = [{ name: 'ada', role: 'viewer' as const, key }];
    const app = await appOf({
      store: service.store,
      temporal: service.temporal.client,
      keys: people,
      maxEventLoopDelay: 50,
    });
    await lateBy(500);
    jest.advanceTimersByTime(1_000);
    const refused = await app.inject({ url: '/v1/cycles', headers: { authorization: `Bearer ${key}` } });
    expect(refused.json()).toMatchObject({ status: 503, code: 'overloaded' });
    expect(refused.headers['retry-after']).toBe('5');
    expect((await app.inject('/livez')).statusCode).toBe(200);
    await app.close();
  });
});

/** Holds the event loop up, and lets it see that. */
async function lateBy(milliseconds: number): Promise<void> {
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  await turn();
  await turn();
}

describe('The description of the API', () => {
  const description = async () => (await anonymous('/openapi.json')).json();

  test('is OpenAPI 3.1, and every route tells its answers, refusals and failures included', async () => {
    const { openapi, paths } = await description();
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/v1/plans/{name}', '/v1/cycles', '/v1/cycles/{id}/events', '/v1/compliance', '/readyz']),
    );
    for (const [path, methods] of Object.entries<Record<string, { responses: object; summary?: string }>>(paths)) {
      for (const [method, { responses, summary }] of Object.entries(methods)) {
        const told = { path, method, summary, statuses: Object.keys(responses) };
        expect(told).toMatchObject({ summary: expect.any(String) });
        expect(told.statuses).toEqual(expect.arrayContaining(['401', '403', '429', '503', '4XX', '5XX']));
        expect(told.statuses.some((status) => status.startsWith('2'))).toBe(true);
      }
    }
  });

  test('shows the fields of documents', async () => {
    const { paths } = await description();
    const { content } = paths['/v1/plans/{name}'].put.requestBody;
    expect(Object.keys(content)).toEqual(['application/json', 'application/yaml']);
    expect(content['application/yaml'].schema.properties.spec.properties.stages).toMatchObject({
      type: 'array',
      description: '1 to 20 stages in order',
    });
  });

  test('refers to nothing that is not there', async () => {
    const text = JSON.stringify(await description());
    const { components } = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(50);
    for (const name of new Set(references)) expect(Object.keys(components.schemas)).toContain(name);
  });

  test('is rendered at /docs, by scripts of our own', async () => {
    const page = await anonymous('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script>[^<]/);
    for (const [, source] of page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
      expect([source, (await anonymous(`/docs/${source}`)).statusCode]).toEqual([source, 200]);
    }
  });

  test('documents every problem once', async () => {
    for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
      expect((await anonymous(`/problems/${code}`)).json()).toMatchObject({ code, status, title });
    }
    expect((await anonymous('/problems/nothing')).json()).toMatchObject({ status: 404 });
  });
});

test('Every answer carries the id of its request, the caller’s own where there is one', async () => {
  expect((await anonymous('/livez')).headers['x-request-id']).toBeTruthy();
  const response = await service.send(null, { method: 'GET', url: '/livez', headers: { 'x-request-id': 'mine-17' } });
  expect(response.headers['x-request-id']).toBe('mine-17');
});
