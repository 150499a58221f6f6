import {
  defineSearchAttributeKey,
  SearchAttributeType,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { type Instant, type PlanName, workflowIds } from '../domain/ids.js';
import { recording } from './activities.js';
import { patchCycle } from './patch-cycle.js';
import { attributesOf } from './phase.js';

/** Set by a Temporal Schedule on what it starts. */
const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/**
 * What a plan's schedule starts. The schedule fires on candidate days, the plan's calendar says whether this is the day.
 * Triggered by hand, it starts a cycle now. Reserving is keyed by this very start, so that its own retry gets the same cycle; the cycle outlives this workflow.
 */
export async function startPlannedCycle({ plan }: { readonly plan: PlanName }): Promise<string> {
  const { workflowId, typedSearchAttributes, startTime } = workflowInfo();
  const now = new Date(Date.now()).toISOString() as Instant;
  const scheduled = typedSearchAttributes.get(SCHEDULED_START);
  const scheduledFor = scheduled ? (scheduled.toISOString() as Instant) : null;
  const startedAt = startTime.toISOString() as Instant;
  const reserved = await recording.reservePlannedCycle({
    plan,
    idempotencyKey: workflowId,
    now,
    scheduledFor,
    startedAt,
  });
  if (reserved.kind !== 'reserved') return reserved.message;
  const { request } = reserved;
  try {
    await startChild(patchCycle, {
      workflowId: workflowIds.cycle(plan, request.number),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: attributesOf({ plan, phase: 'preparing' }),
      staticSummary: `Cycle ${request.number} of ${plan}`,
      args: [request],
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return `Started cycle ${request.cycle}.`;
}
