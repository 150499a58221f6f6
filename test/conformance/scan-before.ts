import type { Fleet, NodeScan } from '../../activities/ports.js';
import type { Instant, Location, NodeId } from '../../domain/ids.js';
import type { Store } from '../../store/index.js';

/** Scans nodes and keeps what they have: what the verdicts after an install compare with. */
export async function scanBefore(at: Location, nodes: readonly NodeId[], fleet: Fleet, store: Store): Promise<void> {
  const never = new AbortController().signal;
  const request = { document: 'AWS-RunPatchBaseline', parameters: { Operation: ['Scan'] }, executionTimeout: 600 };
  const { commandId } = await fleet.sendCommand(at, { ...request, key: 'patchtide/before', nodes }, never);
  for (;;) {
    const invocations = await fleet.listInvocations(at, commandId, never);
    if (invocations.length === nodes.length && invocations.every(({ status }) => status === 'success')) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const scans: NodeScan[] = [];
  for (const state of await fleet.patchStates(at, nodes, never)) {
    scans.push({ at, state, patches: await fleet.patches(at, state.node, never) });
  }
  await store.saveScans(scans, new Date().toISOString() as Instant);
}
