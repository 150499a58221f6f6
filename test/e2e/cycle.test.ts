import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { StackProcess } from '../../local/stack-process.js';
import { type Cycle, nodesSchema } from './support/cycle.js';
import { accountDocument, alwaysOpen, fleetOf, nodes, planDocument, REGION, stage, zoneOf } from './support/fleets.js';
import { failingOnce } from './support/receiver.js';
import { isWaitingFor, RunningStack } from './support/running-stack.js';
import { until } from './support/until.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const WINDOWS = 'windows-server-2022';
const first = { zones: [zoneOf(REGION, 1)] };
const second = { zones: [zoneOf(REGION, 2)] };
const FLEET = fleetOf([
  nodes('storefront', 'dev', first),
  nodes('storefront', 'dev', { ...first, os: WINDOWS }),
  nodes('storefront', 'test', first),
  nodes('storefront', 'test', { ...first, os: WINDOWS }),
  nodes('storefront', 'prod', first),
  nodes('storefront', 'prod', { ...second, os: WINDOWS }),
  nodes('storefront', 'prod', second),
  nodes('storefront', 'prod', { hybrid: true }),
]);
const PLAN = planDocument('storefront', {
  stages: [stage('dev', { snapshot: 'none', soak: 'PT1S' }), stage('test', { soak: 'PT1S' }), stage('prod')],
});

let stack: RunningStack;
let receiver: Awaited<ReturnType<typeof failingOnce>>;
let waiting: Cycle;
let ended: Cycle;
let events: string;
/** What was answered to decisions that may not count. */
const refusals: Record<string, number> = {};

/* One cycle, from the documents to its end, with everything done to it that must not change how it ends. */
beforeAll(async () => {
  receiver = await failingOnce();
  const webhook = { PATCHTIDE_WEBHOOK_URL: receiver.url, PATCHTIDE_WEBHOOK_SECRET: SECRET };
  stack = await RunningStack.start(FLEET, webhook);
  await stack.apply(accountDocument(), alwaysOpen, PLAN);
  const id = await stack.startCycle('storefront');
  const stream = stack.request('viewer', 'GET', `/v1/cycles/${id}/events`).then((response) => response.text());

  waiting = await stack.cycleThat('wait for the approval of Prod', id, isWaitingFor('approval'));
  const { manifest } = waiting.waitingFor ?? {};
  const decide = async (role: 'operator' | 'approver', about: unknown) => {
    const decision = { decision: 'approve', reason: 'Looks right', manifest: about };
    return (await stack.request(role, 'POST', `/v1/cycles/${id}/stages/prod/decision`, decision)).status;
  };
  refusals.byOperator = await decide('operator', manifest);
  refusals.otherManifest = await decide('approver', `sha256:${'0'.repeat(64)}`);
  await sendJunk(waiting.workflowId);
  // The one who is told to decide is told at the second try.
  await until('the webhook to be delivered', async () => receiver.deliveries.length > 1);
  await stack.approve(id);
  refusals.twice = await decide('approver', manifest);

  ended = await stack.ended(id);
  events = await stream;
}, 150_000);
afterAll(async () => {
  await stack?.stop();
  await receiver?.close();
}, 60_000);

