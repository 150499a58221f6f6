import type { SignalDefinition } from '@temporalio/client';
import type { CycleStatus } from '../domain/cycle.js';
import type { CyclePosition } from '../store/index.js';
import { Problem } from './errors.js';
import type { ApiStore } from './ports.js';
import { CALL_DEADLINE, type TemporalClient, within } from './temporal/client.js';
import { isNoSuchWorkflow } from './temporal/trouble.js';

/** Signals on their way at the same time: as many as keep Temporal busy without crowding out the work that goes on. */
const AT_ONCE = 10;
const PAGE = 200;

interface Parts {
  readonly store: Pick<ApiStore, 'cycles' | 'runningTails'>;
  readonly temporal: TemporalClient;
}

/**
 * Signals every cycle that has not ended, and what goes on of those that have, and answers how many were told. Telling a
 * cycle twice is telling it once.
 * @throws {Problem} temporal-unavailable, where some could not be told: the request may be repeated
 */
export async function tellAllCycles<Message>(
  { store, temporal }: Parts,
  signal: SignalDefinition<[Message]>,
  message: Message,
): Promise<number> {
  const waiting = await unendedRuns(store);
  let told = 0;
  const failures: unknown[] = [];
  const tellOneByOne = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const handle = temporal.workflow.getHandle(next);
      try {
        await within(temporal, CALL_DEADLINE, () => handle.signal<[Message]>(signal, message));
        told += 1;
      } catch (error) {
        // It ended meanwhile, or was reserved a moment ago: then it looks for the halt itself when it begins.
        if (!isNoSuchWorkflow(error)) failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tellOneByOne));
  if (failures.length === 0) return told;
  throw new Problem(
    'temporal-unavailable',
    `It is written down, and ${told} running cycles were told; ${failures.length} could not be. Repeat the request until all have been.`,
    { cause: failures[0] },
  );
}

async function unendedRuns(store: Parts['store']): Promise<string[]> {
  const runs = new Set<string>();
  // A cycle may change from one to the other while they are read: paused, running, paused again finds it in one of them.
  for (const status of ['paused', 'running', 'paused'] satisfies CycleStatus[]) {
    let after: CyclePosition | null = null;
    do {
      const page: Awaited<ReturnType<ApiStore['cycles']>> = await store.cycles({
        status,
        limit: PAGE,
        ...(after && { after }),
      });
      for (const { workflowId } of page.items) runs.add(workflowId);
      after = page.next;
    } while (after);
  }
  for (const { workflowId } of await store.runningTails()) runs.add(workflowId);
  return [...runs];
}
