import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createFleet } from '../aws/index.js';
import { ConfigurationError, keepTrying, requestToEnd, type WorkerConfig } from '../config/index.js';
import { readVersion } from '../config/version.js';
import { openStore, StoreOfNewerRelease } from '../store/index.js';
import { AwsCallLog } from './aws-calls.js';
import { ensureDailySchedules } from './daily-schedules.js';
import { buildOf, DEPLOYMENT } from './deployment.js';

import { buildProbes } from './probes.js';
import { installRuntime } from './telemetry.js';
import { createWorker, type WorkerOfBoth } from './worker.js';

/** How long a probe waits for Temporal, in milliseconds. */
const PROBE_DEADLINE = 2_000;

/**
 * The worker as a process of its own, configured by environment alone. It waits for a store and a Temporal that do not
 * answer yet. Asked to end, it takes nothing new, hands over what it only waits for, and finishes what it has begun.
 */
export async function runWorker({
  databaseUrl,
  temporal,
  logLevel,
  bucket,
  webhook,
  healthProbes,
  probes,
  deploymentBuild,
}: WorkerConfig): Promise<void> {
  const ending = requestToEnd();
  const log = pino({ name: 'worker', level: logLevel });
  const codePath = bundlePath();
  const build = deploymentBuild === 'bundle' ? buildOf(readVersion(), readFileSync(codePath, 'utf8')) : deploymentBuild;
  if (build !== null) log.info(`Version ${build} of the worker deployment ${DEPLOYMENT}`);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const temporalMetrics = await installRuntime(log, probes !== null);
  const store = openStore({ databaseUrl });
  const calls = new AwsCallLog(store, metrics);
  const fleet = createFleet({ accounts: store, bucket, onCall: calls.onCall });
  const waitingFor = (what: string) => (err: unknown, seconds: number) =>
    log.warn({ err }, `${what} is not ready; trying again in ${seconds} s`);

  let connection: NativeConnection | null = null;
  let worker: WorkerOfBoth | null = null;
  const server = await buildProbes({
    polls: () => worker?.isRunning() ?? false,
    temporalAnswers: async () => connection !== null && answers(askTemporal(connection)),
    storeAnswers: () => answers(store.ping()),
    awsReach: () => calls.reach(),
    metrics,
    temporalMetrics,
  });
  try {
    if (probes) log.info(`Probes at ${await server.listen(probes)}`);
    await keepTrying(() => store.migrate(), waitingFor('The store'), ending, isOfNewerRelease);
    connection = await keepTrying(() => NativeConnection.connect(temporal.connection), waitingFor('Temporal'), ending);
    const { namespace } = temporal;
    const parts = {
      connection,
      namespace,
      fleet,
      records: store,
      webhook,
      healthProbes,
      draining: ending,
      bundle: { codePath },
      ...(build !== null && { build }),
    };
    const polling = await keepTrying(() => createWorker(parts), waitingFor('Temporal'), ending);
    worker = polling;
    const client = new Client({ connection, namespace });
    const scheduled = keepTrying(() => ensureDailySchedules(client), waitingFor('What is done daily'), ending).catch(
      unlessAsked,
    );
    const shutDown = () => polling.shutdown();
    if (ending.aborted) shutDown();
    else ending.addEventListener('abort', shutDown, { once: true });
    await polling.run();
    await scheduled;
  } catch (failure) {
    if (failure instanceof StoreOfNewerRelease) throw new ConfigurationError([failure.message]);
    unlessAsked(failure);
  } finally {
    await server.close();
    // A worker that was made and never ran holds on to it; the end of the process lets go.
    await connection?.close().catch((err: unknown) => log.debug({ err }, 'The connection to Temporal was not closed.'));
    fleet.close();
    await calls.close();
    await store.close();
  }

  /** What breaks off because the process was asked to end is no failure. */
  function unlessAsked(failure: unknown): void {
    if (!ending.aborted || (failure !== ending.reason && !isAbort(failure))) throw failure;
  }
}

const isOfNewerRelease = (failure: unknown): boolean => failure instanceof StoreOfNewerRelease;
const isAbort = (failure: unknown): boolean => failure instanceof Error && failure.name === 'AbortError';

const askTemporal = (connection: NativeConnection): Promise<unknown> =>
  connection.withDeadline(Date.now() + PROBE_DEADLINE, () => connection.workflowService.getSystemInfo({}));

const answers = (asked: Promise<unknown>): Promise<boolean> =>
  asked.then(
    () => true,
    () => false,
  );

/** The build writes it beside the compiled code. */
function bundlePath(): string {
  const path = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (!existsSync(path)) throw new Error(`The workflow bundle ${path} is missing: run npm run build.`);
  return path;
}
