import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigurationError, readStackConfig, requestToEnd, type StackConfig } from '../config/index.js';
import { ApiClient } from './api-client.js';
import { costsOf, costsText } from './costs.js';
import { type Cycle, progressOn } from './demo-progress.js';
import { countsTable, endedNodes } from './demo-tables.js';
import { applyDocuments } from './documents.js';
import { findingsText, isKept } from './findings.js';
import { followToEnd } from './follow.js';
import { checkLedger } from './ledger-check.js';
import { fleetNodesSchema, ledgerSchema, reportSchema } from './ledger-shapes.js';
import { linksOf } from './links.js';
import { reported } from './reported.js';
import { type Stack, startStack } from './stack.js';

/*
 * npm run demo [-- --keep]: one complete cycle of examples/storefront.yaml on a fresh stack, over REST, by the people whom
 * it takes: an admin writes the documents, an operator starts the cycle, an approver lets it into the last stage.
 */
const EXAMPLE = new URL('../../examples/storefront.yaml', import.meta.url);

/** Free ports and a folder of its own, but for what the environment says. */
function demoConfig(): { config: StackConfig; temporary: boolean } {
  const set = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value));
  const temporary = set.PATCHTIDE_DATA === undefined;
  const config = readStackConfig({
    PATCHTIDE_PORT: '0',
    PATCHTIDE_FLEET_PORT: '0',
    ...set,
    ...(temporary ? { PATCHTIDE_DATA: mkdtempSync(join(tmpdir(), 'patchtide-demo-')) } : {}),
  });
  if (config.fleet?.description !== 'demo')
    throw new ConfigurationError(['The demo plays on its own fleet: unset PATCHTIDE_FLEET and AWS_ENDPOINT_URL.']);
  return { config, temporary };
}

async function carryOut(stack: Stack, request: AbortSignal): Promise<void> {
  const as = (role: keyof Stack['keys']) => new ApiClient(stack.addresses.api, stack.keys[role]);
  const [plan] = await applyDocuments(as('admin'), EXAMPLE);
  if (plan === undefined) throw new Error('examples/storefront.yaml holds no plan.');

  const preview = await as('operator').post(`/v1/plans/${plan}/preview`, previewSchema, {});
  console.log(`Preview of ${plan}: ${preview.stages.map(({ name, nodes }) => `${name} ${nodes} nodes`).join(', ')}`);
  for (const warning of [...preview.warnings, ...preview.stages.flatMap(({ warnings }) => warnings)])
    console.log(`  warning: ${warning}`);

  const asked = { plan, mode: 'standard', reason: 'The demo', reference: 'CHG-1042' };
  const { id } = await as('operator').post('/v1/cycles', z.object({ id: z.string() }), asked, `demo-${Date.now()}`);
  console.log(`\nCycle ${id} started by the operator.\n`);
  const progress = progressOn(process.stdout);
  const ended = await followToEnd(id, {
    operator: as('operator'),
    approver: as('approver'),
    seen: (cycle) => progress.show(cycle),
    approved: (stage, manifest) => progress.say(`The approver approves ${stage}: ${manifest}`),
    signal: request,
  });
  await showResults(stack, ended, as('viewer'));
}

const previewSchema = z.object({
  stages: z.array(z.object({ name: z.string(), nodes: z.number(), warnings: z.array(z.string()) })),
  warnings: z.array(z.string()),
});

/** Prints how it ended; throws where that is not as planted. */
async function showResults({ addresses }: Stack, cycle: Cycle, viewer: ApiClient): Promise<void> {
  const raw = await viewer.get(`/v1/cycles/${cycle.id}/report`, z.unknown());
  const { nodes } = endedNodes.parse(raw);
  const fleetAt = (path: string) => fetch(new URL(path, addresses.fleet ?? '')).then((answer) => answer.json());
  const [ledger, fleetNodes] = await Promise.all([fleetAt('/_fleet/ledger'), fleetAt('/_fleet/nodes')]);

  console.log(`\nCycle ${cycle.id}: ${cycle.status}${cycle.message ? ` (${cycle.message})` : ''}\n`);
  console.log(`${countsTable('outcome', nodes, ({ outcome }) => outcome ?? 'none')}\n`);
  console.log(`${countsTable('compliance', nodes, ({ compliance }) => compliance)}\n`);
  const others = nodes.filter(({ outcome }) => outcome !== 'patched' && outcome !== 'already-compliant');
  for (const { name, node, stage, outcome, reason } of others)
    console.log(`  ${stage} ${name} (${node}): ${outcome}: ${reason}`);

  const findings = checkLedger(ledgerSchema.parse(ledger), fleetNodesSchema.parse(fleetNodes), reportSchema.parse(raw));
  console.log(`\nThe fleet's ledger against the rules:\n${findingsText(findings)}`);
  const touched = nodes.filter(({ outcome }) => outcome === 'patched' || FAILURES.has(outcome)).length;
  console.log(`\n${costsText(await costsOf(cycle.workflowId, addresses.temporal, addresses.fleet), touched)}`);

  const planted = plantedSchema.parse(fleetNodes).flatMap(({ id, behaviour }) => (behaviour.failsToPatch ? [id] : []));
  const failed = others.filter(({ outcome }) => FAILURES.has(outcome)).map(({ node }) => node);
  if (cycle.status !== 'completed-with-failures')
    throw new Error(`The cycle ended as ${cycle.status}, not as completed-with-failures.`);
  if (failed.toSorted().join() !== planted.toSorted().join())
    throw new Error(`Planted to fail: ${planted.join(', ') || 'none'}; failed: ${failed.join(', ') || 'none'}.`);
  const broken = findings.filter((finding) => !isKept(finding));
  if (broken.length > 0) throw new Error(`Rules not kept: ${broken.map(({ rule }) => rule).join('; ')}.`);
}

const plantedSchema = z.array(
  z.object({ id: z.string(), behaviour: z.object({ failsToPatch: z.string().optional() }) }),
);
/** Somebody has to look at these; null: it never came to an outcome. */
const FAILURES: ReadonlySet<string | null> = new Set(['failed', 'unreachable', 'set-aside', null]);

const seconds = (began: number): string => ((Date.now() - began) / 1000).toFixed(1);

async function main(): Promise<void> {
  const request = requestToEnd();
  const keep = process.argv.includes('--keep');
  const { config, temporary } = demoConfig();
  const began = Date.now();
  console.log('Starting the embedded stack: Temporal, database, simulated fleet, worker, API …');
  const stack = await startStack(config, request);
  let failure: unknown = null;
  try {
    console.log(`Ready after ${seconds(began)} s.\n\n${linksOf(stack)}\n`);
    await carryOut(stack, request);
    console.log(`\nThe cycle ended as planted, after ${seconds(began)} s in all.`);
  } catch (caught) {
    failure = caught;
    console.log(`\n${caught instanceof Error ? caught.message : String(caught)}`);
    process.exitCode = request.aborted ? 130 : 1;
  }
  if (keep && !request.aborted) {
    console.log(`\nIt goes on running until Ctrl-C:\n\n${linksOf(stack)}`);
    await once(request, 'abort');
  }
  await stack.stop();
  if (temporary && failure === null && !keep) rmSync(config.data, { recursive: true, force: true });
  else console.log(`What it wrote, logs included, is in ${config.data}.`);
}

await reported(main);
