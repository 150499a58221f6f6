import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient } from './api-client.js';
import { type Cycle, cycleSchema } from './demo-progress.js';

interface Followed {
  readonly operator: ApiClient;
  readonly approver: ApiClient;
  /** Of each look at the cycle. */
  readonly seen: (cycle: Cycle) => void;
  readonly approved?: (stage: string, manifest: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Follows a cycle to its end, over REST, and approves what it asks for.
 * @throws Error where it asks for an operator, which nothing that calls this plans for; the signal's reason where that aborts
 */
export async function followToEnd(
  id: string,
  { operator, approver, seen, approved, signal }: Followed,
): Promise<Cycle> {
  const decided = new Set<string>();
  for (;;) {
    signal?.throwIfAborted();
    const cycle = await operator.get(`/v1/cycles/${id}`, cycleSchema);
    seen(cycle);
    const { status, waitingFor } = cycle;
    if (status !== 'running' && status !== 'paused') return cycle;
    if (waitingFor?.kind === 'operator')
      throw new Error(`The cycle asks for an operator, and nobody is there: ${waitingFor.message}`);
    if (waitingFor?.kind === 'approval' && waitingFor.manifest && !decided.has(waitingFor.manifest)) {
      const { stage, manifest } = waitingFor;
      decided.add(manifest);
      const decision = { decision: 'approve', reason: 'What it shows is right', manifest };
      const path = `/v1/cycles/${id}/stages/${stage}/decision`;
      await approver.post(path, z.unknown(), decision, `follow-${manifest}`);
      approved?.(stage, manifest);
    }
    await delay(500, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}
