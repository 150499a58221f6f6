import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readStackConfig } from '../config/index.js';
import { ApiClient } from './api-client.js';
import { findingsText } from './findings.js';
import { ensureKeys } from './keys.js';
import { checkLedger } from './ledger-check.js';
import { fleetNodesSchema, ledgerSchema, type Report, reportSchema } from './ledger-shapes.js';
import { reported } from './shutdown.js';

const USAGE = `npm run ledger-check -- <fleet> <cycle>
  <fleet>  the simulated fleet's URL, or a JSON file {"ledger": […], "nodes": […]} of what its
           /_fleet/ledger and /_fleet/nodes answered
  <cycle>  the URL of a cycle or of the API (then its newest cycle), or a JSON file of its report
An API is asked with PATCHTIDE_API_KEY, else with the viewer's key in PATCHTIDE_DATA.`;

/* npm run ledger-check: what the fleet's ledger says was done, held against what the cycle was allowed to do. */
async function main(): Promise<void> {
  const [, , fleet, cycle] = process.argv;
  if (!fleet || !cycle) throw new Error(USAGE);
  const { ledger, nodes } = await readFleet(fleet);
  const report = await readReport(cycle);
  const findings = checkLedger(ledger, nodes, report);
  console.log(`Cycle ${report.cycle.id}, ${ledger.length} effects in the ledger:\n${findingsText(findings)}`);
  if (findings.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

const fleetFile = z.object({ ledger: ledgerSchema, nodes: fleetNodesSchema });

async function readFleet(where: string): Promise<z.infer<typeof fleetFile>> {
  if (!where.startsWith('http')) return fleetFile.parse(JSON.parse(await readFile(where, 'utf8')));
  const [ledger, nodes] = await Promise.all(
    ['/_fleet/ledger', '/_fleet/nodes'].map(async (path) => (await fetch(new URL(path, where))).json()),
  );
  return fleetFile.parse({ ledger, nodes });
}

async function readReport(where: string): Promise<Report> {
  if (!where.startsWith('http')) return reportSchema.parse(JSON.parse(await readFile(where, 'utf8')));
  const key = process.env.PATCHTIDE_API_KEY || ensureKeys(readStackConfig().data).viewer;
  const api = new ApiClient(where, key);
  const id = /\/v1\/cycles\/([^/]+)/.exec(where)?.[1] ?? (await newestCycle(api));
  return api.get(`/v1/cycles/${id}/report`, reportSchema);
}

async function newestCycle(api: ApiClient): Promise<string> {
  const { items } = await api.get('/v1/cycles', z.object({ items: z.array(z.object({ id: z.string() })) }));
  const id = items[0]?.id;
  if (id === undefined) throw new Error('The API knows no cycle yet.');
  return id;
}

await reported(main);
