import { describe, expect, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDoctorActivities } from '../../activities/doctor.js';
import type { Examiner } from '../../activities/ports.js';
import { askWithin } from '../../aws/ask.js';
import type { Examination } from '../../domain/doctor/examination.js';
import { judge, MOST_LOCATIONS } from '../../domain/doctor/judge.js';
import type { DoctorReport, RightStatus, StepAnswer } from '../../domain/doctor/report.js';
import type { AccountDocument } from '../../domain/documents/types.js';
import type { AccountId, Location, Region } from '../../domain/ids.js';
import { meantBy, type OtherPatching, operationOf, otherPatchingSentence } from '../../domain/other-patching.js';
import { RIGHTS, RIGHTS_STEPS } from '../../domain/rights.js';
import { managedNode } from '../support/nodes.js';

const SHOP: AccountDocument = {
  name: 'shop',
  id: '111122223333' as AccountId,
  roleArn: 'arn:aws:iam::111122223333:role/Patchtide',
  externalId: 'secret',
  regions: ['eu-west-1' as Region],
};
const HERE: Location = { account: SHOP.id, region: 'eu-west-1' as Region };
const NODES = ['i-1', 'i-2', 'mi-3'].map((id, index) =>
  managedNode(id, { tags: { Application: 'storefront', Tier: index === 0 ? 'web' : 'data' } }),
);

const stepsWith = (statusOf: (action: string) => RightStatus): StepAnswer[] =>
  RIGHTS_STEPS.map((step) => {
    const rights = RIGHTS[step].rights.map(({ action }) => ({
      action,
      status: statusOf(action),
      proof: null,
      message: '',
    }));
    const status = (['missing', 'unknown'] as const).find((each) => rights.some((right) => right.status === each));
    return { step, status: status ?? 'allowed', rights };
  });

const WELL: Examination = {
  ...HERE,
  credentials: { kind: 'assumed', identity: 'arn:aws:sts::111122223333:assumed-role/Patchtide/x', account: SHOP.id },
  endpoints: [{ endpoint: 'ec2', status: 'up', milliseconds: 5 }],
  bucket: { name: 'lists', status: 'ok', region: 'eu-west-1', message: '' },
  nodes: { value: NODES },
  steps: stepsWith(() => 'allowed'),
  otherPatching: { value: [] },
};
const codes = (examination: Partial<Examination>, steps: Parameters<typeof judge>[2] = null) =>
  judge({ ...WELL, ...examination }, SHOP, steps).findings.map(({ code }) => code);

describe('what an examination means', () => {
  test('nothing to say where all is well', () => {
    expect(judge(WELL, SHOP, null)).toMatchObject({
      findings: [],
      answer: { account: 'shop', nodes: { total: 3, online: 3, stopped: 0 } },
    });
  });

  test('a missing right is told with its step, and only where that step was asked about', () => {
    const steps = stepsWith((action) => (action === 'ec2:CreateSnapshots' ? 'missing' : 'allowed'));

    expect(judge({ ...WELL, steps }, SHOP, null).findings).toMatchObject([
      {
        code: 'rights-missing',
        severity: 'problem',
        message:
          'The role of shop (111122223333) in eu-west-1 may not snapshot the volumes of instances before an install, and delete the snapshots when they have expired: ec2:CreateSnapshots.',
      },
    ]);
    expect(codes({ steps }, ['preview', 'scan'])).toEqual([]);
  });

  test('an option that was not given at all was not wanted; half of one is worth a word', () => {
    const without = (...actions: string[]) => stepsWith((action) => (actions.includes(action) ? 'missing' : 'allowed'));

    expect(codes({ steps: without('ec2:StartInstances', 'ec2:StopInstances') })).toEqual([]);
    expect(codes({ steps: without('ec2:StopInstances') })).toEqual(['rights-missing-for-option']);
  });

  test.each([
    ['none', 'no-credentials'],
    ['refused', 'role-not-assumed'],
    ['unreachable', 'endpoint-unreachable'],
  ] as const)('credentials that are %s are the one finding: %s', (kind, code) => {
    const steps = stepsWith(() => 'unknown');

    expect(
      codes({ credentials: { kind, message: 'AWS says so' }, steps, nodes: { value: null, message: '' } }),
    ).toEqual([code]);
  });

  test.each<[string, Partial<Examination>]>([
    ['identity-elsewhere', { credentials: { kind: 'assumed', identity: 'arn', account: '999900001111' } }],
    ['endpoint-unreachable', { endpoints: [{ endpoint: 'ssm', status: 'down', milliseconds: 8000 }] }],
    ['rights-unknown', { steps: stepsWith((action) => (action === 'ssm:SendCommand' ? 'unknown' : 'allowed')) }],
    ['bucket-absent', { bucket: { ...WELL.bucket, status: 'absent' } }],
    ['bucket-denied', { bucket: { ...WELL.bucket, status: 'denied' } }],
    ['bucket-elsewhere', { bucket: { ...WELL.bucket, status: 'elsewhere', region: 'us-east-1' } }],
    ['no-nodes', { nodes: { value: [] } }],
    ['agents-offline', { nodes: { value: NODES.map((node) => ({ ...node, ping: 'connection-lost' as const })) } }],
    ['other-patching-unknown', { otherPatching: { value: null, message: 'AccessDenied' } }],
  ])('%s', (code, examination) => {
    expect(codes(examination)).toEqual([code]);
  });
});

