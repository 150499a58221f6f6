import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createDoctorActivities } from '../activities/doctor.js';
import { withImmutablesAtHand } from '../activities/immutable.js';
import { createImportActivities } from '../activities/import.js';
import type { Examiner, Fleet, Records } from '../activities/ports.js';
import { createPrepareActivities } from '../activities/prepare.js';
import { createPreviewActivities } from '../activities/preview.js';
import { createRecordActivities } from '../activities/record.js';
import { createScanActivities } from '../activities/scan.js';
import { createStepActivities } from '../activities/steps.js';
import { createWatchActivities } from '../activities/watch.js';
import { createWebhookActivities, type WebhookTarget } from '../activities/webhook.js';
import { readVersion } from '../config/version.js';
import { TASK_QUEUE } from '../workflows/messages.js';

export interface PatchtideWorker {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly fleet: Fleet & Examiner;
  readonly records: Records;
  readonly webhook: WebhookTarget | null;
  /** How many times quicker than in truth things go, for benches over a fleet whose durations are shrunk (1). */
  readonly pace?: number;
  /** Aborted when the worker begins to shut down. */
  readonly draining?: AbortSignal;
  readonly bundle: NonNullable<WorkerOptions['workflowBundle']>;
}

/** Everything that workflows may ask for, over these ports. */
export const createActivities = ({
  fleet,
  records,
  webhook,
  draining,
  pace,
}: Pick<PatchtideWorker, 'fleet' | 'records' | 'webhook' | 'draining' | 'pace'>) => {
  const ports = { fleet, records: withImmutablesAtHand(records) };
  return {
    ...createPrepareActivities(ports),
    ...createStepActivities(ports),
    ...createWatchActivities({ ...ports, ...(draining && { draining }), ...(pace !== undefined && { pace }) }),
    ...createScanActivities(ports),
    ...createRecordActivities(ports),
    ...createPreviewActivities(ports),
    ...createImportActivities(ports),
    ...createDoctorActivities({ examiner: fleet, records, version: readVersion() }),
    ...createWebhookActivities({ target: webhook }),
  };
};

/**
 * How many activities a worker runs at the same time. A watch occupies a place for hours and needs next to nothing, so
 * this is the number of waves and scans that one worker can follow, and some for the short ones.
 */
const ACTIVITIES_AT_ONCE = 500;
/** Sends take seconds and are let finish; what still runs then is cancelled, and another worker takes it over. */
const SHUTDOWN_GRACE = '15s';
/** Within the 30 seconds that Kubernetes gives a container to end. */
const SHUTDOWN_FORCE = '25s';

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
    shutdownForceTime: SHUTDOWN_FORCE,
    dataConverter: {
      payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.js', import.meta.url)),
    },
  });
