import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporalCli } from '../local/binaries.js';
import { chooseEndpoints } from '../local/endpoints.js';
import { ensureKeys, type Keys, type Role } from '../local/keys.js';
import { Part, type PartDescription } from '../local/part.js';
import { findPostgres, startPostgres } from '../local/postgres.js';
import { servePglite } from '../store/pglite/engine.js';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.js';

/** What the bench of the API talks to: real processes, each on a free port of 127.0.0.1. */
export interface ApiTopology {
  readonly api: string;
  readonly databaseUrl: string;
  readonly database: 'PostgreSQL' | 'PGlite';
  readonly keys: Keys;
  /** Asks the API once, and gives the body of its answer. @throws Error where that is not 2xx */
  call(role: Role, method: string, path: string, body?: object): Promise<unknown>;
  /** Starts Fastify with nothing but these bodies; gives its URL. */
  startBare(bodies: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

/** More than any caller of the bench sends in a minute. */
const RATE_LIMIT = '1000000';

/**
 * Starts PostgreSQL (PGlite where its server program is not found), Temporal's dev server and one API, as production
 * starts it, with its log into a file. No worker: cycles are started, and wait.
 */
export async function startApiTopology(): Promise<ApiTopology> {
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-bench-api-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  const start = async (description: Omit<PartDescription, 'grace'>) => {
    const part = new Part({ ...description, grace: 10_000 }, folder, (line) => process.stderr.write(`${line}\n`));
    closers.push(() => part.stop());
    await part.start(new AbortController().signal);
  };
  try {
    const endpoints = await chooseEndpoints(folder, {}, () => undefined);
    const programs = findPostgres();
    const database = programs
      ? await startPostgres(programs)
      : await servePglite({ folder: null, port: endpoints.database, password: endpoints.databasePassword });
    closers.push(() => database.close());
    await start({
      name: 'temporal',
      run: { program: await temporalCli() },
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--headless', '--log-level', 'error'],
        ...['--port', String(endpoints.temporal)],
        ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ],
      environment: process.env,
      isReady: () => accepts(`http://127.0.0.1:${endpoints.temporal}`),
    });
    const keys = ensureKeys(folder);
    const api = `http://127.0.0.1:${endpoints.api}`;
    await start({
      name: 'api',
      run: { program: process.execPath },
      args: ['--enable-source-maps', fileURLToPath(new URL('../api/server.js', import.meta.url))],
      environment: {
        ...withoutSettings(process.env),
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: `127.0.0.1:${endpoints.temporal}`,
        PATCHTIDE_DATA: folder,
        PATCHTIDE_PORT: String(endpoints.api),
        PATCHTIDE_RATE_LIMIT: RATE_LIMIT,
      },
      isReady: () => answersOk(`${api}/readyz`),
    });
    return {
      api,
      databaseUrl: database.url,
      database: programs ? 'PostgreSQL' : 'PGlite',
      keys,
      close,
      call: (role, method, path, body) => ask(method, `${api}${path}`, keys[role], body),
      startBare: async (bodies) => {
        const url = `http://127.0.0.1:${endpoints.fleet}`;
        await start({
          name: 'bare',
          run: { program: process.execPath },
          args: [...process.execArgv, fileURLToPath(new URL('./api-bare.js', import.meta.url))],
          environment: { ...process.env, BARE_PORT: String(endpoints.fleet), BARE_BODIES: JSON.stringify(bodies) },
          isReady: () => answersOk(`${url}/one`),
        });
        return url;
      },
    };
  } catch (failure) {
    await close();
    throw failure;
  }
}

async function ask(method: string, url: string, key: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(PATCHTIDE|TEMPORAL|AWS)_/.test(name)));

async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  return response.ok;
}

/** Whether somebody listens; a server of another protocol need not understand the question. */
const accepts = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    (failure: unknown) => !String((failure as { cause?: unknown }).cause).includes('ECONNREFUSED'),
  );
