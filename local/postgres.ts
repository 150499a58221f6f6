import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A throw-away PostgreSQL server. */
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

/** A database whose server does not run yet, in a folder of its own: whom it runs as may not look into ours. */
export interface Cluster {
  readonly folder: string;
  /** Reached by this socket, so that no port is taken. */
  readonly socket: string;
  readonly url: string;
  /** How its server is started: what it listens on and that it does not wait for the disk is among the arguments. */
  readonly command: string;
  readonly args: readonly string[];
  /** Whom it runs as, where not as we do. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** The folder of PostgreSQL's server programs (the newest release found), or null where there are none. */
export function findPostgres(): string | null {
  const debian = '/usr/lib/postgresql';
  const releases = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...releases.map((release) => join(debian, release, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
}

/** Makes a database in a temporary folder; whoever starts its server removes the folder when it has ended. */
export async function createCluster(programs: string, settings: readonly string[] = []): Promise<Cluster> {
  const user = await someoneButRoot();
  const folder = await mkdtemp(join(tmpdir(), 'patchtide-postgres-'));
  if (user) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  await run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'patchtide', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    { ...user, cwd: folder },
  );
  const all = ['listen_addresses=', 'fsync=off', 'logging_collector=off', ...settings];
  return {
    folder,
    socket: join(folder, '.s.PGSQL.5432'),
    url: `postgres://patchtide@${encodeURIComponent(folder)}/postgres`,
    command: join(programs, 'postgres'),
    args: ['-D', data, '-k', folder, ...all.flatMap((setting) => ['-c', setting])],
    user,
  };
}

/** Starts the server of a database of its own. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const cluster = await createCluster(programs);
  let server = await serve(cluster);
  const again = async (signal: 'SIGINT' | 'SIGQUIT') => {
    await server.end(signal);
    server = await serve(cluster);
  };
  return {
    url: cluster.url,
    get pid() {
      return server.pid;
    },
    restart: () => again('SIGINT'),
    crashAndRestart: () => again('SIGQUIT'),
    close: async () => {
      await server.end('SIGINT');
      await rm(cluster.folder, { recursive: true, force: true });
    },
  };
}

async function serve({ command, args, user, folder }: Cluster) {
  const server = spawn(command, args, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
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
}

/** PostgreSQL refuses to run as root: its own user, else `nobody`; null where we are not root. */
async function someoneButRoot(): Promise<Cluster['user']> {
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
