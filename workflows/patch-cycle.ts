import { isCancellation } from '@temporalio/workflow';
import type { CycleRequest } from '../domain/cycle.js';
import type { Digest } from '../domain/ids.js';
import { hearMessages } from './cycle-handlers.js';
import { CycleRun } from './cycle-run.js';
import type { CycleResult } from './messages.js';
import { reasonOf } from './reason.js';
import type { StageResult } from './stage-state.js';

/**
 * One execution of a plan: its stages in order, Dev before Test before Prod, each with at most what the one before it
 * has proven. It ends with what became of the nodes, never by itself failing: what goes wrong is a status with a reason.
 */
export async function patchCycle(request: CycleRequest): Promise<CycleResult> {
  const cycle = new CycleRun(request);
  hearMessages(cycle);

  try {
    const stages = await cycle.open();
    let proven: Digest | null = null;
    let withFailures = false;
    const messages: string[] = [];
    for (const policy of stages) {
      await cycle.lookForHalt();
      await cycle.unpaused();
      const result: StageResult = await cycle.runStage(policy, proven);
      if (result.status !== 'completed' && result.status !== 'completed-with-failures') {
        const byOperator = result.status === 'cancelled' && cycle.isCancelled();
        return await cycle.end(result.status, byOperator ? cycle.cancellation() : result.message);
      }
      withFailures ||= result.status === 'completed-with-failures';
      if (result.message) messages.push(result.message);
      proven = result.patchSet;
    }
    await cycle.unpaused();
    return await cycle.end(withFailures ? 'completed-with-failures' : 'completed', messages.join(' '));
  } catch (error) {
    if (isCancellation(error) && cycle.isCancelled()) return await cycle.end('cancelled', cycle.cancellation());
    return await cycle.end('failed', reasonOf(error));
  }
}
