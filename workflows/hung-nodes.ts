import type { BatchSteps } from '../domain/stage-policy.js';
import type { OperationEnd } from './operations.js';

/** What should bring nodes back, and the wait for their agents after it. */
const REBOOT = ['ec2-reboot', 'back-from-reboot'] as const;
/** Begun on nodes only where nobody knows whether the first one was sent. */
const REBOOT_AGAIN = ['ec2-reboot-again', 'back-from-reboot-again'] as const;
const RESTORE = ['restore', 'back-from-restore'] as const;

/**
 * The ladder for nodes of a batch whose agent did not come back: a reboot by EC2, their root volume from the snapshot where
 * the stage says so, set aside. Who takes a step is decided by what became of the one before (activities/hung-nodes.ts); each
 * has its deadline. Those that are back are scanned, and all of them take the after tasks, whatever broke before.
 */
export async function bringBack(
  { afterTasks, onHung }: Pick<BatchSteps, 'afterTasks' | 'onHung'>,
  step: (name: string) => Promise<OperationEnd | null>,
  attempt: (work: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  await attempt(async () => {
    for (const [rung, wait] of onHung === 'restore' ? [REBOOT, REBOOT_AGAIN, RESTORE] : [REBOOT, REBOOT_AGAIN]) {
      const end = await step(rung);
      if (end !== null && end.succeeded > 0) await step(wait);
    }
    await step('boot-after');
    await step('scan-again');
  });
  for (let task = 1; task <= afterTasks; task++) await attempt(() => step(`after-again-${task}`));
  await attempt(() => step('set-aside'));
}
