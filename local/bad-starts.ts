import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A start that must be refused: what is wrong with an environment that is otherwise good. */
export interface BadStart {
  readonly process: 'worker' | 'api' | 'both';
  /** What is changed; null: left out. */
  readonly change: Readonly<Record<string, string | null>>;
  /** A word that nobody may read in what is printed. */
  readonly secret?: string;
}

/** Every variable that is required, left out and wrong, and those whose fault would be found out late or never. */
export const BAD_STARTS: readonly BadStart[] = [
  { process: 'both', change: { DATABASE_URL: null } },
  { process: 'both', change: { DATABASE_URL: 'mysql://patchtide:hunter2@db/patchtide' }, secret: 'hunter2' },
  { process: 'both', change: { TEMPORAL_ADDRESS: null } },
  { process: 'both', change: { TEMPORAL_ADDRESS: 'https://temporal.example.com' } },
  { process: 'worker', change: { PATCHTIDE_BUCKET: null } },
  { process: 'worker', change: { PATCHTIDE_BUCKET: 'acme-{zone}' } },
  { process: 'api', change: { PATCHTIDE_KEYS: null } },
  { process: 'api', change: { PATCHTIDE_KEYS: '/nowhere/keys.json' } },
  { process: 'both', change: { TEMPORAL_TLS: 'yes' } },
  { process: 'both', change: { TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'hunter2-key' }, secret: 'hunter2' },
  { process: 'both', change: { TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere/tls.crt' } },
  { process: 'both', change: { TEMPORAL_TLS_CERT: '/nowhere/tls.crt' } },
  { process: 'both', change: { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' } },
  { process: 'api', change: { PATCHTIDE_PORT: '70000' } },
  { process: 'api', change: { PATCHTIDE_HOST: 'http://0.0.0.0' } },
  { process: 'api', change: { PATCHTIDE_DRAIN: 'soon' } },
  { process: 'api', change: { PATCHTIDE_TEMPORAL_UI: 'temporal-ui' } },
  { process: 'worker', change: { PATCHTIDE_WORKER_PORT: 'http' } },
  { process: 'worker', change: { PATCHTIDE_WEBHOOK_URL: 'https://hooks.example.com/x' } },
  {
    process: 'worker',
    change: { PATCHTIDE_WEBHOOK_URL: 'https://hooks.example.com/x', PATCHTIDE_WEBHOOK_SECRET: 'hunter2' },
    secret: 'hunter2',
  },
  { process: 'worker', change: { AWS_ENDPOINT_URL: 'localhost:4566' } },
  { process: 'worker', change: { PATCHTIDE_HEALTH_LOOPBACK: 'yes' } },
  { process: 'both', change: { PATCHTIDE_LOG_LEVEL: 'loud' } },
  { process: 'both', change: { PATCHTIDE_BUKET: 'acme' } },
  { process: 'both', change: { DATABASE_URL: null, TEMPORAL_ADDRESS: null, PATCHTIDE_LOG_LEVEL: 'loud' } },
];

/** An environment that both processes accept; nothing of it is there to be reached. */
const GOOD = {
  DATABASE_URL: 'postgres://patchtide:hunter2@127.0.0.1:1/patchtide',
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  PATCHTIDE_BUCKET: 'acme-{region}',
};

const MODULES = { worker: '../worker/main.js', api: '../api/server.js' } as const;

export interface Refusal {
  readonly process: 'worker' | 'api';
  readonly exitCode: number | null;
  /** What was printed, a line for each fault. */
  readonly lines: readonly string[];
}

/**
 * Starts the real processes with such an environment, one after the other, and waits for their end.
 * @param keysFile a good one
 * @param compiled a module of the folder in which compiled code of `local/` lies
 */
export async function refusalsOf(
  { process: which, change }: BadStart,
  keysFile: string,
  compiled: string | URL = import.meta.url,
): Promise<Refusal[]> {
  const environment = { PATH: process.env.PATH, ...GOOD, PATCHTIDE_KEYS: keysFile, ...change };
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== null),
  ) as NodeJS.ProcessEnv;
  const refusals: Refusal[] = [];
  for (const name of which === 'both' ? (['worker', 'api'] as const) : [which]) {
    const child = spawn(process.execPath, [fileURLToPath(new URL(MODULES[name], compiled))], {
      env: set,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    refusals.push({ process: name, exitCode, lines: said.trimEnd().split('\n') });
  }
  return refusals;
}
