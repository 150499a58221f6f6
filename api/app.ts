import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { fastifySSE } from '@fastify/sse';
import underPressure from '@fastify/under-pressure';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { Registry } from 'prom-client';
import type { Context } from './context.js';
import { Problem } from './errors.js';
import { checkRequest } from './faults.js';
import { type ApiKey, KeyRing } from './identity.js';
import type { TemporalUi } from './links.js';
import { identifyCallers } from './plugins/identify.js';
import { measureRequests } from './plugins/metrics.js';
import { describeApi } from './plugins/openapi.js';
import { answerProblem, answerProblems } from './plugins/problems.js';
import type { ApiStore } from './ports.js';
import { complianceRoutes } from './routes/compliance.js';
import { cycleRoutes } from './routes/cycles.js';
import { doctorRoutes } from './routes/doctor.js';
import { documentRoutes } from './routes/documents.js';
import { eventRoutes } from './routes/events.js';
import { haltRoutes } from './routes/halt.js';
import { importRoutes } from './routes/import.js';
import { nodeRoutes } from './routes/nodes.js';
import { planRoutes } from './routes/plans.js';
import { probeRoutes } from './routes/probes.js';
import { recordRoutes } from './routes/records.js';
import { rollbackRoutes } from './routes/rollback.js';
import { scanRoutes } from './routes/scans.js';
import { steeringRoutes } from './routes/steering.js';
import type { TemporalClient } from './temporal/client.js';
import { PlanSchedules } from './temporal/schedules.js';
import { PacedUpdates } from './temporal/updates.js';

const MEBIBYTE = 1_048_576;
const HEARTBEAT = 15_000;

export interface ApiOptions {
  readonly store: ApiStore;
  readonly temporal: TemporalClient;
  readonly keys: readonly ApiKey[];
  /** Null: no log. */
  readonly logger: FastifyBaseLogger | null;
  readonly temporalUi: TemporalUi | null;
  /** Requests a minute that one caller (without a key: one address) may send. */
  readonly requestsPerMinute?: number;
  /** Requests are turned away while the event loop is late by more than this, in milliseconds; 0: never. */
  readonly maxEventLoopDelay?: number;
  /** How often the store is asked for news of a cycle that somebody watches, in milliseconds. */
  readonly eventInterval?: number;
  /** Aborted when the service is asked to end: it serves on for a while, and says that it is not ready. */
  readonly draining?: AbortSignal;
  /** Where measurements are kept; its own where none is given. */
  readonly metrics?: Registry;
}

/** The API, ready to listen or to be asked with `inject`. Closing it ends its open streams; store and client stay the caller's. */
export async function buildApp(options: ApiOptions): Promise<FastifyInstance> {
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit: MEBIBYTE,
    genReqId: requestId,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (error, request, reply) => {
      answerProblem(error, request, reply);
    },
  });
  app.setValidatorCompiler(checkRequest);
  app.setSerializerCompiler(serializerCompiler);
  const metrics = options.metrics ?? new Registry();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });

  identifyCallers(app, new KeyRing(options.keys));
  await guard(app, options);
  answerProblems(app);
  measureRequests(app, metrics);
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT });
  await describeApi(app);

  const context: Context = {
    store: options.store,
    temporal: options.temporal,
    updates: new PacedUpdates(options.temporal),
    schedules: new PlanSchedules(options.temporal),
    temporalUi: options.temporalUi,
    eventInterval: options.eventInterval ?? 1_000,
    closing: closing.signal,
  };
  await app.register(probeRoutes, { ...context, metrics, draining: options.draining ?? closing.signal });
  for (const routes of [
    documentRoutes,
    planRoutes,
    cycleRoutes,
    eventRoutes,
    steeringRoutes,
    haltRoutes,
    rollbackRoutes,
    recordRoutes,
    nodeRoutes,
    complianceRoutes,
    scanRoutes,
    importRoutes,
    doctorRoutes,
  ]) {
    await app.register(routes, { ...context, prefix: '/v1' });
  }
  await app.ready();
  return app;
}

/** The caller's own id of a request where it has one that is fit for a log. */
const requestId = ({ headers }: IncomingMessage): string => {
  const own = headers['x-request-id'];
  return typeof own === 'string' && /^[\w.:-]{1,100}$/.test(own) ? own : randomUUID();
};

/** Protection against others and against too much. */
async function guard(
  app: FastifyInstance,
  { requestsPerMinute = 1_200, maxEventLoopDelay = 2_000 }: ApiOptions,
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        // The page at /docs shows images inline and styles itself.
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        // The service may stand behind plain http on a laptop.
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: '1 minute',
    keyGenerator: ({ caller, ip }) => (caller ? `key/${caller.name}` : `ip/${ip}`),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new Problem('too-many-requests', `At most ${max} requests a minute.`, { retryAfter: Math.ceil(ttl / 1000) }),
  });
  await app.register(underPressure, { maxEventLoopDelay, retryAfter: 5 });
}
