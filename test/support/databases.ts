import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import pg from 'pg';
import { findPostgres, startPostgres } from '../../local/postgres.js';
import { openStore, type Store } from '../../store/index.js';
import { servePglite } from '../../store/pglite/engine.js';

/** A database server for one test file. */
export interface TestDatabase {
  readonly url: string;
  close(): Promise<void>;
}

/** PGlite in this process and in memory, served like any other: for tests that need a database, whichever. */
export const pgliteDatabase = (): Promise<TestDatabase> => servePglite({ folder: null, port: 0, password: 'test' });

const programs = findPostgres();
const kinds: readonly { name: string; start: (() => Promise<TestDatabase>) | null }[] = [
  { name: 'PGlite', start: pgliteDatabase },
  { name: 'PostgreSQL', start: programs === null ? null : () => startPostgres(programs) },
];

/** What a test gets: a store with an empty, migrated schema, and the means to open more of them. */
export interface OnDatabase {
  /** The store of the running test. */
  readonly store: Store;
  readonly url: string;
  /** Another store with connections of its own, closed after the test. */
  another(): Store;
}

/**
 * The same tests on PGlite and on PostgreSQL, each test with an empty schema. Where PostgreSQL's server program is not found
 * its tests are reported as skipped, under a title that says so.
 */
export const onEveryDatabase = (title: string, tests: (on: OnDatabase) => void): void => {
  for (const { name, start } of kinds) {
    if (start === null) {
      describe.skip(`${title} (${name}: its server program was not found here)`, () => tests(unavailable));
      continue;
    }
    describe(`${title} (${name})`, () => {
      let database: TestDatabase | null = null;
      let opened: Store[] = [];
      const url = () => database?.url ?? missing();
      const another = () => {
        const store = openStore({ databaseUrl: url() });
        opened.push(store);
        return store;
      };
      beforeAll(async () => {
        database = await start();
      }, 60_000);
      beforeEach(async () => {
        await emptySchema(url());
        await another().migrate();
      });
      afterEach(async () => {
        await Promise.all(opened.map((store) => store.close()));
        opened = [];
      });
      afterAll(async () => {
        await database?.close();
      });
      tests({
        get store() {
          return opened[0] ?? missing();
        },
        get url() {
          return url();
        },
        another,
      });
    });
  }
};

const missing = (): never => {
  throw new Error('The database is there only while a test runs.');
};
const unavailable: OnDatabase = { store: null as never, url: '', another: missing };

export const emptySchema = (url: string): Promise<void> =>
  change(url, 'drop schema public cascade; create schema public');

/** Changes a database by hand, past the store. */
export const change = async (url: string, statement: string, values?: readonly unknown[]): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement, values && [...values]);
  await client.end();
};

/** An operation whose own time would be too long for a test ends in so many seconds. */
export const hurry = (url: string, key: string, seconds: number): Promise<void> =>
  change(url, 'update operations set deadline = now() + make_interval(secs => $1) where key = $2', [seconds, key]);
