import { describe, expect, test } from '@jest/globals';
import { account, maintenanceWindow, plan, startCycle } from './examples.js';
import { useService } from './service.js';

const service = useService();

interface Row {
  readonly what: string;
  readonly url: string;
  readonly body: object | string;
  readonly headers?: Record<string, string>;
  readonly status?: number;
  readonly code: string;
  readonly fault?: object;
}
const storefront = '/v1/plans/storefront';
const window = '/v1/windows/prod-a';
const yaml = { 'content-type': 'application/yaml' };

const bomb = `
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
e: [*d, *d, *d, *d, *d, *d, *d, *d, *d]`;

const rows: readonly Row[] = [
  {
    what: 'an unknown field',
    url: storefront,
    body: plan('storefront', { stages: [{ name: 'dev', soka: 'P7D' }] }),
    code: 'invalid-input',
    fault: { path: 'spec.stages[0].soka', message: 'there is no such field', nearest: 'soak' },
  },
  {
    what: 'a wrong type',
    url: storefront,
    body: plan('storefront', { stages: 'dev' }),
    code: 'invalid-input',
    fault: { path: 'spec.stages' },
  },
  {
    what: 'a time zone that does not exist',
    url: window,
    body: maintenanceWindow('prod-a', { timezone: 'Europe/Lodnon' }),
    code: 'invalid-input',
    fault: { path: 'spec.timezone', message: 'there is no such time zone', nearest: 'Europe/London' },
  },
  {
    what: 'a cutoff not shorter than the window',
    url: window,
    body: maintenanceWindow('prod-a', { duration: 'PT1H', cutoff: 'PT1H' }),
    code: 'invalid-input',
    fault: { path: 'spec.cutoff' },
  },
  {
    what: 'two stages with one name',
    url: storefront,
    body: plan('storefront', { stages: ['dev', 'dev'] }),
    code: 'invalid-input',
    fault: { path: 'spec.stages[1]', message: 'another stage has this name' },
  },
  {
    what: 'empty stages',
    url: storefront,
    body: plan('storefront', { stages: [] }),
    code: 'invalid-input',
    fault: { path: 'spec.stages' },
  },
  {
    what: 'a name that nothing bears',
    url: storefront,
    body: plan('storefront', { stages: [{ name: 'dev', window: 'nightly' }] }),
    code: 'invalid-input',
    fault: { path: 'spec.stages[0].window', message: 'there is no MaintenanceWindow of this name' },
  },
  {
    what: 'another name than the address',
    url: storefront,
    body: plan('checkout'),
    code: 'invalid-input',
    fault: { path: 'metadata.name', expected: 'storefront' },
  },
  {
    what: 'another kind than the address',
    url: storefront,
    body: account('storefront'),
    code: 'invalid-input',
    fault: { path: 'kind', expected: 'PatchPlan' },
  },
  { what: 'a YAML bomb', url: storefront, body: bomb, headers: yaml, code: 'unreadable-body' },
  { what: 'broken YAML', url: storefront, body: 'spec: [dev', headers: yaml, code: 'unreadable-body' },
  {
    what: 'two documents at once',
    url: storefront,
    body: 'a: 1\n---\na: 2',
    headers: yaml,
    code: 'invalid-input',
  },
  {
    what: 'broken JSON',
    url: storefront,
    body: '{"apiVersion": ',
    headers: { 'content-type': 'application/json' },
    code: 'unreadable-body',
  },
  {
    what: 'no body',
    url: storefront,
    body: '',
    headers: { 'content-type': 'application/json' },
    code: 'unreadable-body',
  },
  {
    what: 'a body that is too large',
    url: storefront,
    body: 'x'.repeat(1_100_000),
    headers: yaml,
    status: 413,
    code: 'body-too-large',
  },
  {
    what: 'a document that is too large',
    url: storefront,
    body: 'x'.repeat(300_000),
    headers: yaml,
    status: 413,
    code: 'body-too-large',
  },
  {
    what: 'a content type that nobody reads',
    url: storefront,
    body: '<plan/>',
    headers: { 'content-type': 'application/xml' },
    status: 415,
    code: 'unsupported-media-type',
  },
  {
    what: 'a name that cannot be one',
    url: '/v1/plans/Store%20Front',
    body: plan(),
    code: 'invalid-input',
    fault: { path: 'path name' },
  },
  {
    what: 'a condition that is none',
    url: storefront,
    body: plan(),
    headers: { 'if-match': 'latest' },
    code: 'invalid-input',
    fault: { path: 'header if-match', found: '"latest"' },
  },
];

