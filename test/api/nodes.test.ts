import { beforeEach, describe, expect, test } from '@jest/globals';
import type { CycleId, NodeId } from '../../domain/ids.js';
import { DEV, HERE, managedNode, NOW, nodeIds } from '../store/examples.js';
import { useService } from './service.js';

const service = useService();
const [one, two] = nodeIds(2) as [NodeId, NodeId];
const reason = { reason: 'Its disk was replaced.' };
const readmit = (as: Parameters<typeof service.post>[0], node: string, headers = {}) =>
  service.post(as, `/v1/nodes/${node}/readmit`, reason, headers);
const readmissions = () => [...service.temporal.runs.values()].filter(({ type }) => type === 'readmitNode');
beforeEach(async () => {
  await service.store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
  const by = { since: NOW, cycle: 'storefront-1' as CycleId, stage: DEV, reason: 'It hung.' };
  await service.store.setAside([{ node: one, ...HERE, ...by }]);
});

test('the inventory says what is set aside, and can be asked for that alone', async () => {
  const listed = async (query: string) =>
    (await service.get(`/v1/nodes${query}`)).json<{ items: { id: string; setAside: object | null }[] }>().items;
  expect((await listed('')).map(({ id, setAside }) => [id, setAside?.constructor])).toEqual([
    [one, Object],
    [two, undefined],
  ]);
  expect(await listed('?setAside=true')).toMatchObject([
    { id: one, setAside: { since: NOW, cycle: 'storefront-1', stage: 'dev', reason: 'It hung.' }, cycle: null },
  ]);
  expect((await listed('?setAside=false')).map(({ id }) => id)).toEqual([two]);
  expect((await service.get('/v1/nodes?setAside=perhaps')).statusCode).toBe(400);
});

describe('a node that is set aside', () => {
  test('is taken back by an operator: by a workflow, with the reason in the audit trail', async () => {
    const response = await readmit('operator', one);
    expect([response.statusCode, response.headers.location]).toEqual([202, '/v1/nodes?setAside=true']);
    expect(readmissions().map(({ options }) => options.args)).toEqual([[{ node: one, ...HERE, since: NOW }]]);
    const { items } = await service.store.auditEntries({ limit: 10 });
    expect(items[0]).toMatchObject({
      who: 'operator',
      action: 'readmit node',
      subject: `nodes/${one}`,
      result: 'done',
    });
    expect(items[0]?.reason).toMatch(/^Its disk was replaced\. \(set aside since .* by stage dev of storefront-1\)$/);
  });

  test('is taken back once, also where the same request comes after it is back', async () => {
    const headers = { 'idempotency-key': 'readmit-one' };
    const first = await readmit('operator', one, headers);
    await service.store.readmit(one, NOW);
    const again = await readmit('operator', one, headers);
    expect([again.statusCode, again.json()]).toEqual([202, first.json()]);
    expect(readmissions()).toHaveLength(1);
  });

  test('is not taken back by somebody who only reads', async () => {
    expect((await readmit('viewer', one)).json()).toMatchObject({ status: 403, code: 'forbidden' });
    expect(readmissions()).toEqual([]);
  });
});

test('a node that is not set aside cannot be taken back, and the refusal is audited', async () => {
  expect((await readmit('operator', two)).json()).toMatchObject({ status: 409, code: 'not-set-aside' });
  expect((await readmit('operator', 'web-01')).json()).toMatchObject({ status: 400, code: 'invalid-input' });
  const { items } = await service.store.auditEntries({ limit: 10 });
  expect(items).toMatchObject([{ action: 'readmit node', result: 'refused', subject: `nodes/${two}` }]);
});
