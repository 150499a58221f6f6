import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createFleet } from '../../aws/index.js';
import { readWorkerConfig } from '../../config/index.js';
import { openStore } from '../../store/index.js';
import { TASK_QUEUE } from '../../workflows/messages.js';
import { createPlainActivities } from './activities.js';

/* The rival's worker, as worker/main.ts is ours: as many activities at the same time. */
const config = readWorkerConfig();
const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, shutdownSignals: ['SIGTERM', 'SIGINT'] });
const store = openStore({ databaseUrl: config.databaseUrl });
await store.migrate();
const fleet = createFleet({ accounts: store, bucket: config.bucket });
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./workflows.js', import.meta.url)),
  logger,
});
const connection = await NativeConnection.connect(config.temporal.connection);
try {
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: { code },
    activities: createPlainActivities({ fleet, records: store }),
    maxConcurrentActivityTaskExecutions: 500,
  });
  await worker.run();
} finally {
  await connection.close();
  fleet.close();
  await store.close();
}
