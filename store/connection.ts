import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Database } from './schema.js';

/** Few: one PGlite serves all processes of the embedded stack one after the other, and PostgreSQL needs no more for us. */
const CONNECTIONS = 8;
/** How long a call waits for a connection, in milliseconds, before it says that the store is unavailable. */
const CONNECT_TIMEOUT = 10_000;

const TIMESTAMPTZ = 1184;
const BIGINT = 20;
const parseTimestamp = pg.types.getTypeParser(TIMESTAMPTZ) as (text: string) => Date;

const parsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === TIMESTAMPTZ) return (text: string) => parseTimestamp(text).toISOString();
    if (oid === BIGINT) return Number;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** A pool of connections to PostgreSQL, or to a PGlite that is served as one. Connects when it is first used. */
export const connect = (databaseUrl: string): Kysely<Database> => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    types: parsers,
    application_name: 'patchtide',
  });
  // A connection that breaks between two queries says so with an event, which without a listener would end the process.
  // The pool replaces an idle one; a transaction finds out with its next query.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
};
