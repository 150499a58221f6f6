import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { AccountDirectory } from '../../activities/ports.js';
import { createFleet } from '../../aws/index.js';
import { parseDocuments } from '../../domain/documents/parse.js';
import type { AccountDocument } from '../../domain/documents/types.js';
import type { AccountId, Instant, Region } from '../../domain/ids.js';
import type { Estate } from '../../domain/import/estate.js';
import { type Import, importEstate } from '../../domain/import/import.js';
import { type FleetDescriptionInput, type RunningFleet, startFleet } from '../../simulator/index.js';
import { useAwsEndpoint } from '../support/aws-environment.js';

/* The bank of examples/fleets/estate.yaml, read over AWS's protocols: what comes over, and what does not. */

const FILE = fileURLToPath(new URL('../../examples/fleets/estate.yaml', import.meta.url));
const NOW = '2026-11-22T12:00:00.000Z' as Instant;
const description = parse(readFileSync(FILE, 'utf8')) as FleetDescriptionInput;
const REGION = 'eu-west-1' as Region;

let running: RunningFleet;
let fleet: ReturnType<typeof createFleet>;
let estates: Estate[];
let imported: Import;

beforeAll(async () => {
  running = await startFleet({ fleet: { ...description, limits: { ssm: 'none' } }, port: 0 });
  useAwsEndpoint(running.url);
  const accounts: AccountDocument[] = description.accounts.map((account) => ({
    name: account.name,
    id: account.id as AccountId,
    roleArn: account.roleArn,
    externalId: account.externalId ?? null,
    regions: [REGION],
  }));
  const directory: AccountDirectory = {
    account: async (id) => {
      const found = accounts.find((account) => account.id === id);
      if (!found) throw new Error(`no account ${id}`);
      return found;
    },
  };
  fleet = createFleet({ accounts: directory, bucket: 'patchtide-{region}' });
  const { signal } = new AbortController();
  estates = await Promise.all(
    accounts.map(async ({ name, id }) => {
      const at = { account: id, region: REGION };
      const [settings, nodes] = await Promise.all([fleet.estate(at, signal), fleet.findNodes(at, {}, signal)]);
      return { account: name, region: REGION, ...settings, nodes };
    }),
  );
  imported = importEstate(estates, NOW);
  const { IMPORT_SAMPLE } = process.env;
  if (IMPORT_SAMPLE) writeFileSync(IMPORT_SAMPLE, `${imported.documents}\n${JSON.stringify(imported, null, 1)}`);
});
afterAll(async () => {
  fleet.close();
  await running.close();
});

const names = (kind: string) =>
  parseDocuments(imported.documents, 'yaml').flatMap((document) =>
    document.kind === kind ? [document.metadata.name] : [],
  );

test('x', () => {
  expect(names('PatchPlan')).toEqual([]);
});
