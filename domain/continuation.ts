import { occurrence, occurrences } from './calendar/windows.js';
import type { Outcome } from './cycle.js';
import type { MaintenanceWindow, ResolvedStage } from './documents/types.js';
import type { ManagedNode } from './fleet.js';
import type { Digest, Instant, NodeId } from './ids.js';
import type { Continues, LeftOut, Manifest, Target, Wave, WindowOccurrence } from './manifest.js';
import { compareText } from './order.js';
import { type SetAside, setAsideReason } from './set-aside.js';
import { planWaves } from './waves.js';

/** What of a node's way through its stage decides whether it goes on. */
export interface NodeSoFar {
  readonly node: NodeId;
  readonly wave: number;
  readonly touched: boolean;
  readonly outcome: Outcome | null;
}

/** Outcomes after which another try may help; a node that was set aside is left alone until somebody readmits it. */
const RETRYABLE: ReadonlySet<Outcome> = new Set(['failed', 'unreachable']);

/**
 * The nodes that a continuation is for: of these waves those that nobody had touched when the wave ended, or all of the
 * stage that failed. Nodes that the manifest left out (wave 0) are neither.
 */
export const concerned = (
  nodes: readonly NodeSoFar[],
  of: Continues['of'],
  waves: readonly number[],
): readonly NodeId[] =>
  nodes
    .filter(({ wave, touched, outcome }) =>
      of === 'failed'
        ? wave > 0 && outcome !== null && RETRYABLE.has(outcome)
        : waves.includes(wave) && outcome === null && !touched,
    )
    .map(({ node }) => node);

export interface ContinuationInput {
  /** What was approved, and its digest: what is not in it is not in a continuation either. */
  readonly approved: Manifest;
  readonly manifest: Digest;
  readonly of: Continues['of'];
  readonly round: number;
  /** The number of the first new wave: the stage's waves are numbered on, so that their effects have keys of their own. */
  readonly firstWave: number;
  readonly nodes: readonly NodeId[];
  /** The nodes as they are now; one that is missing is gone. */
  readonly found: readonly ManagedNode[];
  /** The tags by which the plan selects nodes. */
  readonly tags: Readonly<Record<string, string>>;
  readonly windows: readonly MaintenanceWindow[];
  readonly setAside: ReadonlyMap<NodeId, SetAside>;
  readonly now: Instant;
}

/**
 * The manifest with which a stage goes on: its policy, patch set, install lists and baselines are those of the approved
 * one, its targets are among those of the approved one, and each is in the next occurrence of its window (a retry also in
 * one that is open). No more of a zone's nodes are out of service at once than the approved manifest allows.
 */
export function continuation(input: ContinuationInput): Manifest & { readonly continues: Continues } {
  const { approved, manifest, of, round } = input;
  const wanted = new Set(input.nodes);
  const found = new Map(input.found.map((node) => [node.id, node]));
  const checked = approved.targets
    .filter(({ node }) => wanted.has(node))
    .map((target) => ({ target, reason: whyNot(target, found.get(target.node), input) }));
  const targets = checked.flatMap(({ target, reason }) => (reason === null ? [target] : []));
  const windows = openings(targets, input);
  return {
    ...approved,
    continues: { manifest, of, round },
    preparedAt: input.now,
    windows,
    targets,
    leftOut: checked.flatMap(({ target, reason }) => (reason === null ? [] : [leftOut(target, reason)])),
    waves: wavesOf(targets, windows, input),
    warnings: [],
  };
}

const leftOut = ({ node, name, account, region }: Target, { outcome, reason }: Why): LeftOut => ({
  node,
  name,
  account,
  region,
  outcome,
  reason,
});

type Why = Pick<LeftOut, 'outcome' | 'reason'>;

/** Looked at again before a node is touched: is it still there, and still the plan's? */
function whyNot(target: Target, node: ManagedNode | undefined, input: ContinuationInput): Why | null {
  const { approved, tags, windows } = input;
  const skipped = (reason: string): Why => ({ outcome: 'skipped', reason });
  if (!node) return { outcome: 'gone', reason: 'The node is no longer there.' };
  const aside = input.setAside.get(node.id);
  if (aside) return { outcome: 'set-aside', reason: setAsideReason(aside) };
  if (!isSelected(node, tags, approved.policy)) {
    return skipped('Its tags have changed since its stage was prepared: the plan no longer selects it for this stage.');
  }
  if (node.autoScalingGroup !== null) return skipped(`It has joined Auto Scaling group ${node.autoScalingGroup}.`);
  if (!windows.some(({ name }) => name === target.window)) {
    return skipped(`There is no maintenance window ${target.window} any more.`);
  }
  return null;
}

const isSelected = (
  node: ManagedNode,
  tags: Readonly<Record<string, string>>,
  { patchGroups }: Pick<ResolvedStage, 'patchGroups'>,
): boolean =>
  Object.entries(tags).every(([name, value]) => node.tags[name] === value) &&
  node.patchGroup !== null &&
  patchGroups.includes(node.patchGroup);

function openings(targets: readonly Target[], { windows, of, now }: ContinuationInput): WindowOccurrence[] {
  const names = [...new Set(targets.map(({ window }) => window))].sort(compareText);
  return names.flatMap((name) => {
    const window = windows.find((known) => known.name === name);
    if (!window) return [];
    const nodes = targets.filter((target) => target.window === name).length;
    // One that is open now is the one in which the nodes that are carried over were not reached.
    return of === 'failed' ? [occurrence(window, nodes, now)] : occurrences(window, nodes, now, 1);
  });
}

/** By the waves that the targets were approved in, in their order. */
function wavesOf(targets: readonly Target[], windows: readonly WindowOccurrence[], input: ContinuationInput): Wave[] {
  const left = new Map(targets.map((target) => [target.node, target]));
  return input.approved.waves
    .map((wave) => ({
      limit: wave.maxUnavailable,
      members: wave.batches.flatMap(({ nodes }) => nodes.flatMap((node) => left.get(node) ?? [])),
    }))
    .filter(({ members }) => members.length > 0)
    .flatMap(({ limit, members }) =>
      // The approved limit, though fewer nodes are left: those that failed before go on consuming it.
      planWaves(members, windows, { maxUnavailable: { nodes: limit } }).map((wave) => ({
        ...wave,
        maxUnavailable: limit,
      })),
    )
    .map((wave, index) => ({ ...wave, number: input.firstWave + index }));
}
