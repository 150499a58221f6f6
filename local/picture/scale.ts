import type { Span, StageTrack } from './facts.js';

/** Where on the picture a time is. Stretches in which no window was open and nothing happened are cut out. */
export interface Scale {
  readonly stretches: readonly Span[];
  /** In pixels from the left. */
  at(time: number): number;
}

/** Between two stretches, in pixels. */
export const BREAK = 56;
/** Of all that is shown, before and after each stretch. */
const MARGIN = 0.015;

/** @param left the first pixel of the axis, and `right` its last */
export function scaleOf(track: StageTrack, left: number, right: number): Scale {
  const stretches = stretchesOf(track);
  const shown = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const perMillisecond = (right - left - BREAK * (stretches.length - 1)) / shown;
  return {
    stretches,
    at: (time) => {
      let x = left;
      for (const { from, to } of stretches) {
        if (time <= to) return x + Math.max(time - from, 0) * perMillisecond;
        x += (to - from) * perMillisecond + BREAK;
      }
      return right;
    },
  };
}

/** Openings in which something could begin, and whatever happened outside of them. */
function stretchesOf({ openings, zones, from, to }: StageTrack): Span[] {
  const opened = openings
    .filter((opening) => opening.from <= to)
    .map((opening) => (Number.isFinite(opening.to) ? opening : { from: Math.max(opening.from, from), to }));
  const acts = zones.flatMap(({ nodes }) => nodes.flatMap((node) => node.acts));
  const merged: Span[] = [];
  for (const span of [...opened, ...acts].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else merged.push({ from: span.from, to: span.to });
  }
  const margin = MARGIN * merged.reduce((sum, span) => sum + span.to - span.from, 0);
  return merged.map((span) => ({ from: span.from - margin, to: span.to + margin }));
}
