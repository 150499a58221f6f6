import type { Finding } from '../ledger-check.js';
import type { Span, StageTrack, ZoneTrack } from './facts.js';

/** Between the look at the clock and the first effect on the node lie a send and its delivery, in milliseconds. */
const SEND = 5_000;

/** What of a stage can be seen in its picture, as rules: the budget, the windows, what was carried over. */
export function checkTrack(track: StageTrack): Finding[] {
  return [withinBudget(track), beforeCutoff(track), carriedOver(track)];
}

/** How many nodes of a zone are out of service, each time that it changes, in order. */
export function countsOf({ nodes }: ZoneTrack): { readonly at: number; readonly count: number }[] {
  const spans = nodes.flatMap(({ outOfService }) => outOfService);
  // Who comes back in the same millisecond comes back first.
  const changes = [...spans.map(({ to: at }) => ({ at, by: -1 })), ...spans.map(({ from: at }) => ({ at, by: 1 }))];
  let count = 0;
  return changes
    .sort((a, b) => a.at - b.at || a.by - b.by)
    .map(({ at, by }) => {
      count += by;
      return { at, count };
    });
}

/** The most nodes of a zone that were out of service at once. */
export const mostOf = (zone: ZoneTrack): number => Math.max(0, ...countsOf(zone).map(({ count }) => count));

function withinBudget({ zones }: StageTrack): Finding {
  return {
    rule: 'never more nodes of a zone out of service than its budget allows',
    checked: zones.reduce(
      (sum, zone) => sum + zone.nodes.filter(({ outOfService }) => outOfService.length > 0).length,
      0,
    ),
    violations: zones
      .filter((zone) => mostOf(zone) > zone.budget)
      .map((zone) => `${zone.region} ${zone.zone} of ${zone.account}: ${mostOf(zone)} at once, allowed ${zone.budget}`),
  };
}

function beforeCutoff({ zones, openings }: StageTrack): Finding {
  const tries = triesOf(zones);
  return {
    rule: 'no node taken out of service before its window opened or after its cutoff',
    checked: tries.length,
    violations: tries
      .filter(
        ({ window, span }) =>
          !openings.some((each) => each.window === window && span.from >= each.from && span.from < each.cutoff + SEND),
      )
      .map(({ name, span }) => `${name} at ${new Date(span.from).toISOString()}`),
  };
}

function carriedOver({ zones, openings }: StageTrack): Finding {
  const carried = zones.flatMap(({ nodes, window }) =>
    nodes.filter((node) => node.carriedOver).map((node) => ({ ...node, window })),
  );
  return {
    rule: 'what a window did not reach was patched once, in a later window',
    checked: carried.length,
    violations: carried
      .filter(({ window, outOfService: [only, ...others] }) => {
        const [first] = openings.filter((each) => each.window === window);
        return !only || !first || others.length > 0 || only.from < first.to;
      })
      .map(
        ({ name, outOfService }) => `${name}: ${outOfService.length} times, ${outOfService.map(spanText).join(', ')}`,
      ),
  };
}

const triesOf = (zones: readonly ZoneTrack[]): { window: string; name: string; span: Span }[] =>
  zones.flatMap(({ window, nodes }) =>
    nodes.flatMap(({ name, outOfService }) => outOfService.map((span) => ({ window, name, span }))),
  );

const spanText = ({ from, to }: Span): string => [from, to].map((at) => new Date(at).toISOString()).join(' to ');
