import type { RetryPolicy } from '@temporalio/common';
import { proxyActivities } from '@temporalio/workflow';
import type { DoctorActivities } from '../activities/doctor.js';
import type { ExpireSnapshotsActivities } from '../activities/expire-snapshots.js';
import type { HealthActivities } from '../activities/health.js';
import type { ImportActivities } from '../activities/import.js';
import type { PrepareActivities } from '../activities/prepare.js';
import type { PreviewActivities } from '../activities/preview.js';
import type { ReadmitActivities } from '../activities/readmit.js';
import type { RecordActivities } from '../activities/record.js';
import type { RollbackActivities, RollbackRecordActivities } from '../activities/roll-back.js';
import type { ScanActivities } from '../activities/scan.js';
import type { StepActivities } from '../activities/steps.js';
import type { WatchActivities } from '../activities/watch.js';
import type { WebhookActivities } from '../activities/webhook.js';
import { WATCH_TASK_QUEUE } from './messages.js';

/*
 * Every activity that a workflow may call, with its time-outs and the reason for each.
 *
 * Whatever talks to AWS heartbeats every few seconds, so that another worker takes it over within half a minute of a
 * crash, however long it may take. What AWS refuses for about a minute comes back to the workflow, which says that it
 * waits and tries again (aws-outage.ts).
 */

const AWS_RETRY = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '20s',
  maximumAttempts: 6,
  nonRetryableErrorTypes: ['aws-denied', 'aws-rejected'],
} satisfies RetryPolicy;

/** Reads whole locations and writes baselines: minutes for a large account under throttling. */
export const preparing = proxyActivities<PrepareActivities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/** Sends at most one effect per node and returns: seconds, but up to minutes where each node is a call of its own (snapshots). */
export const stepping = proxyActivities<StepActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/**
 * Waits for hours on purpose: an attempt looks for a minute or two, and each later look is an attempt of its own, so there
 * is no number of them. What it can't see for about a minute it says itself; the store it waits for.
 */
export const watching = proxyActivities<WatchActivities>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '25s',
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    // The pause is added to the half minute after which a dead worker is found out, however many attempts there were.
    maximumInterval: '5s',
    nonRetryableErrorTypes: [
      ...AWS_RETRY.nonRetryableErrorTypes,
      ...['aws-throttled', 'aws-unreachable', 'aws-not-yet', 'StoreNotFound', 'TypeError', 'Error'],
    ],
  },
  summary: 'Follows what has been sent until something ends',
});

/** Waits on purpose, for as long as a plan gives a zone to be well again: a day at the most, and then what it has sent. */
export const healthChecking = proxyActivities<HealthActivities>({
  taskQueue: WATCH_TASK_QUEUE,
  startToCloseTimeout: '26 hours',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

export const scanning = proxyActivities<ScanActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/** Sends one effect per node, a call each for the restores, and reads a scan for each. */
export const rollingBack = proxyActivities<RollbackActivities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/** The store only, and for all nodes of a cycle at once. */
export const recordingRollbacks = proxyActivities<RollbackRecordActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});

/** The store only: short, and repeated until the store is back. */
export const recording = proxyActivities<RecordActivities>({
  startToCloseTimeout: '20s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});

/** Reads the scans of all nodes of a stage: minutes for a hundred thousand. */
export const harvesting = proxyActivities<Pick<RecordActivities, 'harvest'>>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '25s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '15s' },
});

/** A call for each of two hundred snapshots, at EC2's rate for changes. */
export const expiring = proxyActivities<ExpireSnapshotsActivities>({
  startToCloseTimeout: '15 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/** A write to the store and a call to AWS. */
export const readmitting = proxyActivities<ReadmitActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '25s',
  retry: AWS_RETRY,
});

/** A person waits for the answer. */
export const previewing = proxyActivities<PreviewActivities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '25s',
  retry: { ...AWS_RETRY, maximumAttempts: 2 },
});

/** A person waits for the answer, and it is bound by itself: what it cannot find out in time, it says. */
export const examining = proxyActivities<DoctorActivities>({
  startToCloseTimeout: '55 seconds',
  heartbeatTimeout: '25s',
  retry: { maximumAttempts: 1 },
});

/** A person waits for the answer; a call for each task and baseline of every account takes its time. */
export const importing = proxyActivities<ImportActivities>({
  startToCloseTimeout: '4 minutes',
  heartbeatTimeout: '25s',
  retry: { ...AWS_RETRY, maximumAttempts: 2 },
});

/** The receiver may be down for a day; then its people will have noticed. */
export const webhooks = proxyActivities<WebhookActivities>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '24 hours',
  retry: { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '15 minutes' },
});
