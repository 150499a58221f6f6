import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createFleet } from '../aws/index.js';
import { readWorkerConfig } from '../config/index.js';
import { openStore } from '../store/index.js';
import { createWorker } from '../worker/worker.js';

/*
 * The worker of a bench: the same workflows and activities over the same ports as worker/main.ts, with two things more.
 * BENCH_LOOKS shrinks the intervals of the watch, and BENCH_RATES AWS's rates, by the factor by which the simulated fleet
 * shrinks its durations, so that an install is looked at as often as a real one. BENCH_PROFILE names a file for a processor profile.
 */
const config = readWorkerConfig();
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM', 'SIGINT'] });
const store = openStore({ databaseUrl: config.databaseUrl });
await store.migrate();
const fleet = createFleet({ accounts: store, bucket: config.bucket });
const connection = await NativeConnection.connect(config.temporal.connection);
const { BENCH_LOOKS, BENCH_RATES, BENCH_PROFILE } = process.env;
const profiler = BENCH_PROFILE ? new Session() : null;
if (profiler) {
  profiler.connect();
  await profiler.post('Profiler.enable');
  await profiler.post('Profiler.start');
}
try {
  const worker = await createWorker({
    connection,
    namespace: config.temporal.namespace,
    fleet,
    records: store,
    webhook: null,
    healthProbes: { loopback: false },
    bundle: { codePath: fileURLToPath(new URL('../workflow-bundle.js', import.meta.url)) },
    pace: { looks: Number(BENCH_LOOKS ?? 1), rates: Number(BENCH_RATES ?? 1) },
  });
  await worker.run();
} finally {
  if (profiler && BENCH_PROFILE) {
    const { profile } = await profiler.post('Profiler.stop');
    writeFileSync(BENCH_PROFILE, JSON.stringify(profile));
  }
  await connection.close();
  fleet.close();
  await store.close();
}
