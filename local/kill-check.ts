import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ApiClient } from './api-client.js';
import type { Cycle } from './demo-progress.js';
import { countsTable, endedNodes } from './demo-tables.js';
import { applyDocuments } from './documents.js';
import { findingsText } from './findings.js';
import { followToEnd } from './follow.js';
import { checkLedger, INSTALL } from './ledger-check.js';
import { fleetNodesSchema, type LedgerEntry, ledgerSchema, reportSchema } from './ledger-shapes.js';
import { reported } from './reported.js';
import { StackProcess } from './stack-process.js';

/*
 * npm run kill-check: the demo's cycle, with `kill -9` in the middle of an install of the worker (in Dev), of the Temporal
 * server (in Test) and of everything (in Prod). It prints what was killed when, how the cycle ended, and what the ledger
 * says; its exit code is 0 where the cycle ended as it would have and nothing was done twice.
 */
const EXAMPLE = new URL('../../examples/storefront.yaml', import.meta.url);

const KILLS: readonly { stage: string; what: string; kill: (stack: StackProcess) => Promise<readonly number[]> }[] = [
  { stage: 'dev', what: 'the worker', kill: async (stack) => [stack.kill('worker')] },
  { stage: 'test', what: 'the Temporal server', kill: async (stack) => [stack.kill('temporal')] },
  { stage: 'prod', what: 'everything', kill: (stack) => stack.killEverything() },
];

async function main(): Promise<void> {
  const stack = new StackProcess(mkdtempSync(join(tmpdir(), 'patchtide-kill-check-')), {});
  await stack.start();
  say(`The embedded stack runs; its data is in ${stack.folder}.`);
  try {
    const as = (role: 'operator' | 'approver' | 'admin') => new ApiClient(stack.apiUrl, stack.keys[role]);
    const [plan] = await applyDocuments(as('admin'), EXAMPLE);
    const asked = { plan, reason: 'To be killed and to go on', reference: 'CHG-1043' };
    const { id } = await as('operator').post('/v1/cycles', z.object({ id: z.string() }), asked, 'kill-check');
    say(`Cycle ${id} of plan ${plan} is started.`);
    const [cycle] = await Promise.all([followed(id, as('operator'), as('approver')), killedInEachStage(stack, id)]);
    await judge(stack, cycle, as('operator'));
  } finally {
    await stack.stop();
  }
  if (process.exitCode === undefined) rmSync(stack.folder, { recursive: true, force: true });
  else say(`What it wrote, logs included, is in ${stack.folder}.`);
}

/** Kills in every stage, each time in the middle of an install, and starts again what does not start by itself. */
async function killedInEachStage(stack: StackProcess, id: string): Promise<void> {
  for (const { stage, what, kill } of KILLS) {
    const running = await installsUnderWay(stack, `${id}/${stage}`);
    const pids = await kill(stack);
    say(`kill -9 of ${what} (${pids.join(', ')}) in ${stage}, installs under way: ${running}.`);
    if (what !== 'everything') continue;
    await stack.start();
    say('Everything is started again, on the same folder.');
  }
}

/** How many nodes install, as soon as one does. */
async function installsUnderWay(stack: StackProcess, owner: string): Promise<number> {
  for (;;) {
    const entries = (await ledgerOf(stack)).filter(({ key }) => INSTALL.exec(key ?? '')?.[1] === owner);
    const count = (kind: string) => entries.filter((entry) => entry.kind === kind).length;
    const running = count('command-started') - count('command-ended');
    if (running > 0) return running;
    await delay(30);
  }
}

/** The cycle at its end; says what changes on the way. */
function followed(id: string, operator: ApiClient, approver: ApiClient): Promise<Cycle> {
  let before = '';
  const seen = ({ status, waitingFor }: Cycle): void => {
    const state = `${status}${waitingFor ? `, waits for ${waitingFor.kind}: ${waitingFor.message}` : ''}`;
    if (state !== before) say(`Cycle ${id}: ${state}`);
    before = state;
  };
  return followToEnd(id, { operator, approver, seen });
}

async function judge(stack: StackProcess, cycle: Cycle, viewer: ApiClient): Promise<void> {
  const raw = await viewer.get(`/v1/cycles/${cycle.id}/report`, z.unknown());
  const nodes = endedNodes.parse(raw).nodes;
  const ledger = await ledgerOf(stack);
  const fleet = fleetNodesSchema.parse(await fleetAnswers(stack, '/_fleet/nodes'));
  const findings = checkLedger(ledger, fleet, reportSchema.parse(raw));
  const failed = nodes.filter(({ outcome }) => outcome === null || !WELL.has(outcome)).map(({ name }) => name);
  const count = (kind: string) => ledger.filter((entry) => entry.kind === kind).length;

  console.log(`\nThe cycle ended as ${cycle.status}; not patched: ${failed.join(', ') || 'none'}\n`);
  console.log(`${countsTable('outcome', nodes, ({ outcome }) => outcome ?? 'none')}\n`);
  console.log(`The ledger: ${COUNTED.map((kind) => `${count(kind)} ${kind}`).join(', ')}\n${findingsText(findings)}`);

  const twice = findings.some(({ violations }) => violations.length > 0);
  // The demo's fleet has one node that fails to patch, and no other.
  const asItWould = cycle.status === 'completed-with-failures' && failed.join() === 'storefront-prod-web-06';
  console.log(
    `\n${asItWould ? 'The cycle ended as it would have' : 'The cycle did NOT end as it would have'}; ${twice ? 'rules were BROKEN' : 'nothing was done twice'}.`,
  );
  if (twice || !asItWould) process.exitCode = 1;
}

const COUNTED = ['command-accepted', 'snapshot-created', 'patches-installed', 'reboot', 'automation-started'];
const WELL = new Set(['patched', 'already-compliant', 'skipped']);

const ledgerOf = async (stack: StackProcess): Promise<LedgerEntry[]> =>
  ledgerSchema.parse(await fleetAnswers(stack, '/_fleet/ledger'));

const fleetAnswers = async (stack: StackProcess, path: string): Promise<unknown> =>
  (await fetch(new URL(path, stack.fleetUrl))).json();

const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

await reported(main);
