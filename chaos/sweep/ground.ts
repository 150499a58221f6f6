import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalCli } from '../../local/binaries.js';
import { freePorts } from '../../local/endpoints.js';
import { openStore, type Store } from '../../store/index.js';
import { startPglite } from '../../store/pglite/start.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.js';
import { findPostgres, preparePostgres } from '../postgres.js';
import { Program } from '../program.js';

/** What all runs of a sweep share: a Temporal server with a namespace for each lane, a database, a store on it. */
export interface Ground {
  readonly folder: string;
  readonly temporalAddress: string;
  readonly database: NetConnectOpts;
  /** User and password of the database, as a URL has them. */
  readonly databaseUser: string;
  readonly store: Store;
  close(): Promise<void>;
}

export async function prepareGround(namespaces: readonly string[]): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-sweep-'));
  const [temporal, database] = await Promise.all([startTemporal(folder, namespaces), startDatabase(folder)]);
  const store = openStore({ databaseUrl: database.url });
  await store.migrate();
  return {
    folder,
    temporalAddress: temporal.address,
    database: database.at,
    databaseUser: database.user,
    store,
    close: async () => {
      await store.close();
      await Promise.all([temporal.program.stop(), database.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startTemporal(
  folder: string,
  namespaces: readonly string[],
): Promise<{ program: Program; address: string }> {
  const [port, uiPort] = await freePorts(2, []);
  const address = `127.0.0.1:${port}`;
  const program = new Program({
    name: 'temporal',
    command: await temporalCli(),
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--headless', '--log-level', 'error'],
      ...['--port', String(port), '--ui-port', String(uiPort)],
      ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
      ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
    environment: process.env,
    log: join(folder, 'temporal.log'),
    watched: false,
    isReady: async () => {
      const connection = await Connection.connect({ address, connectTimeout: 1_000 });
      try {
        for (const namespace of namespaces) await connection.workflowService.describeNamespace({ namespace });
        return true;
      } finally {
        await connection.close();
      }
    },
  });
  await program.start();
  return { program, address };
}

async function startDatabase(folder: string) {
  const programs = findPostgres();
  if (programs !== null) {
    const postgres = await preparePostgres(programs, join(folder, 'database.log'));
    await postgres.program.start();
    return { url: postgres.url, at: { path: postgres.socket }, user: 'patchtide', close: () => postgres.close() };
  }
  await mkdir(join(folder, 'pglite'), { recursive: true });
  const pglite = await startPglite(join(folder, 'pglite'), { port: 0, password: 'chaos' });
  const port = Number(new URL(pglite.url).port);
  return { url: pglite.url, at: { port, host: '127.0.0.1' }, user: 'patchtide:chaos', close: () => pglite.close() };
}
