import type { Kysely } from 'kysely';
import type { Tails } from '../../activities/ports.js';
import type { PlanName } from '../../domain/ids.js';
import { workflowIds } from '../../domain/ids.js';
import type { Database } from '../schema.js';

/** Which stages have nodes that go on without them. */
export const tails = (db: Kysely<Database>): Tails => ({
  tailBegan: async (cycle, stage, nodes, since) => {
    await db
      .insertInto('tails')
      .values({ cycle, stage, nodes, since, ended_at: null })
      .onConflict((conflict) => conflict.columns(['cycle', 'stage']).doNothing())
      .execute();
  },

  tailEnded: async (cycle, stage, at) => {
    await db
      .updateTable('tails')
      .set({ ended_at: at })
      .where('cycle', '=', cycle)
      .where('stage', '=', stage)
      .where('ended_at', 'is', null)
      .execute();
  },

  runningTails: async (plan?: PlanName) => {
    let running = db
      .selectFrom('tails as tail')
      .innerJoin('cycles as cycle', 'cycle.id', 'tail.cycle')
      .select(['tail.cycle', 'tail.stage', 'cycle.workflow_id'])
      .where('tail.ended_at', 'is', null)
      .orderBy('tail.since');
    if (plan !== undefined) running = running.where('cycle.plan', '=', plan);
    return (await running.execute()).map(({ cycle, stage, workflow_id }) => ({
      cycle,
      stage,
      workflowId: workflowIds.tail(workflowIds.stage(workflow_id, stage)),
    }));
  },
});
