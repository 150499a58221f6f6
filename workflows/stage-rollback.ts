import { CancellationScope, executeChild, ParentClosePolicy } from '@temporalio/workflow';
import { type Instant, workflowIds } from '../domain/ids.js';
import { recordingRollbacks } from './activities.js';
import { attributesOf } from './phase.js';
import { reasonOf } from './reason.js';
import { rollBackNodes } from './roll-back.js';
import { ROLLBACK_START } from './rollback-messages.js';
import type { StageInput, StageResult, StageState } from './stage-state.js';

/**
 * What the plan wants of a stage that failures have stopped (`onFailure: rollback`), or an operator of one that asked: all
 * that it changed goes back. What could not go back is named, and the stage has failed. Whoever cancels meanwhile is too late:
 * nodes are out of service.
 */
export function rollBackStage(
  { request, policy }: StageInput,
  stage: StageState,
  reason: string,
): Promise<StageResult> {
  const failed = (message: string): StageResult => ({
    status: 'failed',
    patchSet: null,
    message: `${reason} ${message}`,
  });
  const { cycle, plan } = request;
  return CancellationScope.nonCancellable(async () => {
    await stage.note(`${reason} What stage ${policy.name} changed is being rolled back.`);
    const now = new Date(Date.now()).toISOString() as Instant;
    const key = `stopped/${policy.name}`;
    const opened = await recordingRollbacks.openRollback({ cycle, stage: policy.name, key, by: BY, reason, now });
    if (opened.kind !== 'opened') return failed(`Nothing was rolled back: ${opened.message}`);
    const { number } = opened;
    try {
      const { status, message } = await executeChild(rollBackNodes, {
        workflowId: workflowIds.rollback(workflowIds.cycle(plan, request.number), number),
        // A stage that is terminated leaves nodes on their way: they are brought to its end.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        typedSearchAttributes: attributesOf({ plan, stage: policy.name, phase: 'rolling-back' }),
        staticSummary: `Rollback ${number} of stage ${policy.name}`,
        args: [{ request, number, progress: ROLLBACK_START }],
      });
      return status === 'rolled-back' ? { ...failed(message), status } : failed(message);
    } catch (error) {
      return failed(`The rollback did not end by itself: ${reasonOf(error)}`);
    }
  });
}

/** Who asks for it: no person. */
const BY = 'patchtide';
