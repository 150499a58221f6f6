import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { withImmutablesAtHand } from '../activities/immutable.js';
import type { Fleet, Records } from '../activities/ports.js';
import { createPrepareActivities } from '../activities/prepare.js';
import { createPreviewActivities } from '../activities/preview.js';
import { createRecordActivities } from '../activities/record.js';
import { createScanActivities } from '../activities/scan.js';
import { createStepActivities } from '../activities/steps.js';
import { createWatchActivities } from '../activities/watch.js';
import { createWebhookActivities, type WebhookTarget } from '../activities/webhook.js';
import { TASK_QUEUE } from '../workflows/messages.js';

export interface PatchtideWorker {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly fleet: Fleet;
  readonly records: Records;
  readonly webhook: WebhookTarget | null;
  readonly bundle: NonNullable<WorkerOptions['workflowBundle']>;
}

/** Everything that workflows may ask for, over these ports. */
export const createActivities = ({
  fleet,
  records,
  webhook,
}: Pick<PatchtideWorker, 'fleet' | 'records' | 'webhook'>) => {
  const ports = { fleet, records: withImmutablesAtHand(records) };
  return {
    ...createPrepareActivities(ports),
    ...createStepActivities(ports),
    ...createWatchActivities(ports),
    ...createScanActivities(ports),
    ...createRecordActivities(ports),
    ...createPreviewActivities(ports),
    ...createWebhookActivities({ target: webhook }),
  };
};

/**
 * How many activities a worker runs at the same time. A watch occupies a place for hours and needs next to nothing, so
 * this is the number of waves and scans that one worker can follow, and some for the short ones.
 */
const ACTIVITIES_AT_ONCE = 500;
/** Sends take seconds; a watch is handed over by its cancellation. */
const SHUTDOWN_GRACE = '15s';

/** A worker for all of Patchtide's workflows and activities; `run()` it until it is shut down. */
export const createWorker = (options: PatchtideWorker): Promise<Worker> =>
  Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: TASK_QUEUE,
    workflowBundle: options.bundle,
    activities: createActivities(options),
    maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE,
    shutdownGraceTime: SHUTDOWN_GRACE,
    dataConverter: {
      payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.js', import.meta.url)),
    },
  });