/** Signals from a terminal that are no decisions. */
async function sendJunk(workflowId: string): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${stack.process.endpoints.temporal}` });
  try {
    const handle = new Client({ connection }).workflow.getHandle(workflowId);
    await handle.signal('decideStage', 'approve');
    await handle.signal('decideStage', { stage: 'prod', decision: 'perhaps', by: 'eve', reason: 'x', manifest: 'y' });
    await handle.signal('letMeIn', {});
    await connection.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      signalName: 'decideStage',
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{not JSON') }] },
    });
  } finally {
    await connection.close();
  }
}

describe('a cycle over REST', () => {
  test('carries what is asked for through Dev, Test and Prod to its end', () => {
    expect(ended).toMatchObject({ status: 'completed', reference: 'CHG-1042', waitingFor: null });
    expect(ended.stages.map(({ name, status }) => [name, status])).toEqual([
      ['dev', 'completed'],
      ['test', 'completed'],
      ['prod', 'completed'],
    ]);
    expect(ended.stages[2]?.decisions).toMatchObject([{ decision: 'approve', by: 'approver', via: 'api' }]);
  });

  test('gives every node an outcome, on Linux, Windows and on-premises', async () => {
    const { items } = await stack.as('viewer').get(`/v1/cycles/${ended.id}/nodes`, nodesSchema);
    expect(items.map(({ outcome }) => outcome)).toEqual(Array(8).fill('patched'));
    expect(items.map(({ compliance }) => compliance)).toEqual(Array(8).fill('compliant'));
    expect(items.filter(({ node }) => node.startsWith('mi-'))).toHaveLength(1);
  });

  test('leaves a ledger in which no rule is broken', async () => {
    expect(await stack.violations(ended.id)).toEqual([]);
  });

  test('shows an approver the manifest, and later what the stage before had proven', async () => {
    const { manifest } = ended.stages[2] ?? {};
    const { patchSet } = ended.stages[2] ?? {};
    expect(patchSet).toBe(ended.stages[1]?.proven);
    expect(waiting.waitingFor?.manifest).toBe(manifest);
    const shown = await stack
      .as('approver')
      .get(
        `/v1/manifests/${manifest}`,
        z.looseObject({ stage: z.string(), patchSet: z.string(), targets: z.array(z.unknown()) }),
      );
    expect(shown).toMatchObject({ stage: 'prod', patchSet, targets: Array(4).fill(expect.anything()) });
    const proven = await stack
      .as('viewer')
      .get(
        `/v1/patch-sets/${patchSet}`,
        z.object({ stage: z.string(), patches: z.record(z.string(), z.array(z.unknown())) }),
      );
    expect(proven.stage).toBe('test');
    expect(Object.keys(proven.patches).sort()).toEqual(['AMAZON_LINUX_2023', 'WINDOWS']);
  });

  test('can be followed as events, each with its number, to the last one', () => {
    const numbers = [...events.matchAll(/^id: ?(\d+)$/gm)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    const statuses = [...events.matchAll(/"status":"([a-z-]+)"/g)].map(([, status]) => status);
    expect(statuses).toEqual(expect.arrayContaining(['preparing', 'patching', 'soaking']));
    expect(statuses.at(-1)).toBe('completed');
  });

  test('is followed by a scan that counts every node as compliant, in figures and as CSV', async () => {
    const { id } = await stack.as('operator').post('/v1/scans', z.object({ id: z.string() }), {});
    await until('the scan to end', async () => {
      const { status } = await stack.as('viewer').get(`/v1/scans/${id}`, z.object({ status: z.string() }));
      return status === 'completed';
    });
    const figures = z.looseObject({
      total: z.number(),
      compliant: z.number(),
      nonCompliant: z.number(),
      unknown: z.number(),
    });
    const byOs = await stack
      .as('viewer')
      .get('/v1/compliance?by=os', figures.extend({ groups: z.array(figures.extend({ key: z.string() })) }));
    expect(byOs).toMatchObject({ total: 8, compliant: 8, nonCompliant: 0, unknown: 0 });
    expect(Object.fromEntries(byOs.groups.map(({ key, total }) => [key, total]))).toEqual({
      AMAZON_LINUX_2023: 5,
      WINDOWS: 3,
    });
    const csv = await stack.request('viewer', 'GET', '/v1/compliance/export?format=csv');
    expect((await csv.text()).trim().split('\n')).toHaveLength(9);
  });

  test('is described by the OpenAPI document, route by route', async () => {
    const document = z.object({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) });
    const { openapi, paths } = await stack.as('viewer').get('/openapi.json', document);
    expect(openapi).toMatch(/^3\.1/);
    const routes = [
      '/v1/cycles',
      '/v1/cycles/{id}',
      '/v1/cycles/{id}/report',
      '/v1/manifests/{digest}',
      '/v1/compliance',
    ];
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(routes));
  });
});

describe('a decision', () => {
  test('counts from an approver only, about the manifest that was shown, and once', () => {
    expect(refusals).toEqual({ byOperator: 403, otherManifest: 409, twice: 409 });
  });

  test('that is none changes nothing when it comes as a signal, and is noted for the auditor', async () => {
    const noted = z.object({ audit: z.array(z.object({ result: z.string(), reason: z.string() })) });
    const { audit } = await stack.as('viewer').get(`/v1/cycles/${ended.id}/report`, noted);
    const notes = audit.filter(({ result }) => result === 'noted').map(({ reason }) => reason);
    expect(notes.filter((note) => note.startsWith('A signal decideStage was ignored'))).toHaveLength(3);
    expect(notes).toContainEqual(expect.stringContaining('A signal letMeIn was ignored'));
    expect(ended.stages[2]?.decisions).toHaveLength(1);
  });

  test('is asked for by a signed webhook, which is delivered again under its id until it is taken', () => {
    const [refused, taken] = receiver.deliveries;
    expect(receiver.deliveries).toHaveLength(2);
    for (const { body, headers } of receiver.deliveries)
      expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({
        type: 'approval-wanted',
        cycle: ended.id,
        stage: 'prod',
        manifest: waiting.waitingFor?.manifest,
      });
    expect(taken?.headers['webhook-id']).toBe(refused?.headers['webhook-id']);
  });
});

describe('a second start', () => {
  test('on the folder of a running stack is refused with a sentence, and harms it not', async () => {
    const { folder } = stack.process;
    const another = new StackProcess(folder, {}, new URL('../../dist/local/main.js', import.meta.url));
    await expect(another.start()).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(
        / is in use by process \d+: end that one, or set PATCHTIDE_DATA to another folder\.$/,
      ),
    });
    expect((await stack.request('viewer', 'GET', '/readyz')).status).toBe(200);
  });
});
