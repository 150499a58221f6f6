import type { ResolvedStage } from './documents/types.js';
import type { Wave } from './manifest.js';

/** How long a batch takes until a fleet's own history says better: a stated default, not a measurement. */
export const DEFAULT_BATCH_MINUTES = { patch: 45, snapshot: 20, task: 2 } as const;

/** Minutes for these waves of one window: zones of a Region one after the other, Regions and accounts side by side. */
export function estimatedMinutes(waves: readonly Wave[], policy: ResolvedStage): number {
  const perBatch =
    DEFAULT_BATCH_MINUTES.patch +
    (policy.snapshot === 'await' ? DEFAULT_BATCH_MINUTES.snapshot : 0) +
    (policy.tasks.beforeNode.length + policy.tasks.afterNode.length) * DEFAULT_BATCH_MINUTES.task;
  const regions = new Map<string, Map<string, number>>();
  for (const wave of waves) {
    const zones = regions.get(wave.region) ?? new Map<string, number>();
    zones.set(wave.zone, Math.max(zones.get(wave.zone) ?? 0, roundsOf(wave) * perBatch));
    regions.set(wave.region, zones);
  }
  return Math.max(0, ...[...regions.values()].map((zones) => [...zones.values()].reduce((sum, time) => sum + time, 0)));
}

/** How many batches come one after the other, since only so many nodes may be out of service; batches begin in order. */
function roundsOf({ batches, maxUnavailable }: Wave): number {
  let rounds = 0;
  let room = 0;
  for (const { nodes } of batches) {
    if (nodes.length > room) {
      rounds += 1;
      room = maxUnavailable;
    }
    room -= nodes.length;
  }
  return rounds;
}
