import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { openStore, StoreUnavailable } from '../../store/index.js';
import { openGateway } from '../../store/pglite/gateway.js';
import { pgliteDatabase, type TestDatabase } from '../support/databases.js';

const program = (name: string, ...args: string[]): ChildProcess =>
  fork(fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url)), args, {
    execArgv: ['--import', new URL('../support/typescript.mjs', import.meta.url).href],
    env: { ...process.env, NODE_OPTIONS: '' },
  });

describe('the gateway to PGlite', () => {
  let database: TestDatabase;
  let clients: pg.Client[] = [];
  const client = async (url = database.url) => {
    const opened = new pg.Client({ connectionString: url });
    opened.on('error', () => undefined);
    clients.push(opened);
    await opened.connect();
    return opened;
  };
  beforeAll(async () => {
    database = await pgliteDatabase();
  }, 60_000);
  beforeEach(async () => {
    await (await client()).query('drop table if exists notes; create table notes (id integer primary key, by text)');
  });
  afterEach(async () => {
    await Promise.all(clients.map((opened) => opened.end()));
    clients = [];
  });
  afterAll(() => database.close());

  test('keeps what clients ask at the same time apart', async () => {
    const rounds = Array.from({ length: 25 }, (_, round) => round);
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, name) => {
        const asking = await client();
        const own: unknown[] = [];
        for (const round of rounds)
          own.push(
            (await asking.query('select $1::integer as round, $2::text as by', [round, `client ${name}`])).rows[0],
          );
        return own;
      }),
    );
    expect(answers).toEqual(
      Array.from({ length: 8 }, (_, name) => rounds.map((round) => ({ round, by: `client ${name}` }))),
    );
  });

  test('lets nobody into a transaction', async () => {
    const [one, two] = [await client(), await client()];
    await one.query('begin');
    await one.query('insert into notes values (1, $1)', ['one']);
    const seen = two.query('select count(*)::integer as count from notes');
    await one.query('insert into notes values (2, $1)', ['one']);
    await one.query('rollback');
    expect((await seen).rows).toEqual([{ count: 0 }]);
  });

  test('a failed statement fails its own transaction and nobody else', async () => {
    const [one, two] = [await client(), await client()];
    await one.query('begin');
    await expect(one.query('select 1/$1::integer', [0])).rejects.toThrow(/division by zero/);
    await expect(one.query('select 1')).rejects.toThrow(/current transaction is aborted/);
    const other = two.query('select 1 as fine');
    await one.query('rollback');
    expect((await other).rows).toEqual([{ fine: 1 }]);
  });

  test('rolls back for a client that goes away within its transaction', async () => {
    const [one, two] = [await client(), await client()];
    await one.query('begin');
    await one.query('insert into notes values (1, null)');
    const seen = two.query('select count(*)::integer as count from notes');
    (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect((await seen).rows).toEqual([{ count: 0 }]);
  });

  test('refuses a wrong password', async () => {
    const url = new URL(database.url);
    url.password = 'wrong';
    await expect(client(url.href)).rejects.toMatchObject({ code: '28P01' });
  });

  test('carries large statements and large results', async () => {
    const large = 'x'.repeat(3_000_000);
    const { rows } = await (await client()).query('select $1::text as large', [large]);
    expect(rows[0]).toEqual({ large });
  });
});

test('a client that keeps its transaction idle for too long loses it, so that the others go on', async () => {
  const answer = Buffer.from([0x5a, 0, 0, 0, 5, 0x54]);
  const ran: string[] = [];
  const engine = {
    execProtocolRaw: async (message: Uint8Array) => {
      ran.push(Buffer.from(message.subarray(5, -1)).toString());
      return answer;
    },
  };
  const gateway = await openGateway(engine, { port: 0, password: 'test', idleInTransaction: 20 });
  const client = new pg.Client({ connectionString: `postgres://test:test@127.0.0.1:${gateway.port}/test` });
  const ended = once(client, 'error');
  await client.connect();
  await client.query('begin');
  await ended;
  await gateway.close();
  expect(ran).toEqual(['begin', 'ROLLBACK']);
});

describe('PGlite in its own thread', () => {
  let folder = '';
  let running: ChildProcess[] = [];
  const start = (name: string, ...args: string[]) => {
    const started = program(name, ...args);
    running.push(started);
    return started;
  };
  const serve = async () => {
    const server = start('serve-pglite', join(folder, 'data'));
    const [url] = (await once(server, 'message')) as [string];
    return { server, url };
  };
  const migrated = async (databaseUrl: string) => {
    const store = openStore({ databaseUrl });
    await store.migrate();
    return store;
  };
  const acknowledged = (writer: ChildProcess): string[] => {
    const keys: string[] = [];
    writer.on('message', (key: string) => keys.push(key));
    return keys;
  };
  const written = async (databaseUrl: string): Promise<Set<string>> => {
    const store = openStore({ databaseUrl });
    const { items } = await store.auditEntries({ limit: 10_000 });
    const documents = await store.documents('baseline');
    await store.close();
    return new Set([...items.map(({ key }) => key), ...documents.map(({ name }) => name)]);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchtide-pglite-'));
  });
  afterEach(async () => {
    for (const child of running) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    running = [];
    await rm(folder, { recursive: true, force: true });
  });

  test('serves several processes at once, with several connections each', async () => {
    const { server, url } = await serve();
    await (await migrated(url)).close();
    const writers = ['one', 'two', 'three'].map((name) => start('write', url, name, '60'));
    const exits = await Promise.all(writers.map((writer) => once(writer, 'exit')));
    expect(exits.map(([code]) => code)).toEqual([0, 0, 0]);
    expect((await written(url)).size).toBe(180);
    const closed = once(server, 'exit');
    server.send('close');
    expect((await closed)[0]).toBe(0);
  }, 120_000);

  test('loses nothing acknowledged when its process is killed, and opens again', async () => {
    const first = await serve();
    await (await migrated(first.url)).close();
    const writer = start('write', first.url, 'writer', '4000');
    const keys = acknowledged(writer);
    while (keys.length < 100) await once(writer, 'message');
    const gone = once(first.server, 'exit');
    first.server.kill('SIGKILL');
    await gone;
    await once(writer, 'exit');

    const second = await serve();
    const found = await written(second.url);
    expect(keys.filter((key) => !found.has(key))).toEqual([]);
    second.server.kill('SIGKILL');
  }, 120_000);

  test('a store whose database is gone says that it is unavailable', async () => {
    const { server, url } = await serve();
    const store = await migrated(url);
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    await expect(store.accounts()).rejects.toMatchObject({ code: 'store-unavailable' });
    await store.close();
  }, 120_000);
});
