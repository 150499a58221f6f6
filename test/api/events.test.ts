import { describe, expect, test } from '@jest/globals';
import type { CycleId, StageName } from '../../domain/ids.js';
import { startCycle } from './examples.js';
import { appOf, useService } from './service.js';

const service = useService();
const CYCLE = 'storefront-1' as CycleId;
const DEV = 'dev' as StageName;
const listen = (headers: Record<string, string> = {}) =>
  service.send('viewer', { method: 'GET', url: '/v1/cycles/storefront-1/events', headers });

const deferred = () => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
};

const eventsOf = (body: string) =>
  body
    .split('\n\n')
    .filter((block) => block.startsWith('id: '))
    .map((block) => {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      return { id: Number(fields.id), event: fields.event, data: JSON.parse(fields.data ?? 'null') };
    });

describe('The events of a cycle', () => {
  test('are told from the first, and end when the cycle has ended', async () => {
    await startCycle(service);
    await service.store.stageChanged(CYCLE, DEV, { status: 'patching' });
    await service.store.cycleChanged(CYCLE, { status: 'completed' });
    const response = await listen();
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(eventsOf(response.body)).toMatchObject([
      { event: 'cycle', data: { status: 'running' } },
      { event: 'stage', data: { stage: 'dev', status: 'patching' } },
      { event: 'cycle', data: { status: 'completed' } },
    ]);
  });

  test('come as they happen', async () => {
    await startCycle(service);
    const answer = listen();
    await service.store.stageChanged(CYCLE, DEV, { status: 'soaking' });
    await service.store.cycleChanged(CYCLE, { status: 'cancelled' });
    expect(eventsOf((await answer).body).map(({ event }) => event)).toEqual(['cycle', 'stage', 'cycle']);
  });

  test('go on after the last one that was seen', async () => {
    await startCycle(service);
    await service.store.stageChanged(CYCLE, DEV, { status: 'patching' });
    await service.store.cycleChanged(CYCLE, { status: 'completed' });
    const [first, ...rest] = eventsOf((await listen()).body);
    expect(eventsOf((await listen({ 'last-event-id': String(first?.id) })).body)).toEqual(rest);
  });

  test('end when the service does', async () => {
    await startCycle(service);
    const key = 'a-key-for-this-test-alone';
    const { promise: asked, resolve: ask } = deferred();
    const store = new Proxy(service.store, {
      get: (target, name, receiver) => {
        if (name === 'changesSince') ask();
        return Reflect.get(target, name, receiver);
      },
    });
    const app = await appOf({
      store,
      temporal: service.temporal.client,
      keys: [{ name: 'ada', role: 'viewer', key }],
    });
    const answer = app.inject({ url: '/v1/cycles/storefront-1/events', headers: { authorization: `Bearer ${key}` } });
    await asked;
    await app.close();
    expect(eventsOf((await answer).body)).toMatchObject([{ event: 'cycle' }]);
  });

  test('of a cycle that is not there, or as something else, are a problem', async () => {
    const nothing = await service.get('/v1/cycles/nothing-1/events');
    expect(nothing.json()).toMatchObject({ status: 404, code: 'not-found' });
    await startCycle(service);
    expect((await listen({ accept: 'application/json' })).json()).toMatchObject({
      status: 406,
      code: 'not-acceptable',
    });
    expect((await listen({ 'last-event-id': 'abc' })).json()).toMatchObject({ status: 400 });
  });
});
