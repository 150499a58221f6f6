import type { Client } from '@temporalio/client';

/** The process that follows a wave: its one watch runs on one worker at a time, or between two looks was there last. */
export async function followerOf(client: Client, workflowId: string): Promise<number | null> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const watch = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'watch');
  // An identity is `<process id>@<host>`.
  return watch?.lastWorkerIdentity ? Number(watch.lastWorkerIdentity.split('@')[0]) : null;
}

/** The waves under way, each with the process that follows it; those that nobody follows yet are left out. */
export async function followedWaves(client: Client): Promise<Map<string, number>> {
  const waves = new Map<string, number>();
  for await (const { workflowId } of client.workflow.list({
    query: 'WorkflowType="patchWave" AND ExecutionStatus="Running"',
  })) {
    const pid = await followerOf(client, workflowId);
    if (pid !== null) waves.set(workflowId, pid);
  }
  return waves;
}
