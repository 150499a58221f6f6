import type { Milliseconds, ResolvedStage } from './documents/types.js';
import type { OperatingSystem } from './fleet.js';
import type { Instant } from './ids.js';
import type { Wave, WindowOccurrence } from './manifest.js';

/** How long a batch takes until a fleet's own history says better: a stated default, not a measurement. */
export const DEFAULT_BATCH_MINUTES = { patch: 45, snapshot: 20, task: 2 } as const;

/** Minutes for these waves of one window: zones of a Region one after the other, accounts side by side, Regions as the plan says. */
export const estimatedMinutes = (waves: readonly Wave[], policy: ResolvedStage): number =>
  roundsInTurn(waves, policy) * defaultMinutes(policy);

/**
 * How many openings of their window these waves take by the same estimate, where each is open for so long before its cutoff
 * (in milliseconds; null: for ever). A batch is never divided between two, and one that is longer than a whole opening takes one.
 */
export function windowsNeeded(waves: readonly Wave[], policy: ResolvedStage, open: Milliseconds | null): number {
  if (open === null) return Math.min(1, waves.length);
  const roundsEach = Math.max(1, Math.floor(open / (defaultMinutes(policy) * 60_000)));
  return Math.ceil(roundsInTurn(waves, policy) / roundsEach);
}

/** The rounds of batches that come one after the other: in the Region that has most of them, or in all Regions in turn. */
function roundsInTurn(waves: readonly Wave[], policy: ResolvedStage): number {
  const regions = new Map<string, Map<string, number>>();
  for (const wave of waves) {
    const zones = regions.get(wave.region) ?? new Map<string, number>();
    zones.set(wave.zone, Math.max(zones.get(wave.zone) ?? 0, roundsOf(wave)));
    regions.set(wave.region, zones);
  }
  const sum = (rounds: readonly number[]) => rounds.reduce((total, each) => total + each, 0);
  const each = [...regions.values()].map((zones) => sum([...zones.values()]));
  return policy.waves.regions === 'one-by-one' ? sum(each) : Math.max(0, ...each);
}

const defaultMinutes = (policy: Pick<ResolvedStage, 'snapshot' | 'tasks'>): number =>
  DEFAULT_BATCH_MINUTES.patch +
  (policy.snapshot === 'await' ? DEFAULT_BATCH_MINUTES.snapshot : 0) +
  (policy.tasks.beforeNode.length + policy.tasks.afterNode.length) * DEFAULT_BATCH_MINUTES.task;

/**
 * When the last batch of a wave may begin, so that by the estimate it ends before the window does. `known` is how long batches
 * of an operating system have taken in this stage, in milliseconds; where it says nothing, the stated default counts. Null
 * where the window's cutoff comes first, and where the whole window is shorter than the estimate: then the cutoff alone counts.
 */
export function lastStart(
  { batches }: Pick<Wave, 'batches'>,
  { opens, closes, cutoff }: WindowOccurrence,
  policy: Pick<ResolvedStage, 'snapshot' | 'tasks'>,
  known: ReadonlyMap<OperatingSystem, Milliseconds>,
): Instant | null {
  if (closes === null || cutoff === null) return null;
  const estimate = Math.max(0, ...batches.map(({ os }) => known.get(os) ?? defaultMinutes(policy) * 60_000));
  const last = Date.parse(closes) - estimate;
  return last > Date.parse(opens) && last < Date.parse(cutoff) ? (new Date(last).toISOString() as Instant) : null;
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
