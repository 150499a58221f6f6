import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A throw-away PostgreSQL server of one test file. */
export interface Postgres {
  readonly url: string;
  /** Of the server as it runs now. */
  readonly pid: number | null;
  /** Ends the server as an administrator does (fast mode: connections are cut), and starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends the server at once, as a crash would, and starts it again on the same data. */
  crashAndRestart(): Promise<void>;
  close(): Promise<void>;
}

/** The folder of PostgreSQL's server programs (the newest release found), or null where there are none. */
export const findPostgres = (): string | null => {
  const debian = '/usr/lib/postgresql';
  const releases = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...releases.map((release) => join(debian, release, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
};

/** Starts a cluster of its own in a temporary folder, reached by a socket in that folder, so that no port is taken. */
export const startPostgres = async (programs: string): Promise<Postgres> => {
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-postgres-'));
  const as = await someoneButRoot();
  if (as !== MYSELF) await chown(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  await run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'patchtide', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    { ...as, cwd: folder },
  );
  let server = await serve(programs, folder, data, as);
  return {
    url: `postgres://patchtide@${encodeURIComponent(folder)}/postgres`,
    get pid() {
      return server.pid;
    },
    restart: async () => {
      await server.end('SIGINT');
      server = await serve(programs, folder, data, as);
    },
    crashAndRestart: async () => {
      await server.end('SIGQUIT');
      server = await serve(programs, folder, data, as);
    },
    close: async () => {
      await server.end('SIGINT');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** Whom a program runs as. */
interface User {
  readonly uid: number;
  readonly gid: number;
}
const MYSELF: User = { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };

const serve = async (programs: string, folder: string, data: string, as: User) => {
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', 'logging_collector=off'],
    { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    void ended.then(() => reject(new Error(`PostgreSQL did not start:\n${log.join('\n')}`)));
    createInterface({ input: server.stderr }).on('line', (line) => {
      log.push(line);
      if (line.includes('database system is ready to accept connections')) resolve();
    });
  });
  return {
    pid: server.pid ?? null,
    end: async (signal: 'SIGINT' | 'SIGQUIT') => {
      server.kill(signal);
      await ended;
    },
  };
};

/** PostgreSQL refuses to run as root: its own user, else `nobody`. */
const someoneButRoot = async (): Promise<User> => {
  if (MYSELF.uid !== 0) return MYSELF;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.');
};
