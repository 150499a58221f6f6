import { HYBRID, type Region, type ZoneId } from './ids.js';
import type { WaveSummary } from './manifest.js';
import { compareText, firstDifference } from './order.js';

/*
 * Workflow code: replayed, so a change here needs the same care as a change to a workflow.
 */

/**
 * What a Region does next. `waves` may run side by side; `until` is in milliseconds of the epoch.
 * `cutOff` are the waves that were not begun before their cutoff and will not be in this window.
 */
export type Turn = { readonly cutOff: readonly number[] } & (
  | { readonly kind: 'run'; readonly waves: readonly number[] }
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'done' }
);

/**
 * Chooses the next waves of one Region from those not begun: all the open ones of one zone, over accounts and windows,
 * since two zones of a Region are never patched at the same time. The zone whose cutoff comes first goes first; among
 * equals the one with the fewest nodes, so that what goes wrong goes wrong on few; then by zone id, hybrid nodes last.
 * `now` is in milliseconds of the epoch.
 */
export function nextTurn(pending: readonly WaveSummary[], now: number): Turn {
  const cutOff = numbersOf(pending.filter((wave) => cutoffOf(wave) <= now));
  const coming = pending.filter((wave) => cutoffOf(wave) > now);
  const open = coming.filter((wave) => Date.parse(wave.opens) <= now);
  const nodes = new Map<ZoneId, number>();
  for (const wave of open) nodes.set(wave.zone, (nodes.get(wave.zone) ?? 0) + wave.nodes);
  const sizeOf = ({ zone }: WaveSummary) => nodes.get(zone) ?? 0;
  const next = [...open].sort((a, b) =>
    firstDifference(compareCutoffs(a, b), sizeOf(a) - sizeOf(b), compareZones(a.zone, b.zone)),
  )[0];
  if (next) return { kind: 'run', waves: numbersOf(open.filter((wave) => wave.zone === next.zone)), cutOff };
  if (coming.length === 0) return { kind: 'done', cutOff };
  return { kind: 'wait', until: Math.min(...coming.map((wave) => Date.parse(wave.opens))), cutOff };
}

/** A Region with what of it has not begun. */
export interface RegionsTurn {
  readonly region: Region;
  /** Whether some of its nodes have had their turn. */
  readonly begun: boolean;
  readonly pending: readonly WaveSummary[];
}

/**
 * Which Region goes next where they go one after the other: of those with an open window the one that has begun, so that it
 * comes to its end first; among equals the one whose window opened first, then the one with the fewest nodes left, then by
 * name. A Region that has to wait for a window takes no turn, and keeps no other one from it. Null where none is open.
 */
export function nextRegion(regions: readonly RegionsTurn[], now: number): Region | null {
  const candidates = regions.flatMap(({ region, begun, pending }) => {
    const turn = nextTurn(pending, now);
    if (turn.kind !== 'run') return [];
    const opened = Math.min(
      ...pending.filter(({ number }) => turn.waves.includes(number)).map(({ opens }) => Date.parse(opens)),
    );
    return [{ region, begun, opened, nodes: pending.reduce((sum, { nodes }) => sum + nodes, 0) }];
  });
  candidates.sort((a, b) =>
    firstDifference(
      Number(b.begun) - Number(a.begun),
      a.opened - b.opened,
      a.nodes - b.nodes,
      compareText(a.region, b.region),
    ),
  );
  return candidates[0]?.region ?? null;
}

/** When the first of these waves may no longer be begun, in milliseconds of the epoch; null where that never is. */
export function firstCutoff(waves: readonly WaveSummary[]): number | null {
  const first = Math.min(...waves.map(cutoffOf));
  return Number.isFinite(first) ? first : null;
}

/** By zone id, hybrid nodes last. */
export const compareZones = (a: ZoneId, b: ZoneId): number =>
  firstDifference(Number(a === HYBRID) - Number(b === HYBRID), compareText(a, b));

const cutoffOf = (wave: WaveSummary): number =>
  wave.cutoff === null ? Number.POSITIVE_INFINITY : Date.parse(wave.lastStart ?? wave.cutoff);
const compareCutoffs = (a: WaveSummary, b: WaveSummary): number =>
  cutoffOf(a) < cutoffOf(b) ? -1 : cutoffOf(a) > cutoffOf(b) ? 1 : 0;
const numbersOf = (waves: readonly WaveSummary[]): number[] => waves.map((wave) => wave.number).sort((a, b) => a - b);
