import { describe, expect, test } from '@jest/globals';
import type { NodeId, Region } from '../../domain/ids.js';
import { HERE, managedNode, NOW, nodeIds, patchState } from '../store/examples.js';
import { useService } from './service.js';

const service = useService();
const [compliant, missing, unscanned] = nodeIds(3) as [NodeId, NodeId, NodeId];
const DUBLIN = HERE;
const OREGON = { ...HERE, region: 'us-west-2' as Region };

const fleet = async () => {
  await service.store.saveInventory(
    DUBLIN,
    [managedNode(compliant), managedNode(missing, { name: '=HYPERLINK("x")' })],
    NOW,
  );
  await service.store.saveInventory(OREGON, [managedNode(unscanned, { ...OREGON, name: 'a "web", of sorts' })], NOW);
  await service.store.saveScans(
    [
      { at: DUBLIN, state: patchState(compliant), patches: null },
      { at: DUBLIN, state: patchState(missing, { missing: 3 }), patches: null },
    ],
    NOW,
  );
};

describe('Compliance', () => {
  test('adds up to the inventory: what was never scanned is unknown', async () => {
    await fleet();
    expect((await service.get('/v1/compliance?by=region')).json()).toEqual({
      total: 3,
      compliant: 1,
      nonCompliant: 1,
      unknown: 1,
      by: 'region',
      groups: [
        { key: 'eu-west-1', total: 2, compliant: 1, nonCompliant: 1, unknown: 0 },
        { key: 'us-west-2', total: 1, compliant: 0, nonCompliant: 0, unknown: 1 },
      ],
    });
    for (const by of ['account', 'patchGroup', 'environment', 'os']) {
      expect((await service.get(`/v1/compliance?by=${by}`)).json().groups).toMatchObject([{ total: 3 }]);
    }
  });

  test('of each node says what is missing, and comes in parts', async () => {
    await fleet();
    const first = (await service.get('/v1/compliance/nodes?limit=2')).json();
    expect(first.items).toMatchObject([
      { node: compliant, compliance: 'compliant', missing: 0, scannedAt: NOW },
      { node: missing, compliance: 'non-compliant', missing: 3 },
    ]);
    const second = (await service.get(`/v1/compliance/nodes?limit=2&cursor=${first.next}`)).json();
    expect(second).toMatchObject({
      items: [{ node: unscanned, compliance: 'unknown', missing: null, scannedAt: null }],
      next: null,
    });
    expect((await service.get('/v1/compliance/nodes?status=unknown')).json().items).toHaveLength(1);
  });

  test('as CSV is safe for spreadsheets', async () => {
    await fleet();
    const response = await service.get('/v1/compliance/export?format=csv');
    expect(response.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="compliance.csv"',
    });
    expect(response.body.split('\r\n')).toEqual([
      'node,name,account,region,patchGroup,environment,os,compliance,missing,failed,pendingReboot,scannedAt',
      `${compliant},web,111122223333,eu-west-1,storefront-dev,dev,UBUNTU,compliant,0,0,0,${NOW}`,
      `${missing},"'=HYPERLINK(""x"")",111122223333,eu-west-1,storefront-dev,dev,UBUNTU,non-compliant,3,0,0,${NOW}`,
      `${unscanned},"a ""web"", of sorts",111122223333,us-west-2,storefront-dev,dev,UBUNTU,unknown,,,,`,
      '',
    ]);
  });

  test('as JSON has a row for each node', async () => {
    await fleet();
    expect((await service.get('/v1/compliance/export?format=json')).json()).toHaveLength(3);
  });
});

test('The inventory shows every node with its tags and its compliance', async () => {
  await fleet();
  const { items } = (await service.get(`/v1/nodes?region=us-west-2`)).json();
  expect(items).toMatchObject([
    { id: unscanned, kind: 'ec2', os: 'UBUNTU', ping: 'online', environment: 'dev', compliance: 'unknown' },
  ]);
});

describe('A scan', () => {
  test('is started once for a key, and shows how it stands', async () => {
    const key = { 'idempotency-key': 'tonight' };
    const locations = [{ account: '111122223333', region: 'eu-west-1' }];
    const first = await service.post('operator', '/v1/scans', { locations }, key);
    const second = await service.post('operator', '/v1/scans', { locations }, key);
    expect(first.statusCode).toBe(202);
    expect(second.json()).toEqual(first.json());
    const { id, workflowId } = first.json();
    expect(first.headers.location).toBe(`/v1/scans/${id}`);
    expect(service.temporal.starts).toEqual([workflowId]);
    expect(service.temporal.runs.get(workflowId)?.options.args).toEqual([{ id, requestedBy: 'operator', locations }]);
    expect((await service.get(`/v1/scans/${id}`)).json()).toEqual({
      id,
      status: 'running',
      reason: null,
      result: null,
    });
  });

  test('that is over shows what it found, or how it ended', async () => {
    const result = { nodes: 3, scanned: 1, busy: 1, unknown: 1, problems: ['us-west-2 does not answer'] };
    service.temporal.results.set('scanFleet', () => result);
    const { id, workflowId } = (await service.post('operator', '/v1/scans', {})).json();
    service.temporal.end(workflowId, 'COMPLETED');
    expect((await service.get(`/v1/scans/${id}`)).json()).toMatchObject({ status: 'completed', result });
    service.temporal.end(workflowId, 'TERMINATED');
    expect((await service.get(`/v1/scans/${id}`)).json()).toMatchObject({
      status: 'failed',
      reason: 'The scan ended as terminated.',
    });
  });

  test('that is not there is a 404', async () => {
    const response = await service.get('/v1/scans/6f1c2a5e-0000-4000-8000-000000000000');
    expect(response.json()).toMatchObject({ status: 404, code: 'not-found' });
  });
});
