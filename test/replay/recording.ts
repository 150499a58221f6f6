import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { testBundle } from '../support/temporal.js';
import { WorkflowBench } from '../support/workflow-bench.js';
import { type HistoryJson, historyToJson } from './history-json.js';
import { type HistoryOf, notReplayed } from './replaying.js';
import { scenarios } from './scenarios.js';

const folder = new URL('histories/', import.meta.url);

export interface RecordedHistory {
  readonly name: string;
  readonly workflowId: string;
  readonly history: HistoryJson;
}

/** The recorded histories in the order of their names. */
export async function recordedHistories(): Promise<RecordedHistory[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (file) => {
      const { workflowId, history } = JSON.parse(await readFile(new URL(file, folder), 'utf8'));
      return { name: file.slice(0, -'.json'.length), workflowId, history };
    }),
  );
}

/**
 * Plays the scenarios with the workflows as they are now, and keeps their histories in the place of the old ones.
 * @throws Error where a history does not even replay with the workflows that made it; then the old ones stay.
 */
export async function recordHistories(): Promise<void> {
  const played: (HistoryOf & { readonly name: string })[] = [];
  for (const play of scenarios) {
    // Each on a server of its own: the time-skipping one skips no more once a workflow has outlived its parent.
    const bench = await WorkflowBench.open();
    try {
      for (const [name, { workflowId }] of Object.entries(await play(bench))) {
        played.push({ name, workflowId, history: await bench.client.getHandle(workflowId).fetchHistory() });
      }
    } finally {
      await bench.close();
    }
  }
  const broken = await notReplayed(played, await testBundle());
  if (broken.length > 0) throw new Error(`These do not replay: ${JSON.stringify(broken)}. See README.md.`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { name, workflowId, history } of played) {
    const recorded = { workflowId, history: withoutMachine(historyToJson(history)) };
    await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify(recorded)}\n`);
  }
}

/** Without what only says where it was recorded: process, host, paths. */
function withoutMachine(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMachine);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'identity') return [key, 'recorded'];
      if (key === 'stackTrace') return [key, ''];
      return [key, withoutMachine(inner)];
    }),
  );
}