describe('what else patches', () => {
  const window = (...targets: OtherPatching['targets'][number][]): OtherPatching => ({
    ...HERE,
    kind: 'maintenance-window',
    id: 'mw-1',
    name: 'weekly',
    documents: ['AWS-RunPatchBaseline'],
    operation: 'install',
    targets,
  });
  const tier = (value: string) => ({ key: 'tag:Tier', values: [value] });
  const storefront = { key: 'tag:Application', values: ['storefront'] };

  test('means the nodes that fit all targets of one of its groups', () => {
    const ids = (...groups: OtherPatching['targets'][number][]) =>
      meantBy(window(...groups), NODES)?.map(({ id }) => id);

    expect(ids([tier('web')])).toEqual(['i-1']);
    expect(ids([storefront, tier('data')])).toEqual(['i-2', 'mi-3']);
    expect(ids([tier('web')], [{ key: 'InstanceIds', values: ['i-2'] }])).toEqual(['i-1', 'i-2']);
    expect(ids([{ key: 'InstanceIds', values: ['*'] }])).toHaveLength(3);
    expect(ids([{ key: 'tag-key', values: ['Tier'] }])).toHaveLength(3);
    expect(ids()).toEqual([]);
    expect(meantBy({ ...window([storefront]), region: 'us-east-1' as Region }, NODES)).toEqual([]);
  });

  test('is told with names and counts; whom a resource group means cannot be told from here', () => {
    const sentence = (other: OtherPatching) => otherPatchingSentence(other, NODES, 'shop eu-west-1', 'of this plan');

    expect(sentence(window([tier('web')]))).toBe(
      'The SSM maintenance window weekly (mw-1) in shop eu-west-1 installs patches on 1 node of this plan by AWS-RunPatchBaseline.',
    );
    expect(sentence(window([tier('nobody')]))).toBeNull();
    expect(sentence(window([{ key: 'resource-groups:Name', values: ['tills'] }]))).toBe(
      'The SSM maintenance window weekly (mw-1) in shop eu-west-1 installs patches on nodes by AWS-RunPatchBaseline; which ones cannot be told from here, since it targets resource group tills.',
    );
  });

  test('scans or installs as its document and parameters say', () => {
    expect(operationOf('AWS-RunPatchBaseline', { Operation: ['Scan'] })).toBe('scan');
    expect(operationOf('arn:aws:ssm:eu-west-1::document/AWS-RunPatchBaseline', { Operation: ['Install'] })).toBe(
      'install',
    );
    expect(operationOf('AWS-RunPatchBaseline', { Operation: ['{{ Operation }}'] })).toBe('unknown');
    expect(operationOf('AWS-InstallWindowsUpdates', {})).toBe('install');
  });
});

describe('a question to AWS', () => {
  const never = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('that nobody answers ends in its own time, and is no error', async () => {
    expect(await askWithin(20, new AbortController().signal, never)).toMatchObject({ status: 'late' });
  });

  test('ends with what it is a part of', async () => {
    const whole = new AbortController();
    const asked = askWithin(60_000, whole.signal, never);
    whole.abort(new Error('enough'));

    await expect(asked).rejects.toThrow('enough');
  });
});

describe('the activity', () => {
  const look = (examiner: Examiner, accounts: readonly AccountDocument[], names: readonly string[] | null = null) => {
    const { examineAccounts } = createDoctorActivities({
      examiner,
      records: { accounts: async () => [...accounts] },
      version: '1.2.3',
    });
    const request = { accounts: names, steps: null };
    return new MockActivityEnvironment().run(examineAccounts, request) as Promise<DoctorReport>;
  };
  const examiner: Examiner = { examine: async (at) => ({ ...WELL, ...at }) };
  const named = (name: string, regions: readonly string[]): AccountDocument => ({
    ...SHOP,
    name,
    regions: regions as Region[],
  });

  test('looks at every Region of the accounts that were asked about', async () => {
    const accounts = [named('a', ['eu-west-1', 'us-east-1']), named('b', ['eu-west-1'])];
    const report = await look(examiner, accounts, ['a']);

    expect(report.worker.version).toBe('1.2.3');
    expect(report.locations.map(({ account, region }) => `${account} ${region}`)).toEqual([
      'a eu-west-1',
      'a us-east-1',
    ]);
  });

  test('says that no account is registered', async () => {
    expect((await look(examiner, [])).findings).toMatchObject([{ code: 'no-accounts' }]);
  });

  test('names the locations that one answer does not hold', async () => {
    const accounts = Array.from({ length: MOST_LOCATIONS + 2 }, (_, index) => named(`a${index}`, ['eu-west-1']));
    const report = await look(examiner, accounts);

    expect(report.locations).toHaveLength(MOST_LOCATIONS);
    expect(report.findings.map(({ code, account }) => `${code} ${account}`)).toEqual([
      `location-not-checked a${MOST_LOCATIONS}`,
      `location-not-checked a${MOST_LOCATIONS + 1}`,
    ]);
  });
});
