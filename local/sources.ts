import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readStackConfig } from '../config/index.js';
import { ApiClient } from './api-client.js';
import { ensureKeys } from './keys.js';
import { type FleetNodes, fleetNodesSchema, type LedgerEntry, ledgerSchema } from './ledger-shapes.js';

/* Where commands that look at a cycle afterwards read the fleet's ledger and the cycle's report from. */

export const SOURCES = `  <fleet>  the simulated fleet's URL, or a JSON file {"ledger": […], "nodes": […]} of what its
           /_fleet/ledger and /_fleet/nodes answered
  <cycle>  the URL of a cycle or of the API (then its newest cycle), or a JSON file of its report
An API is asked with PATCHTIDE_API_KEY, else with the viewer's key in PATCHTIDE_DATA.`;

const fleetFile = z.object({ ledger: ledgerSchema, nodes: fleetNodesSchema });

export async function readFleet(where: string): Promise<{ ledger: LedgerEntry[]; nodes: FleetNodes }> {
  if (!where.startsWith('http')) return fleetFile.parse(JSON.parse(await readFile(where, 'utf8')));
  const [ledger, nodes] = await Promise.all(
    ['/_fleet/ledger', '/_fleet/nodes'].map(async (path) => (await fetch(new URL(path, where))).json()),
  );
  return fleetFile.parse({ ledger, nodes });
}

/** What `schema` wants of the report. */
export async function readReport<T>(where: string, schema: z.ZodType<T>): Promise<T> {
  if (!where.startsWith('http')) return schema.parse(JSON.parse(await readFile(where, 'utf8')));
  const key = process.env.PATCHTIDE_API_KEY || ensureKeys(readStackConfig().data).viewer;
  const api = new ApiClient(where, key);
  const id = /\/v1\/cycles\/([^/]+)/.exec(where)?.[1] ?? (await newestCycle(api));
  return api.get(`/v1/cycles/${id}/report`, schema);
}

async function newestCycle(api: ApiClient): Promise<string> {
  const { items } = await api.get('/v1/cycles', z.object({ items: z.array(z.object({ id: z.string() })) }));
  const id = items[0]?.id;
  if (id === undefined) throw new Error('The API knows no cycle yet.');
  return id;
}
