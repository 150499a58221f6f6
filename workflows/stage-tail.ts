import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { type Instant, workflowIds } from '../domain/ids.js';
import { recording } from './activities.js';
import type { Breaker } from './breaker.js';
import { setPaused } from './messages.js';
import { patchTail } from './patch-tail.js';
import { attributesOf } from './phase.js';
import type { StageState } from './stage-state.js';
import type { Tail } from './stage-windows.js';

/** Leaves what the stage is done without to a workflow of its own, which goes on when stage and cycle have ended. */
export async function leaveTail(stage: StageState, breaker: Breaker, tail: Tail): Promise<void> {
  const { request, policy } = stage;
  const { cycle, plan } = request;
  const { nodes } = tail;
  const paused = breaker.isPaused;
  // Whoever is left now has to have a turn: a tail leaves no tail.
  const carryOver = { ...policy.carryOver, doneAt: 100 };
  await recording.beginTail({ cycle, stage: policy.name, nodes, now: new Date(Date.now()).toISOString() as Instant });
  const started = await startChild(patchTail, {
    workflowId: workflowIds.tail(workflowInfo().workflowId),
    parentClosePolicy: ParentClosePolicy.ABANDON,
    typedSearchAttributes: attributesOf({ plan, stage: policy.name, phase: 'waiting-window' }),
    staticSummary: `Tail of stage ${policy.name}: ${nodes} nodes that were not reached`,
    // Nobody is asked: what would be a question ends the tail, and nothing goes back by itself long after its stage.
    args: [{ request, policy: { ...policy, onFailure: 'stop', carryOver }, paused, tail }],
  });
  // Whoever paused while it started could not reach it.
  if (breaker.isPaused !== paused) await started.signal(setPaused, { paused: breaker.isPaused, answered: 0 });
  stage.leftToTail = nodes;
  await stage.note(`Stage ${policy.name} is done; ${nodes} nodes that were not reached go on in their next windows.`);
}
