import { rm } from 'node:fs/promises';
import { createCluster } from '../local/postgres.js';
import { openStore } from '../store/index.js';
import { Program } from './program.js';

/** A PostgreSQL of its own that can be killed and started again. */
export interface Postgres {
  readonly program: Program;
  /** Reached by this socket, so that no port is taken. */
  readonly socket: string;
  readonly url: string;
  close(): Promise<void>;
}

/** Makes a database; its program is not started yet. */
export async function preparePostgres(programs: string, log: string): Promise<Postgres> {
  const { folder, socket, url, command, args, user } = await createCluster(programs, [
    'max_connections=400',
    'shared_buffers=64MB',
  ]);
  const program = new Program({
    name: 'database',
    command,
    args,
    environment: process.env,
    log,
    ...(user && { user }),
    watched: false,
    isReady: () => answers(url),
  });
  return {
    program,
    socket,
    url,
    close: async () => {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One that listens may still be starting up. */
async function answers(databaseUrl: string): Promise<boolean> {
  const store = openStore({ databaseUrl });
  try {
    await store.ping();
    return true;
  } finally {
    await store.close();
  }
}
