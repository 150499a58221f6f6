import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { cycleSchema } from '../../local/demo-progress.js';
import { startFleet } from '../../simulator/index.js';
import type { Fault } from '../faults.js';
import { runName } from '../names.js';
import { Calls, type Point } from '../points.js';
import { type Effects, effectsOf, ledgerSchema } from './compare.js';
import { documentsOf, fleetOf, SPEED } from './cycle.js';
import type { Lane } from './lane.js';

/** What came of one cycle. */
export interface RunResult {
  readonly number: number;
  readonly effects: Effects;
  readonly points: readonly Point[];
  /** Whether the call came with which something was to go wrong. */
  readonly struck: boolean;
  /** Why its end is no explained end; null where it is one. */
  readonly unexplained: string | null;
  readonly status: string;
  readonly seconds: number;
}

const POLL = 400;
/** Longer than any crash or outage holds a cycle up; counted from its last effect, since a busy machine is no fault of it. */
const PATIENCE = 5 * 60_000;
const LONGEST = 30 * 60_000;
const ROUTES: Readonly<Record<string, string>> = {
  Account: 'accounts',
  MaintenanceWindow: 'windows',
  PatchPlan: 'plans',
};

/** Carries one small cycle out on a fleet of its own, with one thing going wrong, or nothing. */
export async function runCycle(
  lane: Lane,
  number: number,
  armed: { readonly point: string; readonly fault: Fault } | null,
  signal: AbortSignal,
): Promise<RunResult> {
  const beganAt = Date.now();
  const run = runName(number);
  const fleet = await startFleet({ fleet: fleetOf(number), port: 0, speed: SPEED });
  try {
    const nodes = new Map(
      nodesSchema.parse(await answer(fleet.url, '/_fleet/nodes')).map(({ id, name }) => [id, name]),
    );
    const calls = new Calls(armed);
    lane.carry(run, { calls, fleet: { url: fleet.url, nodes } });
    await applyDocuments(lane, documentsOf(number));
    const id = await startCycle(lane, run);
    const unended = await followed(lane, id, calls, signal);
    const report = await lane.as('viewer').get(`/v1/cycles/${id}/report`, reportSchema);
    const ledger = ledgerSchema.parse(await answer(fleet.url, '/_fleet/ledger'));
    return {
      number,
      effects: effectsOf(ledger, nodes),
      points: calls.points,
      struck: calls.struck,
      unexplained: unended ?? whatIsUnexplained(report),
      status: report.cycle.status,
      seconds: (Date.now() - beganAt) / 1000,
    };
  } finally {
    lane.drop(run);
    await fleet.close();
  }
}

export async function applyDocuments(lane: Lane, documents: ReturnType<typeof documentsOf>): Promise<void> {
  for (const document of documents)
    await lane
      .as('admin')
      .put(`/v1/${ROUTES[document.kind]}/${document.metadata.name}`, { apiVersion: 'patchtide/v1', ...document });
}

async function startCycle(lane: Lane, plan: string): Promise<string> {
  const asked = { plan, mode: 'standard', reason: 'Swept', reference: 'CHG-1' };
  return (await lane.as('operator').post('/v1/cycles', z.object({ id: z.string() }), asked, `start-${plan}`)).id;
}

/** Approves where it is asked, until the cycle has ended or nothing comes of it any more. */
async function followed(lane: Lane, id: string, calls: Calls, signal: AbortSignal): Promise<string | null> {
  let approved: string | null = null;
  let effects = 0;
  let since = Date.now();
  for (const deadline = Date.now() + LONGEST; Date.now() < deadline; await pause(POLL, undefined, { signal })) {
    const { status, waitingFor } = await lane.as('viewer').get(`/v1/cycles/${id}`, cycleSchema);
    if (status !== 'running' && status !== 'paused') return null;
    if (waitingFor?.kind === 'operator') return `It asks: ${waitingFor.message}`;
    if (calls.effects > effects) since = Date.now();
    effects = calls.effects;
    if (Date.now() - since > PATIENCE) break;
    if (waitingFor?.kind !== 'approval' || waitingFor.manifest === approved) continue;
    const decision = { decision: 'approve', reason: 'Swept', manifest: waitingFor.manifest };
    const path = `/v1/cycles/${id}/stages/${waitingFor.stage}/decision`;
    await lane.as('approver').post(path, z.unknown(), decision, `approve-${id}-${waitingFor.manifest?.slice(-12)}`);
    approved = waitingFor.manifest;
  }
  return `It had not ended, and did nothing for ${Math.round((Date.now() - since) / 1000)} s.`;
}

function whatIsUnexplained({ cycle, nodes }: z.infer<typeof reportSchema>): string | null {
  if (cycle.status !== 'completed') return `It ended as ${cycle.status}: ${cycle.message ?? 'without a word'}`;
  const silent = nodes.filter(({ outcome, reason }) => outcome === null || reason === null || reason === '');
  if (silent.length > 0) return `No outcome or no reason for ${silent.map(({ name }) => name).join(', ')}`;
  const wrong = nodes.filter(({ outcome }) => outcome !== 'patched');
  return wrong.length > 0
    ? wrong.map(({ name, outcome, reason }) => `${name}: ${outcome}, ${reason}`).join('; ')
    : null;
}

const reportSchema = z.object({
  cycle: z.object({ status: z.string(), message: z.string().nullable() }),
  nodes: z.array(z.object({ name: z.string(), outcome: z.string().nullable(), reason: z.string().nullable() })),
});
const nodesSchema = z.array(z.object({ id: z.string(), name: z.string() }));

const answer = async (fleet: string, path: string): Promise<unknown> => (await fetch(new URL(path, fleet))).json();