describe('A document with', () => {
  test.each(rows)('$what is refused, and nothing is changed', async ({ url, body, headers, status, code, fault }) => {
    const response = await service.put(url, body, headers);
    const problem = response.json();
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(problem).toMatchObject({ code, status: status ?? 400, type: `/problems/${code}` });
    expect(response.statusCode).toBe(problem.status);
    if (fault) expect(problem.faults[0]).toMatchObject(fault);
    for (const kind of ['plans', 'windows', 'accounts']) {
      expect((await service.get(`/v1/${kind}`)).json().items).toEqual([]);
    }
  });
});

describe('A request to start a cycle', () => {
  const cases: readonly { what: string; body: object; problem: object }[] = [
    {
      what: 'for a plan that is not there',
      body: { plan: 'nothing', reason: 'x' },
      problem: { status: 404, code: 'no-plan' },
    },
    {
      what: 'of an emergency',
      body: { plan: 'storefront', reason: 'x', mode: 'emergency' },
      problem: {
        status: 400,
        code: 'not-supported-yet',
        faults: [{ path: 'mode', message: 'emergency is reserved and not carried out yet', expected: 'standard' }],
      },
    },
    {
      what: 'without a reason',
      body: { plan: 'storefront' },
      problem: { status: 400, faults: [{ path: 'reason', message: 'is missing', example: 'November patches' }] },
    },
    {
      what: 'with an unknown field',
      body: { plan: 'storefront', reason: 'x', refrence: 'CHG-1' },
      problem: { status: 400, faults: [{ path: 'refrence', nearest: 'reference' }] },
    },
    {
      what: 'with a number for a name',
      body: { plan: 7, reason: 'x' },
      problem: { status: 400, faults: [{ path: 'plan', found: '7', example: 'storefront' }] },
    },
  ];
  test.each(cases)('$what is refused, and none begins', async ({ body, problem }) => {
    await service.put(storefront, plan());
    expect((await service.post('operator', '/v1/cycles', body)).json()).toMatchObject(problem);
    expect((await service.get('/v1/cycles')).json().items).toEqual([]);
    expect(service.temporal.starts).toEqual([]);
  });

  test('without a body, or with one that is no object, is refused', async () => {
    const none = await service.send('operator', { method: 'POST', url: '/v1/cycles' });
    expect(none.json()).toMatchObject({ status: 400, code: 'invalid-input' });
    const list = await service.post('operator', '/v1/cycles', [1, 2]);
    expect(list.json()).toMatchObject({ status: 400, code: 'invalid-input' });
  });

  test('in YAML is a 415: only documents are', async () => {
    const response = await service.send('operator', {
      method: 'POST',
      url: '/v1/cycles',
      payload: 'plan: a',
      headers: yaml,
    });
    expect(response.json()).toMatchObject({ status: 415, code: 'unsupported-media-type' });
  });

  test('with a key that cannot be one is refused', async () => {
    const response = await startCycle(service, {}, { 'idempotency-key': 'two words' });
    expect(response.json()).toMatchObject({ status: 400, faults: [{ path: 'header idempotency-key' }] });
  });
});

test.each([
  ['/v1/cycles?limit=0', 'query limit'],
  ['/v1/cycles?limit=many', 'query limit'],
  ['/v1/cycles?status=done', 'query status'],
  ['/v1/cycles?colour=blue', 'query colour'],
  ['/v1/cycles?cursor=nonsense', 'query cursor'],
  ['/v1/audit?cursor=eyJhIjoxfQ', 'query cursor'],
  ['/v1/compliance?by=colour', 'query by'],
  ['/v1/compliance/export?format=html', 'query format'],
  ['/v1/manifests/sha256:abc', 'path digest'],
])('GET %s is refused, with the parameter', async (url, path) => {
  const problem = (await service.get(url)).json();
  expect(problem).toMatchObject({ status: 400, faults: [{ path }] });
});

test.each(['GET /v1/exemptions', 'GET /v1/calendars', 'GET /v1/plans/storefront/nothing'])(
  '%s is reserved or unknown, and a 404',
  async (route) => {
    const [method, url] = route.split(' ') as ['GET' | 'POST', string];
    const response = await service.send('operator', { method, url });
    expect(response.json()).toMatchObject({ status: 404, code: 'not-found' });
  },
);

test('An address that cannot be read is a problem too', async () => {
  const response = await service.get('/v1/plans/%E0%A4%A');
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(response.json()).toMatchObject({ status: 400, code: 'invalid-input' });
});
