import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { createFleet } from '../aws/index.js';
import { ConfigurationError, readWorkerConfig, type WorkerConfig } from '../config/index.js';
import { openStore } from '../store/index.js';
import { ensureDailyScan } from './daily-scan.js';
import { createWorker } from './worker.js';

/** The worker as a process of its own, configured by environment alone; ends by SIGTERM after what it has begun. */
async function main(): Promise<void> {
  const config = readConfig();
  if (!config) return;
  const log = pino({ name: 'worker', level: config.logLevel });
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => log[levelOf(level)](meta ?? {}, message)),
    shutdownSignals: ['SIGTERM', 'SIGINT'],
  });
  const store = openStore({ databaseUrl: config.databaseUrl });
  await store.migrate();
  const fleet = createFleet({ accounts: store, bucket: config.bucket });
  const connection = await NativeConnection.connect(config.temporal.connection);
  try {
    const worker = await createWorker({
      connection,
      namespace: config.temporal.namespace,
      fleet,
      records: store,
      webhook: config.webhook,
      bundle: { codePath: bundlePath() },
    });
    await ensureDailyScan(new Client({ connection, namespace: config.temporal.namespace }));
    await worker.run();
  } finally {
    await connection.close();
    fleet.close();
    await store.close();
  }
}

function readConfig(): WorkerConfig | null {
  try {
    return readWorkerConfig();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return null;
  }
}

/** The build writes it beside the compiled code. */
function bundlePath(): string {
  const path = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (!existsSync(path)) throw new Error(`The workflow bundle ${path} is missing: run npm run build.`);
  return path;
}

function levelOf(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  switch (level) {
    case 'TRACE':
      return 'trace';
    case 'DEBUG':
      return 'debug';
    case 'WARN':
      return 'warn';
    case 'ERROR':
      return 'error';
    default:
      return 'info';
  }
}

await main();
