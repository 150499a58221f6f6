import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { hasEnded } from '../../domain/cycle.js';
import { type StageName, workflowIds } from '../../domain/ids.js';
import type { CycleView } from '../../store/index.js';
import { answer, cancel, decide, pause, resume } from '../../workflows/messages.js';
import { audited } from '../audit.js';
import type { Context } from '../context.js';
import { Problem } from '../errors.js';
import { requestKey } from '../idempotency.js';
import type { Identity } from '../identity.js';
import { cycleLinks } from '../links.js';
import { identityOf } from '../plugins/identify.js';
import { cycleId, idempotentHeaders, stageName } from '../schemas/common.js';
import { answerBody, answered, decided, decisionBody, steered, steeringBody } from '../schemas/cycles.js';
import { problems } from '../schemas/problem.js';
import { Refused } from '../temporal/updates.js';
import { existingCycle } from './cycles.js';

const STEERING = { pause, resume, cancel } as const;
const tags = ['Steering'];

/** What people tell a cycle that runs: an approver's decision, an operator's pause, resume, cancel and answer. */
export const steeringRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, updates, temporalUi }) => {
  app.post(
    '/cycles/:id/stages/:stage/decision',
    {
      config: { may: 'decide' },
      schema: {
        tags,
        summary: 'Approve or reject the manifest of a stage',
        headers: idempotentHeaders,
        params: z.object({ id: cycleId, stage: stageName }),
        body: decisionBody,
        response: { 200: decided, ...problems(400, 404, 409, 413, 415) },
      },
    },
    async (request) => {
      const { id, stage } = request.params;
      const { decision, reason, manifest } = request.body;
      const who = identityOf(request);
      const cycle = await existingCycle(store, id);
      const roles = await rolesThatDecide(cycle, stage);
      const key = await requestKey(store, request);
      const act = { key, action: `${decision} stage`, subject: `${id}/${stage}`, reason: `${reason} (${manifest})` };
      return audited(store, who, act, () => {
        if (!roles.includes(who.role)) throw mayNotDecide(who, stage, roles);
        refuseIfEnded(cycle);
        const run = workflowIds.stage(cycle.workflowId, stage);
        return updates
          .send(run, decide, { stage, decision, by: who.name, reason, manifest }, key)
          .catch((error: unknown) => {
            throw notBegunOrOver(error)
              ? new Refused('not-waiting', `Stage ${stage} does not wait for a decision.`, error)
              : error;
          });
      });
    },
  );

  for (const done of ['pause', 'resume', 'cancel'] as const) {
    app.post(
      `/cycles/:id/${done}`,
      {
        config: { may: 'steer' },
        schema: {
          tags,
          summary: `Tell a cycle to ${done}`,
          headers: idempotentHeaders,
          params: z.object({ id: cycleId }),
          body: steeringBody,
          response: { 202: steered, ...problems(400, 404, 409, 413, 415) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { reason } = request.body;
        const who = identityOf(request);
        const cycle = await existingCycle(store, id);
        const key = await requestKey(store, request);
        await audited(store, who, { key, action: `${done} cycle`, subject: id, reason }, async () => {
          refuseIfEnded(cycle);
          if (done === 'resume') await refuseWhileRollingBack(cycle);
          return updates.send(cycle.workflowId, STEERING[done], { by: who.name, reason }, key);
        });
        return reply.code(202).send({ id, done, links: cycleLinks(id, cycle.workflowId, temporalUi) });
      },
    );
  }

  app.post(
    '/cycles/:id/answer',
    {
      config: { may: 'steer' },
      schema: {
        tags,
        summary: 'Answer what a cycle asks (its waitingFor is of kind operator)',
        headers: idempotentHeaders,
        params: z.object({ id: cycleId }),
        body: answerBody,
        response: { 202: answered, ...problems(400, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { action, reason } = request.body;
      const who = identityOf(request);
      const cycle = await existingCycle(store, id);
      const key = await requestKey(store, request);
      await audited(store, who, { key, action: `answer ${action}`, subject: id, reason }, async () => {
        refuseIfEnded(cycle);
        await refuseWhileRollingBack(cycle);
        return updates.send(cycle.workflowId, answer, { action, by: who.name, reason }, key);
      });
      return reply.code(202).send({ id, answered: action, links: cycleLinks(id, cycle.workflowId, temporalUi) });
    },
  );

  /** The roles that the plan, as it was when the cycle began, lets decide on a stage. */
  async function rolesThatDecide(cycle: CycleView, stage: StageName): Promise<readonly string[]> {
    if (!cycle.stages.some(({ name }) => name === stage)) {
      throw new Problem('not-found', `Cycle ${cycle.id} has no stage ${stage}.`);
    }
    const plan = await store.plan(cycle.plan, cycle.planVersion);
    return plan?.stages.find(({ name }) => name === stage)?.approval?.roles ?? ['approver'];
  }

  /** Nodes on their way back must not be patched again before it is known where they have come to. */
  async function refuseWhileRollingBack({ id }: CycleView): Promise<void> {
    const running = await store.rollbackRunning(id);
    if (running !== null) throw new Problem('rollback-running', `Rollback ${running} of cycle ${id} has not ended.`);
  }
};

/** The cycle runs, and the stage does not: its turn has not come, or it is done. */
const notBegunOrOver = (error: unknown): boolean => error instanceof Refused && error.refusal === 'ended';

const refuseIfEnded = ({ id, status }: CycleView): void => {
  if (hasEnded(status)) throw new Refused('ended', `Cycle ${id} has ended as ${status}.`, null);
};

const mayNotDecide = (who: Identity, stage: string, roles: readonly string[]): Problem =>
  new Problem(
    'forbidden',
    `The plan lets ${roles.join(' or ')} decide on stage ${stage}, and ${who.name} has the role ${who.role}.`,
  );
