import type { MaintenanceWindow, Milliseconds } from '../documents/types.js';
import type { Instant } from '../ids.js';
import type { WindowOccurrence } from '../manifest.js';
import { openings } from './openings.js';
import { toInstant } from './timezone.js';

const HOUR = 3_600_000;
const NODES_PER_HOUR = 50;

/** The shortest that a window without a duration of its own can be. */
export const SHORTEST_DEFAULT_DURATION: Milliseconds = 4 * HOUR;
const LONGEST_DEFAULT_DURATION: Milliseconds = 24 * HOUR;

/**
 * How long a window stays open, as elapsed time. Without a duration of its own: 4 hours, and 1 hour for every 50 nodes of
 * the window (AWS Managed Services' recommendation), begun ones counted, at most 24 hours: 5 hours for 1 to 50 nodes,
 * 6 for 51 to 100.
 */
export const windowDuration = (window: MaintenanceWindow, nodes: number): Milliseconds =>
  window.duration ??
  Math.min(SHORTEST_DEFAULT_DURATION + Math.ceil(nodes / NODES_PER_HOUR) * HOUR, LONGEST_DEFAULT_DURATION);

/**
 * The occurrence to work in: the one that is open at `now` with its cutoff still ahead (of several, the one that closes
 * last), else the next. `nodes` is how many nodes the window holds. A window that is always open opens now and never closes.
 */
export function occurrence(window: MaintenanceWindow, nodes: number, now: Instant): WindowOccurrence {
  if ('always' in window.schedule) return alwaysOpen(window, now);
  const at = Date.parse(now);
  let open: WindowOccurrence | null = null;
  for (const candidate of following(window, nodes, toInstant(at - windowDuration(window, nodes)))) {
    if (Date.parse(candidate.opens) > at) return open ?? candidate;
    if (candidate.cutoff !== null && Date.parse(candidate.cutoff) > at) open = candidate;
  }
  throw neverOpens(window);
}

/** The next `count` occurrences that open at or after `from`; of a window that is always open, the one. */
export function occurrences(
  window: MaintenanceWindow,
  nodes: number,
  from: Instant,
  count: number,
): readonly WindowOccurrence[] {
  if ('always' in window.schedule) return count > 0 ? [alwaysOpen(window, from)] : [];
  const found: WindowOccurrence[] = [];
  if (count <= 0) return found;
  for (const next of following(window, nodes, from)) {
    found.push(next);
    if (found.length === count) return found;
  }
  throw neverOpens(window);
}

function* following(window: MaintenanceWindow, nodes: number, from: Instant): Generator<WindowOccurrence> {
  if ('always' in window.schedule) return;
  const duration = windowDuration(window, nodes);
  for (const opens of openings(window.schedule, window.timezone, from)) {
    const closes = Date.parse(opens) + duration;
    yield {
      window: window.name,
      timezone: window.timezone,
      opens,
      closes: toInstant(closes),
      cutoff: toInstant(closes - window.cutoff),
    };
  }
}

const alwaysOpen = (window: MaintenanceWindow, now: Instant): WindowOccurrence => ({
  window: window.name,
  timezone: window.timezone,
  opens: now,
  closes: null,
  cutoff: null,
});

/** Documents with such a schedule are refused, so this is a fault in the program. */
const neverOpens = (window: MaintenanceWindow): Error => new Error(`maintenance window ${window.name} never opens`);
