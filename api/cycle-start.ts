import { type CycleRequest, hasEnded } from '../domain/cycle.js';
import { haltedBy } from '../domain/halt.js';
import type { CycleId, PlanName } from '../domain/ids.js';
import { note, now } from './audit.js';
import { Problem } from './errors.js';
import type { Identity } from './identity.js';
import type { ApiStore } from './ports.js';
import type { TemporalClient } from './temporal/client.js';
import { startCycle, statusOf } from './temporal/runs.js';

/** A reservation younger than this may be on its way to Temporal, in milliseconds. */
const ON_ITS_WAY = 60_000;

interface StartRequest {
  readonly plan: PlanName;
  readonly reason: string;
  readonly reference: string | null;
  readonly by: Identity;
  /** The same key is the same cycle. */
  readonly key: string;
}

interface Parts {
  readonly store: Pick<ApiStore, 'reserveCycle' | 'cycleView' | 'cycleChanged' | 'audit'>;
  readonly temporal: TemporalClient;
}

/**
 * Reserves the next cycle of a plan and starts its workflow. Starting the workflow is the commit: a crash between the two
 * leaves a reservation, and the same request with the same key starts it; any later request finds that no workflow came
 * of it and takes its place.
 * @throws {Problem} no-plan, halted, cycle-running; temporal-unavailable, where the cycle may have begun
 */
export async function reserveAndStart(parts: Parts, asked: StartRequest): Promise<CycleRequest> {
  const { store, temporal } = parts;
  const { request, again } = await reserve(parts, asked);
  // What has ended is not started again, even where Temporal has forgotten that it ran.
  const known = again ? await store.cycleView(request.cycle) : null;
  if (known && hasEnded(known.status)) return request;
  await startCycle(temporal, request);
  await note(store, asked.by, {
    key: `start/${request.cycle}`,
    action: 'start cycle',
    subject: request.cycle,
    result: 'done',
    reason: request.reason,
  });
  return request;
}

async function reserve(
  { store, temporal }: Parts,
  asked: StartRequest,
): Promise<{ readonly request: CycleRequest; readonly again: boolean }> {
  const reservation = {
    plan: asked.plan,
    mode: 'standard' as const,
    requestedBy: asked.by.name,
    reason: asked.reason,
    reference: asked.reference,
    idempotencyKey: `api/${asked.key}`,
    now: now(),
  };
  let answer = await store.reserveCycle(reservation);
  if (answer.kind === 'busy' && (await releaseIfDead(store, temporal, answer.cycle))) {
    answer = await store.reserveCycle(reservation);
  }
  if (answer.kind === 'no-plan') throw new Problem('no-plan', `There is no plan ${asked.plan}.`);
  if (answer.kind === 'halted') throw new Problem('halted', `${haltedBy(answer.halt)} (${answer.halt.at})`);
  if (answer.kind === 'busy') {
    throw new Problem('cycle-running', `Cycle ${answer.cycle} of plan ${asked.plan} has not ended.`);
  }
  return { request: answer.request, again: answer.kind === 'again' };
}

/**
 * A reservation that no workflow stands behind must not block its plan for ever: the process that made it died before it
 * started one, or somebody terminated the workflow by hand. True where the way is free.
 */
async function releaseIfDead(store: Parts['store'], temporal: TemporalClient, id: CycleId): Promise<boolean> {
  const cycle = await store.cycleView(id);
  if (!cycle || hasEnded(cycle.status)) return true;
  if (Date.now() - Date.parse(cycle.startedAt) < ON_ITS_WAY) return false;
  const status = await statusOf(temporal, cycle.workflowId);
  if (status === 'RUNNING') return false;
  await store.cycleChanged(id, {
    status: 'failed',
    waitingFor: null,
    message: status
      ? `Its workflow ended as ${status.toLowerCase()} without saying so here.`
      : 'It was reserved, and no workflow was ever started for it.',
    endedAt: now(),
  });
  return true;
}
