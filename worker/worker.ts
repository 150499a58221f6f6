import { fileURLToPath } from 'node:url';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createDoctorActivities } from '../activities/doctor.js';
import { createExpireSnapshotsActivities } from '../activities/expire-snapshots.js';
import { createHealthActivities } from '../activities/health.js';
import type { ProbeRules } from '../activities/http-probe.js';
import { withImmutablesAtHand } from '../activities/immutable.js';
import { createImportActivities } from '../activities/import.js';
import type { Engine, Examiner, Fleet, Records } from '../activities/ports.js';
import { createPrepareActivities } from '../activities/prepare.js';
import { createPreviewActivities } from '../activities/preview.js';
import { createReadmitActivities } from '../activities/readmit.js';
import { createRecordActivities } from '../activities/record.js';
import { createRollbackActivities, createRollbackRecordActivities } from '../activities/roll-back.js';
import { createScanActivities } from '../activities/scan.js';
import { createStepActivities } from '../activities/steps.js';
import { createWatchActivities } from '../activities/watch.js';
import { createWebhookActivities, type WebhookTarget } from '../activities/webhook.js';
import { readVersion } from '../config/version.js';
import { TASK_QUEUE, WATCH_TASK_QUEUE } from '../workflows/messages.js';
import { versionOf } from './deployment.js';

export interface PatchtideWorker {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly fleet: Fleet & Examiner;
  readonly records: Records;
  readonly webhook: WebhookTarget | null;
  /** Whom the health checks of plans may ask. */
  readonly healthProbes: ProbeRules;
  /** For benches over a fleet whose durations are shrunk: how many times quicker than in truth the watch looks, and AWS lets calls through (1). */
  readonly pace?: { readonly looks: number; readonly rates: number };
  /** Aborted when the worker begins to shut down. */
  readonly draining?: AbortSignal;
  readonly bundle: NonNullable<WorkerOptions['workflowBundle']>;
  /** The build that this worker says it is; without one it is no version of anything. */
  readonly build?: string;
}

/** Everything that workflows may ask for, over these ports. */
export const createActivities = ({
  fleet,
  records,
  webhook,
  healthProbes,
  engine,
  draining,
  pace,
}: Pick<PatchtideWorker, 'fleet' | 'records' | 'webhook' | 'healthProbes' | 'draining' | 'pace'> & {
  readonly engine: Engine;
}) => {
  const ports = { fleet, records: withImmutablesAtHand(records) };
  return {
    ...createPrepareActivities(ports),
    ...createStepActivities({ ...ports, engine, ...(pace && { pace: pace.rates }) }),
    ...createWatchActivities({ ...ports, ...(draining && { draining }), ...(pace && { pace: pace.looks }) }),
    ...createHealthActivities({
      ...ports,
      probes: healthProbes,
      ...(draining && { draining }),
      ...(pace && { pace: pace.looks }),
    }),
    ...createRollbackActivities({ ...ports, engine }),
    ...createExpireSnapshotsActivities({ ...ports, engine }),
    ...createRollbackRecordActivities({ records }),
    ...createReadmitActivities(ports),
    ...createScanActivities(ports),
    ...createRecordActivities(ports),
    ...createPreviewActivities(ports),
    ...createImportActivities(ports),
    ...createDoctorActivities({ examiner: fleet, records, version: readVersion() }),
    ...createWebhookActivities({ target: webhook }),
  };
};

/** Temporal, as activities ask it about workflows. */
export const engineOf = (options: Pick<PatchtideWorker, 'connection' | 'namespace'>): Engine => {
  const { workflow } = new Client(options);
  return {
    hasEnded: async (workflowId) => {
      try {
        return (await workflow.getHandle(workflowId).describe()).status.name !== 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return true;
        throw error;
      }
    },
  };
};

/** How many activities of a kind a worker runs at the same time. */
export interface Places {
  /** A watch needs next to nothing, and holds its place until something ends, or between looks that are far apart. */
  readonly watches: number;
  /** Everything that does something: seconds, a few minutes at most. */
  readonly others: number;
}
const PLACES: Places = { watches: 500, others: 200 };
/** Sends take seconds and are let finish; what still runs then is cancelled, and another worker takes it over. */
const SHUTDOWN_GRACE = '15s';
/** Within the 30 seconds that Kubernetes gives a container to end. */
const SHUTDOWN_FORCE = '25s';

/** A worker for all of Patchtide's workflows and activities; `run()` it until it is shut down. */
export const createWorker = (options: PatchtideWorker): Promise<WorkerOfBoth> =>
  WorkerOfBoth.create({
    ...options,
    activities: createActivities({ ...options, engine: engineOf(options) }),
    payloadConverterPath: fileURLToPath(new URL('../workflows/payload-converter.js', import.meta.url)),
  });

/** Serves both task queues, as one: watches have places of their own, so that however many wait, steps go on. */
export class WorkerOfBoth {
  private readonly workers: readonly Worker[];
  private ending = false;

  static async create({
    connection,
    namespace,
    bundle,
    activities: { watch, checkHealth, ...others },
    payloadConverterPath,
    places = PLACES,
    build,
  }: Pick<PatchtideWorker, 'connection' | 'namespace' | 'bundle' | 'build'> & {
    readonly activities: ReturnType<typeof createActivities>;
    readonly payloadConverterPath: string;
    readonly places?: Places;
  }): Promise<WorkerOfBoth> {
    const shared = {
      connection,
      namespace,
      shutdownGraceTime: SHUTDOWN_GRACE,
      shutdownForceTime: SHUTDOWN_FORCE,
      dataConverter: { payloadConverterPath },
      ...(build !== undefined && { workerDeploymentOptions: versionOf(build) }),
    };
    const watches = await Worker.create({
      ...shared,
      taskQueue: WATCH_TASK_QUEUE,
      activities: { watch, checkHealth },
      maxConcurrentActivityTaskExecutions: places.watches,
    });
    const all = await Worker.create({
      ...shared,
      taskQueue: TASK_QUEUE,
      workflowBundle: bundle,
      activities: others,
      maxConcurrentActivityTaskExecutions: places.others,
    });
    return new WorkerOfBoth([all, watches]);
  }

  private constructor(workers: readonly Worker[]) {
    this.workers = workers;
  }

  /** Until both have been shut down; where one breaks, the other is shut down as well. */
  async run(): Promise<void> {
    if (this.ending) return;
    const runs = this.workers.map((worker) => worker.run());
    const ends = await Promise.allSettled(
      runs.map((run) =>
        run.catch((error: unknown) => {
          this.shutdown();
          throw error;
        }),
      ),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Takes nothing new and ends what has begun; before `run`, that is nothing. */
  shutdown(): void {
    this.ending = true;
    for (const worker of this.workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  }

  /** Whether both take work. */
  isRunning(): boolean {
    return this.workers.every((worker) => worker.getState() === 'RUNNING');
  }
}
