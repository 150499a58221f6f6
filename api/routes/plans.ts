import { randomUUID } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { PlanName } from '../../domain/ids.js';
import { note, now } from '../audit.js';
import type { Context } from '../context.js';
import { Problem } from '../errors.js';
import { identityOf } from '../plugins/identify.js';
import { planName } from '../schemas/common.js';
import { planSchedule, preview, scheduleBody } from '../schemas/plans.js';
import { problems } from '../schemas/problem.js';
import { previewPlan } from '../temporal/questions.js';

const params = z.object({ name: planName });
const tags = ['Plans'];

/** What a plan would do, and when it starts by itself. */
export const planRoutes: FastifyPluginAsyncZod<Context> = async (app, { store, temporal, schedules }) => {
  const existing = async (name: PlanName) => {
    const plan = await store.plan(name);
    if (!plan) throw new Problem('no-plan', `There is no plan ${name}.`);
    return plan;
  };
  const scheduled = async (name: PlanName) => {
    const { start } = await existing(name);
    if (!start) throw new Problem('no-schedule', `Plan ${name} has no start: it is started by hand.`);
    return start;
  };

  app.post(
    '/plans/:name/preview',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'What a cycle would do if it started now, and when; changes nothing',
        params,
        response: { 200: preview, ...problems(404, 415) },
      },
    },
    async ({ params: { name } }) => {
      await existing(name);
      const found = await previewPlan(temporal, name, randomUUID());
      return { ...found, plan: { ...found.plan } };
    },
  );

  app.get(
    '/plans/:name/schedule',
    {
      config: { may: 'read' },
      schema: {
        tags,
        summary: 'When the plan starts by itself',
        params,
        response: { 200: planSchedule, ...problems(404) },
      },
    },
    async ({ params: { name } }) => schedules.read(name, await scheduled(name), now()),
  );

  for (const done of ['pause', 'resume'] as const) {
    app.post(
      `/plans/:name/${done}`,
      {
        config: { may: 'steer' },
        schema: {
          tags,
          summary: `${done === 'pause' ? 'Pause' : 'Resume'} the plan's own schedule`,
          params,
          body: scheduleBody,
          response: { 200: planSchedule, ...problems(400, 404, 413, 415) },
        },
      },
      async (request) => {
        const { name } = request.params;
        const { reason } = request.body;
        const who = identityOf(request);
        const start = await scheduled(name);
        await schedules[done](name, `${who.name}: ${reason}`);
        await note(store, who, { action: `${done} plan`, subject: `plans/${name}`, result: 'done', reason });
        return schedules.read(name, start, now());
      },
    );
  }
};
