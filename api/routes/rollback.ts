import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { hasEnded } from '../../domain/cycle.js';
import { type CycleId, type NodeId, workflowIds } from '../../domain/ids.js';
import { planRollback, type RollbackPlan, type RollbackScope } from '../../domain/rollback.js';
import type { CycleView } from '../../store/index.js';
import { ROLLBACK_START } from '../../workflows/rollback-messages.js';
import { audited, now } from '../audit.js';
import type { Context } from '../context.js';
import { Problem } from '../errors.js';
import { requestKey } from '../idempotency.js';
import { cycleLinks } from '../links.js';
import { identityOf } from '../plugins/identify.js';
import { cycleId, idempotentHeaders } from '../schemas/common.js';
import { rollbackBody, startedRollback } from '../schemas/cycles.js';
import { problems } from '../schemas/problem.js';
import { startRollback } from '../temporal/runs.js';
import { existingCycle } from './cycles.js';

/** Nodes that a refusal names. */
const NAMED = 10;

/** Back to the snapshots: an operator's, while a cycle is paused or after its end. */
export const rollbackRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal, temporalUi }) => {
  app.post(
    '/cycles/:id/rollback',
    {
      config: { may: 'steer' },
      schema: {
        tags: ['Steering'],
        summary: 'Restore the root volumes that nodes had before they were patched',
        headers: idempotentHeaders,
        params: z.object({ id: cycleId }),
        body: rollbackBody,
        response: { 202: startedRollback, ...problems(400, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { reason, stage = null, wave = null, nodes = null } = request.body;
      const who = identityOf(request);
      const scope: RollbackScope = { stage, wave, nodes: nodes as readonly NodeId[] | null };
      const cycle = await existingCycle(store, id);
      const key = await requestKey(store, request);
      const act = { key, action: 'roll back', subject: id, reason: `${reason} (${inWords(scope)})` };
      const { number, plan } = await audited(store, who, act, async () => {
        const opened = await open(cycle, scope, { key, by: who.name, reason });
        await start(cycle, opened.number);
        return opened;
      });
      const workflowId = workflowIds.rollback(cycle.workflowId, number);
      const links = cycleLinks(id, workflowId, temporalUi);
      const left = plan.left.map((node) => ({ stage: node.stage, node: node.node, reason: node.reason }));
      return reply
        .code(202)
        .header('location', links.self)
        .send({ id, rollback: number, workflowId, nodes: plan.targets.length, left, links });
    },
  );

  async function open(
    cycle: CycleView,
    scope: RollbackScope,
    asked: { readonly key: string; readonly by: string; readonly reason: string },
  ): Promise<{ readonly number: number; readonly plan: RollbackPlan }> {
    if (cycle.status !== 'paused' && !hasEnded(cycle.status)) {
      throw new Problem('cycle-at-work', `Cycle ${cycle.id} is ${cycle.status}.`);
    }
    refuseUnknownStage(cycle, scope);
    const running = await store.rollbackRunning(cycle.id);
    const plan = planRollback(await store.rollbackFacts(cycle.id), scope);
    // With its own rollback at work, a repeated request gets the same answer below.
    if (running === null) refuseWhereImpossible(cycle.id, plan);
    const opened = await store.openRollback({ ...asked, cycle: cycle.id, scope, plan, now: now() });
    if (opened.kind !== 'busy') return { number: opened.number, plan };
    // Whoever opened it may have died before it was started: starting it twice is once.
    await start(cycle, opened.number);
    throw new Problem('rollback-running', `Rollback ${opened.number} of cycle ${cycle.id} has not ended.`);
  }

  const start = (cycle: CycleView, number: number): Promise<void> =>
    startRollback(temporal, { request: { ...requestOf(cycle) }, number, progress: ROLLBACK_START });
};

const requestOf = ({ id, number, plan, planVersion, mode, requestedBy, reason, reference }: CycleView) => ({
  cycle: id,
  number,
  plan,
  planVersion,
  mode,
  requestedBy,
  reason,
  reference,
});

function refuseUnknownStage(cycle: CycleView, { stage, wave }: RollbackScope): void {
  if (stage === null) return;
  const found = cycle.stages.find(({ name }) => name === stage);
  if (!found) throw new Problem('not-found', `Cycle ${cycle.id} has no stage ${stage}.`);
  const waves = found.locations.flatMap((location) => location.waves);
  if (wave !== null && !waves.some(({ number }) => number === wave)) {
    throw new Problem('not-found', `Stage ${stage} of cycle ${cycle.id} has no wave ${wave}.`);
  }
}

function refuseWhereImpossible(id: CycleId, { targets, left, inFlight, unknown }: RollbackPlan): void {
  if (unknown.length > 0) throw new Problem('not-found', `Cycle ${id} has no node ${some(unknown)} there.`);
  if (inFlight.length > 0) {
    throw new Problem('cycle-at-work', `Batches in flight are finished first: they have ${some(inFlight)}.`);
  }
  if (targets.length > 0) return;
  const reasons = left.map(({ node, reason }) => `${node}: ${reason}`);
  throw new Problem('nothing-to-roll-back', reasons.length > 0 ? some(reasons) : 'Nothing there was changed.');
}

const some = (texts: readonly string[]): string => {
  const more = texts.length > NAMED ? ` and ${texts.length - NAMED} more` : '';
  return `${texts.slice(0, NAMED).join(', ')}${more}`;
};

const inWords = ({ stage, wave, nodes }: RollbackScope): string =>
  [
    stage === null ? 'all stages' : `stage ${stage}`,
    ...(wave === null ? [] : [`wave ${wave}`]),
    ...(nodes === null ? [] : [`nodes ${some(nodes)}`]),
  ].join(', ');
