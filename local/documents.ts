import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ApiClient } from './api-client.js';

/** Kinds in the order in which they refer to each other, with the route of each. */
const ROUTES = {
  Account: 'accounts',
  MaintenanceWindow: 'windows',
  PatchBaseline: 'baselines',
  PatchPlan: 'plans',
} as const;
const KINDS = Object.keys(ROUTES) as (keyof typeof ROUTES)[];

const applicable = z.looseObject({
  kind: z.enum(KINDS),
  metadata: z.looseObject({ name: z.string() }),
});

/** Applies every document of a file; answers with the names of the plans among them. */
export async function applyDocuments(api: ApiClient, file: URL): Promise<string[]> {
  const documents = parseAllDocuments(await readFile(file, 'utf8')).map((each) => applicable.parse(each.toJS()));
  documents.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  for (const document of documents) await api.put(`/v1/${ROUTES[document.kind]}/${document.metadata.name}`, document);
  return documents.filter(({ kind }) => kind === 'PatchPlan').map(({ metadata }) => metadata.name);
}
