import { Client, Connection } from '@temporalio/client';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type ApiConfig, ConfigurationError, readApiConfig } from '../config/index.js';
import { openStore } from '../store/index.js';
import { buildApp } from './app.js';
import { BadKeys, readKeys } from './keys.js';

const GRACE = 8_000;

/** The API as a process of its own, configured by environment alone; ends by SIGTERM after the answers it has begun. */
async function main({ databaseUrl, temporal, keysFile, temporalUi, host, port, logLevel }: ApiConfig): Promise<void> {
  const keys = readKeys(keysFile);
  const logger = pino({ name: 'api', level: logLevel, redact: ['req.headers.authorization', 'headers.authorization'] });
  const store = openStore({ databaseUrl });
  await store.migrate();
  // Connects when it is first used: without Temporal the service still answers what the store knows.
  const connection = Connection.lazy(temporal.connection);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const app = await buildApp({
    store,
    temporal: new Client({ connection, namespace: temporal.namespace }),
    keys,
    logger,
    temporalUi: temporalUi === null ? null : { url: temporalUi, namespace: temporal.namespace },
    metrics,
  });
  closeWithGrace({ delay: GRACE, logger }, async ({ err }) => {
    if (err) logger.error({ err }, 'The API ends because of a failure.');
    await app.close();
    await connection.close();
    await store.close();
  });
  await app.listen({ host, port });
}

try {
  await main(readApiConfig());
} catch (error) {
  if (!(error instanceof ConfigurationError || error instanceof BadKeys)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
