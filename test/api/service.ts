import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import pg from 'pg';
import { type ApiOptions, buildApp } from '../../api/app.js';
import { ROLES, type Role } from '../../api/identity.js';
import { openStore, type Store } from '../../store/index.js';
import { pgliteDatabase, type TestDatabase } from '../support/databases.js';
import { FakeTemporal } from './fake-temporal.js';

const keyOf = (role: string): string => `a-key-for-the-${role}-of-the-tests`;

/** Two operators and two approvers, so that four eyes can be seen to be four. */
const PEOPLE = [
  ...ROLES.map((role) => ({ name: role, role, key: keyOf(role) })),
  { name: 'second-approver', role: 'approver' as const, key: keyOf('second-approver') },
  { name: 'second-operator', role: 'operator' as const, key: keyOf('second-operator') },
];
export type Person = Role | 'second-approver' | 'second-operator';

/** The API of the running test: a real store, and a Temporal that does as the test says. */
export interface Service {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly temporal: FakeTemporal;
  /** Sends a request as a person; null: as nobody. */
  send(as: Person | null, request: InjectOptions & { readonly url: string }): Promise<LightMyRequestResponse>;
  get(url: string, as?: Person): Promise<LightMyRequestResponse>;
  post(as: Person, url: string, payload: object, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  put(url: string, payload: object | string, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
}

/**
 * The API as these tests want it: quiet, and in no hurry. The event loop is the tests' own: that it is late on a busy
 * machine says nothing about the service.
 */
export const appOf = (options: Pick<ApiOptions, 'store' | 'temporal' | 'keys'> & Partial<ApiOptions>) =>
  buildApp({ logger: null, temporalUi: null, maxEventLoopDelay: 0, ...options });

/** One service for the tests of a file, each of which finds it empty. */
export function useService(options: Partial<ApiOptions> = {}): Service {
  let database: TestDatabase;
  let current: { app: FastifyInstance; store: Store; temporal: FakeTemporal };

  beforeAll(async () => {
    database = await pgliteDatabase();
    const store = openStore({ databaseUrl: database.url });
    await store.migrate();
    const temporal = new FakeTemporal();
    const app = await appOf({
      store,
      temporal: temporal.client,
      keys: PEOPLE,
      temporalUi: { url: 'http://127.0.0.1:8233', namespace: 'default' },
      eventInterval: 5,
      ...options,
    });
    current = { app, store, temporal };
  }, 60_000);
  afterEach(async () => {
    current.temporal.reset();
    await emptyTables(database.url);
  });
  afterAll(async () => {
    await current.app.close();
    await current.store.close();
    await database.close();
  });

  const send: Service['send'] = (as, request) =>
    current.app.inject({
      ...request,
      headers: { ...(as && { authorization: `Bearer ${keyOf(as)}` }), ...request.headers },
    });
  return {
    get app() {
      return current.app;
    },
    get store() {
      return current.store;
    },
    get temporal() {
      return current.temporal;
    },
    send,
    get: (url, as = 'viewer') => send(as, { method: 'GET', url }),
    post: (as, url, payload, headers = {}) => send(as, { method: 'POST', url, payload, headers }),
    put: (url, payload, headers = {}) => send('admin', { method: 'PUT', url, payload, headers }),
  };
}

const emptyTables = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    "select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename <> 'migrations'",
  );
  await client.query(`truncate ${rows.map(({ name }) => name).join(', ')} restart identity cascade`);
  await client.end();
};
