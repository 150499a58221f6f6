import { describe, expect, test } from '@jest/globals';
import { WorkflowFailedError } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import { finding } from '../../domain/doctor/findings.js';
import type { DoctorReport } from '../../domain/doctor/report.js';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import { StoreUnavailable } from '../../store/index.js';
import { appOf, useService } from './service.js';

const service = useService();

const REGION = 'eu-west-1' as Region;
const report: DoctorReport = {
  at: '2026-11-10T06:00:00.000Z' as Instant,
  worker: { version: '0.1.0', node: 'v24.0.0' },
  locations: [
    {
      account: 'shop',
      accountId: '111122223333' as AccountId,
      region: REGION,
      roleArn: 'arn:aws:iam::111122223333:role/Patchtide',
      identity: 'arn:aws:sts::111122223333:assumed-role/Patchtide/patchtide',
      endpoints: [{ endpoint: 'ssm', status: 'up', milliseconds: 12 }],
      bucket: { name: 'patchtide-eu-west-1', status: 'ok', region: 'eu-west-1' },
      nodes: { total: 5, online: 5, stopped: 0 },
      steps: [
        {
          step: 'scan',
          status: 'missing',
          rights: [{ action: 'ssm:SendCommand', status: 'missing', proof: 'simulation', message: 'implicitDeny' }],
        },
      ],
      otherPatching: [
        {
          kind: 'association',
          id: 'a-1',
          name: 'daily',
          documents: ['AWS-RunPatchBaseline'],
          operation: 'install',
          nodes: 5,
        },
      ],
    },
  ],
  findings: [
    finding('other-patching', 'The association daily installs.', { account: 'shop', region: REGION }),
    finding('rights-missing', 'The role may not scan.', { account: 'shop', region: REGION }),
  ],
};

const shop = {
  apiVersion: 'patchtide/v1',
  kind: 'Account',
  metadata: { name: 'shop' },
  spec: { id: '111122223333', roleArn: 'arn:aws:iam::111122223333:role/Patchtide', regions: ['eu-west-1'] },
};

describe('The doctor', () => {
  test('tells what a worker found, problems first, and whether all is well', async () => {
    service.temporal.results.set('examineAccounts', () => report);
    const response = await service.send('operator', { method: 'POST', url: '/v1/doctor' });

    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      healthy: false,
      service: {
        store: { status: 'up' },
        temporal: { status: 'up', version: '1.32.0' },
        worker: { status: 'up', version: '0.1.0' },
      },
      locations: [{ account: 'shop', steps: [{ step: 'scan', status: 'missing' }] }],
    });
    expect(response.json().findings.map(({ code }: { code: string }) => code)).toEqual([
      'rights-missing',
      'other-patching',
    ]);
  });

  test('is healthy where nothing is a problem, warnings or not', async () => {
    service.temporal.results.set('examineAccounts', () => ({ ...report, findings: report.findings.slice(0, 1) }));

    expect((await service.post('admin', '/v1/doctor', {})).json()).toMatchObject({ healthy: true });
  });

  test('looks at some accounts and some steps', async () => {
    await service.put('/v1/accounts/shop', shop);
    service.temporal.results.set('examineAccounts', () => report);
    await service.post('admin', '/v1/doctor', { accounts: ['shop'], steps: ['preview', 'scan'] });

    const [id = ''] = service.temporal.starts;
    expect(service.temporal.runs.get(id)?.options.args).toEqual([{ accounts: ['shop'], steps: ['preview', 'scan'] }]);
  });

  test('knows no account that is not there', async () => {
    const response = await service.post('operator', '/v1/doctor', { accounts: ['shpo'] });

    expect(response.json()).toMatchObject({ status: 404, detail: 'There is no account shpo.' });
  });

  test.each(['viewer', 'approver'] as const)('is not for a %s', async (role) => {
    expect((await service.post(role, '/v1/doctor', {})).statusCode).toBe(403);
  });

  test('says that no worker answers', async () => {
    service.temporal.results.set('examineAccounts', () => {
      throw new WorkflowFailedError('failed', new TimeoutFailure('timed out', undefined, 'START_TO_CLOSE'), 'TIMEOUT');
    });
    const response = await service.post('operator', '/v1/doctor', {});

    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      healthy: false,
      service: { worker: { status: 'down' } },
      findings: [{ code: 'no-worker' }],
    });
  });

  test('says that the database and Temporal do not answer', async () => {
    const gone = () => Promise.reject(new StoreUnavailable('The database does not answer: ECONNREFUSED'));
    const key = 'a-key-for-this-test-alone';
    const app = await appOf({
      store: new Proxy(service.store, { get: () => gone }),
      temporal: service.temporal.client,
      keys: [{ name: 'ada', role: 'operator', key }],
    });
    service.temporal.outOfReach = true;
    const headers = { authorization: `Bearer ${key}` };
    const response = await app.inject({ method: 'POST', url: '/v1/doctor', headers });
    await app.close();

    expect(response.json()).toMatchObject({
      healthy: false,
      service: { store: { status: 'down' }, temporal: { status: 'down', version: null } },
      findings: [{ code: 'store-down' }, { code: 'temporal-down' }],
    });
  });

  test('says that worker and API are of different versions', async () => {
    service.temporal.results.set('examineAccounts', () => ({
      ...report,
      worker: { version: '0.0.9', node: 'v24.0.0' },
      findings: [],
    }));

    expect((await service.post('operator', '/v1/doctor', {})).json()).toMatchObject({
      healthy: true,
      findings: [{ code: 'versions-differ' }],
    });
  });
});
