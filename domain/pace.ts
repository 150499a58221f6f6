/*
 * Workflow code: replayed, so a change here needs the same care as a change to a workflow.
 */

/** How quickly a location lets batches begin. All times in milliseconds. */
export interface Pace {
  /** Between two grants; 0 while AWS has not asked for less. */
  readonly gap: number;
  /** Epoch; nothing is granted before it. */
  readonly notBefore: number;
  /** Epoch; when AWS last asked to slow down. */
  readonly throttledAt: number;
}

export const FULL_PACE: Pace = { gap: 0, notBefore: 0, throttledAt: 0 };

const FIRST_GAP = 2_000;
const LONGEST_GAP = 60_000;
/** Quiet for so long, and the gap is halved. Run Command's rates are not published, so this is a guess to be proven. */
export const QUIET = 120_000;

/** AWS asked to slow down: the gap doubles. Several waves that are told within one gap have been told once. */
export function slower(pace: Pace, now: number): Pace {
  if (pace.gap > 0 && now - pace.throttledAt < pace.gap) return pace;
  const gap = Math.min(LONGEST_GAP, Math.max(FIRST_GAP, pace.gap * 2));
  return { gap, notBefore: now + gap, throttledAt: now };
}

/** How many may be granted now, and the pace with the quiet since then counted. */
export function paceAt(pace: Pace, now: number): { readonly pace: Pace; readonly atMost: number } {
  let current = pace;
  while (current.gap > 0 && now - current.throttledAt >= QUIET) {
    const gap = current.gap / 2 < FIRST_GAP ? 0 : current.gap / 2;
    current = { ...current, gap, throttledAt: current.throttledAt + QUIET };
  }
  if (current.gap === 0) return { pace: FULL_PACE, atMost: Number.POSITIVE_INFINITY };
  return { pace: current, atMost: now >= current.notBefore ? 1 : 0 };
}

/** One was granted: the next one has to wait for the gap. */
export const granted = (pace: Pace, now: number): Pace =>
  pace.gap === 0 ? pace : { ...pace, notBefore: now + pace.gap };
