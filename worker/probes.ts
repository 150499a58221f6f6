import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import type { AwsReach } from '../store/index.js';

/** What a worker is asked by those who run it. */
export interface WorkerHealth {
  /** Whether it takes work. */
  polls(): boolean;
  temporalAnswers(): Promise<boolean>;
  storeAnswers(): Promise<boolean>;
  awsReach(): AwsReach;
  readonly metrics: Registry;
  /** The measurements of Temporal's SDK, as text for Prometheus. */
  temporalMetrics(): Promise<string>;
}

/**
 * `/livez`, `/readyz` and `/metrics` of a worker, ready to listen. A worker is ready when it polls and Temporal and the
 * store answer; AWS is told beside it, since a worker that waits for AWS is at work.
 */
export async function buildProbes(health: WorkerHealth): Promise<FastifyInstance> {
  const app = Fastify({ logger: false, return503OnClosing: false });
  app.get('/livez', async () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const [temporal, store] = await Promise.all([health.temporalAnswers(), health.storeAnswers()]);
    const polls = health.polls();
    const ready = polls && temporal && store;
    if (!ready) reply.code(503).header('retry-after', '5');
    return { ready, polls, temporal: upOrDown(temporal), store: upOrDown(store), aws: health.awsReach() };
  });
  app.get('/metrics', async (_request, reply) => {
    const [own, temporal] = await Promise.all([health.metrics.metrics(), health.temporalMetrics()]);
    return reply.type(health.metrics.contentType).send(`${own}\n${temporal}`);
  });
  await app.ready();
  return app;
}

const upOrDown = (up: boolean): 'up' | 'down' => (up ? 'up' : 'down');
