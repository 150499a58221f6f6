import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { workflowIds } from '../domain/ids.js';
import { type PatchtideWorkflows, TASK_QUEUE } from '../workflows/messages.js';

/** From 03:00 UTC on. */
const DAILY = { calendars: [{ hour: 3, minute: 0 }], jitter: '30 minutes' } as const;

/**
 * Sees to it that the whole fleet is scanned once a day, so that compliance is known without anybody's doing. A schedule
 * that is there already is left as it is: somebody may have paused or moved it in the Temporal UI.
 */
export async function ensureDailyScan(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: workflowIds.fleetScan('daily'),
      spec: { ...DAILY, calendars: [...DAILY.calendars] },
      // A scan that still runs is as good as the next one; one that was missed is made up for within the day.
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12 hours' },
      action: {
        type: 'startWorkflow',
        workflowType: 'scanFleet' satisfies keyof PatchtideWorkflows,
        workflowId: workflowIds.fleetScan('daily'),
        taskQueue: TASK_QUEUE,
        args: [{ id: null, requestedBy: 'schedule', locations: null }],
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
