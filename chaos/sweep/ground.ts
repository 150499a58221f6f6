import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { temporalCli } from '../../local/binaries.js';
import { freePorts } from '../../local/endpoints.js';
import { findPostgres } from '../../local/postgres.js';
import { openStore, type Store } from '../../store/index.js';
import { startPglite } from '../../store/pglite/start.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.js';
import { preparePostgres } from '../postgres.js';
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

/** @param namespaces one for each lane */
export async function prepareGround(namespaces: readonly string[]): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-sweep-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const part of closing.splice(0).reverse()) await part();
  };
  try {
    const temporal = await temporalProgram(folder, namespaces);
    closing.push(() => temporal.program.stop());
    const database = await prepareDatabase(folder);
    closing.push(() => database.close());
    await Promise.all([temporal.program.start(), database.start()]);
    const store = openStore({ databaseUrl: database.url });
    closing.push(() => store.close());
    await store.migrate();
    const { at, user } = database;
    return { folder, temporalAddress: temporal.address, database: at, databaseUser: user, store, close };
  } catch (failure) {
    await close();
    throw failure;
  }
}

async function temporalProgram(
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
  return { program, address };
}

async function prepareDatabase(folder: string) {
  const programs = findPostgres();
  if (programs !== null) {
    const postgres = await preparePostgres(programs, join(folder, 'database.log'));
    return {
      url: postgres.url,
      at: { path: postgres.socket },
      user: 'patchtide',
      start: () => postgres.program.start(),
      close: () => postgres.close(),
    };
  }
  await mkdir(join(folder, 'pglite'), { recursive: true });
  const pglite = await startPglite(join(folder, 'pglite'), { port: 0, password: 'chaos' });
  const port = Number(new URL(pglite.url).port);
  return {
    url: pglite.url,
    at: { port, host: '127.0.0.1' },
    user: 'patchtide:chaos',
    start: async () => undefined,
    close: () => pglite.close(),
  };
}
