import type { NodeLimit, ResolvedStage } from './documents/types.js';
import type { Instant } from './ids.js';
import { compareZones } from './lanes.js';
import type { Batch, Target, Wave, WaveSummary, WindowOccurrence } from './manifest.js';
import { compareText, firstDifference } from './order.js';

/** What one SendCommand carries at most. */
export const BATCH_LIMIT = 50;

/**
 * Divides a stage's targets into waves (window × account × Region × zone) and their batches (one operating system and
 * patch group, no more nodes than one command carries and than may be out of service at once). Every target is in
 * exactly one batch, and the answer does not depend on the order of the input. Waves are numbered from 1 as their
 * windows open, then by Region, zone (hybrid last), account and window.
 *
 * @throws Error where a target's window has no occurrence: prepare leaves such nodes out.
 */
export function planWaves(
  targets: readonly Target[],
  occurrences: readonly WindowOccurrence[],
  policy: Pick<ResolvedStage['waves'], 'maxUnavailable'>,
  batchLimit: number = BATCH_LIMIT,
): Wave[] {
  const opens = firstOpenings(occurrences);
  const waves = groupBy(
    [...targets].sort((a, b) => compareText(a.node, b.node)),
    (target) => JSON.stringify([target.window, target.account, target.region, target.zone]),
  ).map(([first, ...others]) => ({ first, nodes: [first, ...others], opens: openingOf(first, opens) }));
  waves.sort((a, b) =>
    firstDifference(
      Date.parse(a.opens) - Date.parse(b.opens),
      compareText(a.first.region, b.first.region),
      compareZones(a.first.zone, b.first.zone),
      compareText(a.first.account, b.first.account),
      compareText(a.first.window, b.first.window),
    ),
  );
  return waves.map(({ first, nodes }, index) => {
    const maxUnavailable = Math.min(nodes.length, nodesWithin(policy.maxUnavailable, nodes.length));
    return {
      number: index + 1,
      window: first.window,
      account: first.account,
      region: first.region,
      zone: first.zone,
      zoneName: first.zoneName,
      maxUnavailable,
      batches: batchesOf(nodes, Math.min(batchLimit, maxUnavailable)),
    };
  });
}

/** What a workflow needs to know of a wave, with the opening of its window. */
export const waveSummary = (wave: Wave, occurrence: WindowOccurrence): WaveSummary => ({
  number: wave.number,
  window: wave.window,
  account: wave.account,
  region: wave.region,
  zone: wave.zone,
  zoneName: wave.zoneName,
  opens: occurrence.opens,
  cutoff: occurrence.cutoff,
  maxUnavailable: wave.maxUnavailable,
  nodes: wave.batches.reduce((sum, batch) => sum + batch.nodes.length, 0),
  batches: wave.batches.map((batch) => batch.nodes.length),
});

/** How many failures pause a stage of so many nodes: a share is rounded up, and it takes at least one. */
export const failureLimit = (limit: NodeLimit, nodes: number): number => nodesWithin(limit, nodes);

/** A limit as a number of nodes: a share is rounded up; at least 1, so that small waves move at all. */
function nodesWithin(limit: NodeLimit, nodes: number): number {
  // Rounded to millionths first: 0.07 of 100 is 7, not the 7.000000000000001 that would become 8.
  const share = 'nodes' in limit ? limit.nodes : Number(((nodes * limit.percent) / 100).toFixed(6));
  return Math.max(1, Math.ceil(share));
}

function batchesOf(nodes: readonly Target[], limit: number): Batch[] {
  const groups = groupBy(nodes, (target) => JSON.stringify([target.os, target.patchGroup]));
  groups.sort(([a], [b]) =>
    firstDifference(
      compareText(a.os, b.os),
      Number(a.patchGroup !== null) - Number(b.patchGroup !== null),
      compareText(a.patchGroup ?? '', b.patchGroup ?? ''),
    ),
  );
  return groups
    .flatMap((group) => balanced(group, limit))
    .map((members, index) => ({
      number: index + 1,
      os: members[0].os,
      patchGroup: members[0].patchGroup,
      nodes: members.map((target) => target.node),
    }));
}

/** As few parts as the limit allows, in order, whose sizes differ by at most one. */
function balanced<Item>(items: NonEmpty<Item>, limit: number): NonEmpty<Item>[] {
  const count = Math.ceil(items.length / limit);
  return groupBy(
    items.map((item, index) => ({ item, part: Math.floor((index * count) / items.length) })),
    ({ part }) => String(part),
  ).map(([first, ...others]) => [first.item, ...others.map(({ item }) => item)]);
}

type NonEmpty<Item> = [Item, ...Item[]];

/** Groups in the order of their first member. */
function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): NonEmpty<Item>[] {
  const groups = new Map<string, NonEmpty<Item>>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

function firstOpenings(occurrences: readonly WindowOccurrence[]): ReadonlyMap<string, Instant> {
  const opens = new Map<string, Instant>();
  for (const { window, opens: instant } of occurrences) {
    const known = opens.get(window);
    if (known === undefined || Date.parse(instant) < Date.parse(known)) opens.set(window, instant);
  }
  return opens;
}

function openingOf(target: Target, opens: ReadonlyMap<string, Instant>): Instant {
  const instant = opens.get(target.window);
  if (instant === undefined)
    throw new Error(`Node ${target.node} is in window ${target.window}, which has no occurrence.`);
  return instant;
}
