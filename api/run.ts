import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type ApiConfig, EXIT } from '../config/index.js';
import { openStore, StoreOfNewerRelease } from '../store/index.js';
import { buildApp } from './app.js';
import type { ApiKey } from './identity.js';
import { storeAtStart } from './store-at-start.js';

/** Milliseconds for the answers that have begun; a preview that takes longer goes on in Temporal. */
const GRACE = 8_000;

/**
 * The API as a process of its own, configured by environment alone. It listens at once, and is ready when Temporal and the
 * store answer. Asked to end, it says that it is not ready, serves on for as long as its load balancer needs to hear of
 * that, ends its streams, and finishes the answers it has begun.
 */
export async function runApi(config: ApiConfig, keys: readonly ApiKey[]): Promise<void> {
  const { databaseUrl, temporal, temporalUi, host, port, logLevel, drain } = config;
  const logger = pino({ name: 'api', level: logLevel, redact: ['req.headers.authorization', 'headers.authorization'] });
  const draining = new AbortController();
  const opened = openStore({ databaseUrl });
  const notReady = (err: unknown, seconds: number) =>
    logger.warn({ err }, `The store is not ready; trying again in ${seconds} s`);
  const { store, migrated } = storeAtStart(opened, notReady, draining.signal);
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
    requestsPerMinute: config.requestsPerMinute,
    metrics,
    draining: draining.signal,
  });
  let exitCode: number = EXIT.asked;
  const { close } = closeWithGrace({ delay: drain + GRACE, logger }, async ({ err, signal }) => {
    if (err) logger.error({ err }, 'The API ends because of a failure.');
    draining.abort(new Error('Asked to end.'));
    if (signal) await delay(drain);
    await app.close();
    await connection.close();
    await opened.close();
    if (exitCode !== EXIT.asked) process.exit(exitCode);
  });
  migrated.catch((failure: unknown) => {
    if (draining.signal.aborted) return;
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    exitCode = failure instanceof StoreOfNewerRelease ? EXIT.configuration : EXIT.failed;
    close();
  });
  await app.listen({ host, port });
}
