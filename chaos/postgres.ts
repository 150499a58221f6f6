import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStore } from '../store/index.js';
import { Program } from './program.js';

const run = promisify(execFile);

/** The folder of PostgreSQL's server programs (the newest release found), or null where there are none. */
export function findPostgres(): string | null {
  const debian = '/usr/lib/postgresql';
  const releases = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...releases.map((release) => join(debian, release, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
}

/** A PostgreSQL of its own, in a folder of its own: whom it runs as may not look into ours. */
export interface Postgres {
  readonly program: Program;
  /** Reached by this socket, so that no port is taken. */
  readonly socket: string;
  readonly url: string;
  close(): Promise<void>;
}

/** Makes a database; its program is not started yet. */
export async function preparePostgres(programs: string, log: string): Promise<Postgres> {
  const user = await someoneButRoot();
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-postgres-'));
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const options = { cwd: folder, ...user };
  const cluster = ['-U', 'patchtide', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  await run(join(programs, 'initdb'), ['-D', data, ...cluster], options);
  const settings = [
    'listen_addresses=',
    'max_connections=400',
    'shared_buffers=64MB',
    'fsync=off',
    'logging_collector=off',
  ];
  const socket = join(folder, '.s.PGSQL.5432');
  const url = `postgres://patchtide@${encodeURIComponent(folder)}/postgres`;
  const program = new Program({
    name: 'database',
    command: join(programs, 'postgres'),
    args: ['-D', data, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])],
    environment: process.env,
    log,
    ...(user ? { user } : {}),
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

/** PostgreSQL refuses to run as root: its own user, else `nobody`; null where we are not root. */
async function someoneButRoot(): Promise<{ uid: number; gid: number } | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.');
}
