import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { workflowIds } from '../domain/ids.js';
import { type PatchtideWorkflows, TASK_QUEUE } from '../workflows/messages.js';

/** What happens once a day without anybody's doing, from so many o'clock on in UTC; a Schedule has the id of what it starts. */
const DAILY: readonly {
  readonly id: string;
  readonly hour: number;
  readonly workflowType: keyof PatchtideWorkflows;
  readonly args: readonly unknown[];
}[] = [
  {
    // So that compliance is known.
    id: workflowIds.fleetScan('daily'),
    hour: 3,
    workflowType: 'scanFleet',
    args: [{ id: null, requestedBy: 'schedule', locations: null }],
  },
  { id: workflowIds.snapshotExpiry('daily'), hour: 5, workflowType: 'expireSnapshots', args: [] },
];

/**
 * Sees to it that what is done daily is scheduled. A schedule that is there already is left as it is: somebody may have paused or
 * moved it in the Temporal UI.
 */
export async function ensureDailySchedules(client: Client): Promise<void> {
  for (const { id, hour, workflowType, args } of DAILY) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec: { calendars: [{ hour, minute: 0 }], jitter: '30 minutes' },
        // One that still runs is as good as the next one; one that was missed is made up for within the day.
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12 hours' },
        action: { type: 'startWorkflow', workflowType, workflowId: id, taskQueue: TASK_QUEUE, args: [...args] },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}
