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

const told = (consequence: string) =>
  imported.findings
    .filter((each) => each.consequence === consequence)
    .map(
      ({ code, account, subject }) => `${code}: ${account ?? 'all'}: ${subject.replace(/ \([mp][wb]-[0-9a-f]+\)/, '')}`,
    );

test('windows that can be said come over, one for the same window in two accounts', () => {
  expect(names('MaintenanceWindow')).toEqual([
    'ledger-dev-nightly',
    'ledger-prod',
    'ledger-test-weekly',
    'prod-a',
    'prod-b',
    'uat-saturday',
  ]);
  const specs = parseDocuments(imported.documents, 'yaml').flatMap(({ kind, metadata, spec }) =>
    kind === 'MaintenanceWindow' ? [[metadata.name, spec]] : [],
  );
  expect(Object.fromEntries(specs)).toMatchObject({
    'ledger-prod': {
      schedule: { nth: 2, weekday: 'TUE', plusDays: 5, at: '02:00' },
      timezone: 'Europe/Dublin',
      duration: 'PT5H',
      cutoff: 'PT1H',
    },
    'uat-saturday': { schedule: { cron: '0 6 * * SAT' }, duration: 'PT2H', cutoff: 'PT0S' },
  });
});

test('baselines come over rule by rule; a stage of two systems gets theirs in one', () => {
  expect(names('PatchBaseline')).toEqual([
    'cards-prod',
    'linux-nonprod',
    'linux-prod',
    'ubuntu-cards',
    'windows-cards',
  ]);
  const prod = parseDocuments(imported.documents, 'yaml').find(({ metadata }) => metadata.name === 'cards-prod');
  expect(prod?.spec).toEqual({
    rules: [
      { os: 'UBUNTU', classification: 'security', severity: 'required', approveAfterDays: 0 },
      { os: 'UBUNTU', classification: 'security', severity: 'important', approveAfterDays: 0 },
      { os: 'WINDOWS', classification: 'security', severity: 'critical', approveAfterDays: 3 },
      { os: 'WINDOWS', classification: 'critical', severity: 'critical', approveAfterDays: 3 },
    ],
    approved: ['KB5034441'],
  });
});

test('applications become plans whose stages have the windows, limits and tasks of today', () => {
  const plans = parseDocuments(imported.documents, 'yaml').filter(({ kind }) => kind === 'PatchPlan');
  expect(plans.map(({ metadata }) => metadata)).toEqual([
    { name: 'cards', owner: 'not-known-yet' },
    { name: 'ledger', owner: 'ledger-team' },
  ]);
  const waves = { maxUnavailable: '50%', pauseAfterFailures: 2 };
  expect(plans[0]?.spec).toEqual({
    nodes: { accounts: ['bank-cards', 'bank-core'], regions: ['eu-west-1'], tags: { Application: 'Cards' } },
    // By tag: one stage lies in several windows.
    stages: [
      { name: 'uat', patchGroups: ['cards-uat'], baseline: 'ubuntu-cards', waves },
      { name: 'prod', patchGroups: ['cards-prod'], baseline: 'cards-prod', waves },
    ],
  });
  expect(plans[1]?.spec).toMatchObject({
    stages: [
      { name: 'dev', window: 'ledger-dev-nightly', baseline: 'linux-nonprod' },
      { name: 'test', window: 'ledger-test-weekly', baseline: 'linux-nonprod' },
      {
        name: 'prod',
        window: 'ledger-prod',
        baseline: 'linux-prod',
        tasks: {
          beforeNode: [{ document: 'Ledger-Drain', timeout: 'PT1H' }],
          afterNode: [{ document: 'AWS-RunShellScript', os: 'linux', timeout: 'PT10M' }],
          afterStage: [{ document: 'Ledger-NotifyTeam', kind: 'automation' }],
        },
      },
    ],
  });
});

test('what cannot be said is left out, and said', () => {
  expect(told('left-out')).toEqual([
    'plan-baseline: all: plan payments',
    'baseline-filter: bank-core: baseline Branch-2016',
    'baseline-sources: bank-core: baseline Payments-Frozen',
    'baseline-until: bank-core: baseline Payments-Frozen',
    'nodes-without-application: bank-core: patch group branch-servers',
    'task-kind: bank-core: window Ledger_Prod, task report',
    'window-cron: bank-core: window branches',
    'window-targets: bank-core: window branches, task patch',
    'window-not-patching: bank-core: window inventory',
    'window-scan-only: bank-core: window nightly-scan',
    'window-disabled: bank-core: window old-prod',
    'window-rate: bank-core: window payments-fortnightly',
    'window-once: bank-core: window year-end-2026',
  ]);
});

test('what means something else here is said once for each task, baseline and window', () => {
  const changed = told('changed');

  expect(changed).toContain('baseline-rejected: bank-core: baseline Linux-Prod');
  expect(changed).toContain('baseline-lists: all: plan cards');
  expect(changed).toContain('window-renamed: bank-core: window Ledger_Prod');
  expect(changed).toContain('task-order: bank-core: window Ledger_Prod, task drain');
  expect(changed).toContain('max-errors: bank-cards: window prod-b, task patch');
  // Of windows that no plan has come from there is nothing to be said.
  expect(changed.filter((line) => /payments|year-end|branches/.test(line))).toEqual([]);
  expect(new Set(changed).size).toBe(changed.length);
});

test('a person is told what to look at before applying', () => {
  expect(told('check')).toEqual([
    'plan-owner: all: plan cards',
    'plan-started-by-hand: all: plan cards',
    'plan-started-by-hand: all: plan ledger',
    'stage-window: all: plan payments',
    'windows-still-run: bank-cards: maintenance windows',
    'patch-group-empty: bank-core: baseline Branch-2016',
    'patch-group-empty: bank-core: baseline Ubuntu-Cards',
    'windows-still-run: bank-core: maintenance windows',
  ]);
});

test('the order in which AWS tells makes no difference', () => {
  const shuffled = estates.toReversed().map((estate) => ({
    ...estate,
    windows: estate.windows.toReversed(),
    baselines: estate.baselines.toReversed(),
    registrations: estate.registrations.toReversed(),
    nodes: estate.nodes.toReversed(),
  }));

  expect(importEstate(shuffled, NOW)).toEqual(imported);
});
