import { HYBRID, type ZoneId } from './ids.js';
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
 * equals by zone id, hybrid nodes last. `now` is in milliseconds of the epoch.
 */
export function nextTurn(pending: readonly WaveSummary[], now: number): Turn {
  const cutOff = numbersOf(pending.filter((wave) => cutoffOf(wave) <= now));
  const coming = pending.filter((wave) => cutoffOf(wave) > now);
  const open = coming.filter((wave) => Date.parse(wave.opens) <= now);
  const next = [...open].sort((a, b) => firstDifference(compareCutoffs(a, b), compareZones(a.zone, b.zone)))[0];
  if (next) return { kind: 'run', waves: numbersOf(open.filter((wave) => wave.zone === next.zone)), cutOff };
  if (coming.length === 0) return { kind: 'done', cutOff };
  return { kind: 'wait', until: Math.min(...coming.map((wave) => Date.parse(wave.opens))), cutOff };
}

/** By zone id, hybrid nodes last. */
export const compareZones = (a: ZoneId, b: ZoneId): number =>
  firstDifference(Number(a === HYBRID) - Number(b === HYBRID), compareText(a, b));

const cutoffOf = (wave: WaveSummary): number =>
  wave.cutoff === null ? Number.POSITIVE_INFINITY : Date.parse(wave.lastStart ?? wave.cutoff);
const compareCutoffs = (a: WaveSummary, b: WaveSummary): number =>
  cutoffOf(a) < cutoffOf(b) ? -1 : cutoffOf(a) > cutoffOf(b) ? 1 : 0;
const numbersOf = (waves: readonly WaveSummary[]): number[] => waves.map((wave) => wave.number).sort((a, b) => a - b);
