import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { FleetDescriptionInput } from '../../simulator/index.js';
import { RunningStack } from './support/running-stack.js';

/* From an estate in AWS to documents that the service takes, and plans that it can preview: as a person does it. */

const FILE = fileURLToPath(new URL('../../examples/fleets/estate.yaml', import.meta.url));
const description = parse(readFileSync(FILE, 'utf8')) as FleetDescriptionInput;
const PLACES: Readonly<Record<string, string>> = {
  MaintenanceWindow: 'windows',
  PatchBaseline: 'baselines',
  PatchPlan: 'plans',
};
const document = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const importSchema = z.object({
  documents: z.string(),
  written: z.object({ windows: z.number(), baselines: z.number(), plans: z.number() }),
  findings: z.array(z.object({ code: z.string(), consequence: z.string(), subject: z.string() })),
});
const previewSchema = z.object({
  stages: z.array(
    z.object({ name: z.string(), nodes: z.number(), windows: z.array(z.object({ window: z.string() })) }),
  ),
});

let stack: RunningStack;
beforeAll(async () => {
  stack = await RunningStack.start(description);
  for (const { name, id, roleArn, externalId } of description.accounts)
    await stack.as('admin').put(`/v1/accounts/${name}`, {
      apiVersion: 'patchtide/v1',
      kind: 'Account',
      metadata: { name },
      spec: { id, roleArn, externalId, regions: ['eu-west-1'] },
    });
}, 120_000);
afterAll(async () => {
  await stack?.stop();
}, 60_000);

const importAll = () => stack.as('admin').post('/v1/import', importSchema, {});

test('what an import writes is applied as it is, and its plans find the nodes in the windows of today', async () => {
  const imported = await importAll();
  expect(imported.written).toEqual({ windows: 6, baselines: 5, plans: 2 });
  // An import only reads.
  expect((await stack.request('viewer', 'GET', '/v1/plans/ledger')).status).toBe(404);

  for (const each of parseAllDocuments(imported.documents)) {
    const { kind, metadata, ...rest } = document.parse(each.toJS());
    const body = { kind, metadata, ...rest };
    const answer = await stack.request('admin', 'PUT', `/v1/${PLACES[kind]}/${metadata.name}`, body);
    expect([metadata.name, answer.status]).toEqual([metadata.name, 201]);
  }
  const windowsOf = async (plan: string) => {
    const { stages } = await stack.as('viewer').post(`/v1/plans/${plan}/preview`, previewSchema, {});
    return stages.map(({ name, nodes, windows }) => [name, nodes, windows.map(({ window }) => window).sort()]);
  };
  expect(await windowsOf('ledger')).toEqual([
    ['dev', 2, ['ledger-dev-nightly']],
    ['test', 2, ['ledger-test-weekly']],
    ['prod', 4, ['ledger-prod']],
  ]);
  expect(await windowsOf('cards')).toEqual([
    ['uat', 2, ['uat-saturday']],
    ['prod', 4, ['prod-a', 'prod-b']],
  ]);

  // A second import says that the documents are there.
  const again = await importAll();
  const taken = again.findings.filter(({ code }) => code === 'name-taken').map(({ subject }) => subject);
  expect(taken).toHaveLength(13);
  expect(taken).toContain('PatchPlan ledger');
}, 120_000);

test('only an admin imports, and an account that there is not is refused', async () => {
  expect((await stack.request('operator', 'POST', '/v1/import', {})).status).toBe(403);
  expect((await stack.request('admin', 'POST', '/v1/import', { accounts: ['nobody'] })).status).toBe(404);
}, 30_000);
