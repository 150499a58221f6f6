import { occurrence } from './calendar/windows.js';
import type { MaintenanceWindow, PatchBaseline, ResolvedStage } from './documents/types.js';
import type { PinnedPatch } from './fleet.js';
import { type ManagedNode, type NodePatch, type NodePatchState, type OperatingSystem, packageScheme } from './fleet.js';
import type { Instant, NodeId } from './ids.js';
import type { InstallList, LeftOut, Target, Wave, WindowOccurrence } from './manifest.js';
import { compareText } from './order.js';
import type { PatchSet } from './patch-set.js';
import { approvedByDelay, installList } from './promotion.js';
import { type SetAside, setAsideReason } from './set-aside.js';
import { targetGroupLocation } from './target-group.js';
import { isAtMost, parsePatch } from './versions.js';
import { planWaves } from './waves.js';

/** The window of nodes whose plan and tag name none. */
export const DEFAULT_WINDOW = 'default';

export interface NodeFacts {
  readonly state: NodePatchState;
  readonly patches: readonly NodePatch[];
}

export interface PreparationInput {
  readonly policy: ResolvedStage;
  readonly nodes: readonly ManagedNode[];
  readonly windows: readonly MaintenanceWindow[];
  readonly baseline: PatchBaseline | null;
  /** What the stage before proved; null in the first stage. */
  readonly patchSet: Pick<PatchSet, 'patches'> | null;
  readonly scans: ReadonlyMap<NodeId, NodeFacts>;
  /** Those of the nodes that are left alone until somebody readmits them. */
  readonly setAside: ReadonlyMap<NodeId, SetAside>;
  /** Preview does not scan: a node without a scan counts as one that will be patched. */
  readonly scanned: boolean;
  readonly firstSeen: (os: OperatingSystem, patch: PinnedPatch) => Instant;
  readonly now: Instant;
}

/** What a stage is about to do with each of its nodes, and when. */
export interface Preparation {
  readonly targets: readonly Target[];
  readonly leftOut: readonly LeftOut[];
  readonly installLists: readonly InstallList[];
  readonly windows: readonly WindowOccurrence[];
  readonly waves: readonly Wave[];
  readonly warnings: readonly string[];
}

/** Decides on every node of a stage: when it is patched and with what, or why it is left alone. */
export function prepareNodes(input: PreparationInput): Preparation {
  const lists = installLists(input);
  const decisions = input.nodes.map((node) => decide(node, input, lists));
  const targets = decisions.flatMap((decision) => (decision.kind === 'target' ? [decision.target] : []));
  const leftOut = decisions.flatMap((decision) => (decision.kind === 'left-out' ? [decision.leftOut] : []));
  const windows = openingsOf(targets, input);
  return {
    targets,
    leftOut,
    windows,
    installLists: [...lists.values()],
    waves: planWaves(targets, windows, input.policy.waves),
    warnings: warningsOf(input, targets, leftOut, lists),
  };
}

type NodeDecision =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'left-out'; readonly leftOut: LeftOut };

/** The name of the window that a node is in, whether or not there is such a window. */
export const windowNameOf = (node: ManagedNode, policy: ResolvedStage): string =>
  policy.window ?? node.window ?? DEFAULT_WINDOW;

function decide(node: ManagedNode, input: PreparationInput, lists: ReadonlyMap<string, InstallList>): NodeDecision {
  const { policy } = input;
  const window = windowNameOf(node, policy);
  const leave = (outcome: LeftOut['outcome'], reason: string): NodeDecision => ({
    kind: 'left-out',
    leftOut: { node: node.id, name: node.name, account: node.account, region: node.region, outcome, reason },
  });
  const aside = input.setAside.get(node.id);
  if (aside) return leave('set-aside', setAsideReason(aside));
  if (node.autoScalingGroup !== null) {
    return leave(
      'skipped',
      `Member of Auto Scaling group ${node.autoScalingGroup}: replaced by its image, not patched.`,
    );
  }
  if (!input.windows.some(({ name }) => name === window)) {
    const tag = node.window === null && policy.window === null ? 'It has no window tag, and there is' : 'There is';
    return leave('skipped', `${tag} no maintenance window ${window}.`);
  }
  const startFirst = startsFirst(node, policy);
  if (node.state === 'stopped' && !startFirst)
    return leave('skipped', 'Stopped, and the plan skips stopped instances.');
  if (node.os === null) return leave('skipped', 'Its operating system is unknown: neither EC2 nor SSM tells.');
  if (node.ping !== 'online' && !startFirst) return leave('unreachable', `Its agent is not online (${node.ping}).`);
  // What a stopped instance was scanned for, whenever that was, is no reason to leave it alone now.
  const facts = startFirst ? undefined : input.scans.get(node.id);
  if (!facts && input.scanned && !startFirst) return leave('unreachable', 'It could not be scanned.');

  const list = lists.get(listKey(node.account, node.region, node.os, node.patchGroup));
  const nothing = facts ? nothingToDo(node.os, facts, list ?? null) : null;
  if (nothing !== null) return leave(nothing.outcome, nothing.reason);
  const { id, kind, name, os, zone, zoneName, patchGroup, account, region } = node;
  return {
    kind: 'target',
    target: { node: id, kind, name, os, zone, zoneName, patchGroup, account, region, window, startFirst },
  };
}

/** Why there is nothing to do on a node; null where there is. */
function nothingToDo(
  os: OperatingSystem,
  { state, patches }: NodeFacts,
  list: InstallList | null,
): { outcome: 'already-compliant' | 'skipped'; reason: string } | null {
  if (state.pendingReboot > 0) return null;
  const lacking = patches.filter(isLacking);
  if (state.missing === 0 && state.failed === 0 && lacking.length === 0) {
    return { outcome: 'already-compliant', reason: 'Nothing is missing.' };
  }
  if (list === null || list.patches.some((pin) => lacking.some((patch) => isFor(os, pin, patch)))) return null;
  return { outcome: 'skipped', reason: 'What it misses was not proven by the stage before, or is not approved yet.' };
}

/** Would installing the pinned patch change what is missing? The same package, and not newer than what is missing. */
function isFor(os: OperatingSystem, pin: PinnedPatch, missing: PinnedPatch): boolean {
  const [pinned, lacking] = [parsePatch(os, pin), parsePatch(os, missing)];
  return pinned !== null && lacking !== null && pinned.name === lacking.name && isAtMost(os, pinned, lacking);
}

const isLacking = ({ state }: NodePatch): boolean => state === 'Missing' || state === 'Failed';
const listKey = (account: string, region: string, os: OperatingSystem, patchGroup: string | null): string =>
  JSON.stringify([account, region, os, patchGroup]);

/**
 * What is installed by name: everywhere in a stage that follows another, and on Debian and Ubuntu also in a first stage
 * whose baseline has delays, since SSM knows none there.
 */
function installLists(input: PreparationInput): ReadonlyMap<string, InstallList> {
  const groups = new Map<string, { readonly os: OperatingSystem; readonly members: ManagedNode[] }>();
  for (const node of [...input.nodes].sort((a, b) => compareText(a.id, b.id))) {
    if (node.os === null) continue;
    const key = listKey(node.account, node.region, node.os, node.patchGroup);
    const group = groups.get(key) ?? { os: node.os, members: [] };
    group.members.push(node);
    groups.set(key, group);
  }
  const lists = new Map<string, InstallList>();
  for (const [key, { os, members }] of groups) {
    const [first] = members;
    const delayed =
      packageScheme(os) === 'dpkg' && (input.baseline?.rules.some((rule) => rule.approveAfterDays > 0) ?? false);
    if (!first || (input.patchSet === null && !delayed)) continue;
    const { account, region, patchGroup } = first;
    const missing = members.flatMap((member) => (input.scans.get(member.id)?.patches ?? []).filter(isLacking));
    const due = delayed ? missing.filter((patch) => isDue(os, patch, input)) : missing;
    const { patches, untested, unreadable } = input.patchSet
      ? installList(os, due, input.patchSet)
      : { patches: due.map(({ id, title }) => ({ id, title })), untested: [], unreadable: [] };
    lists.set(key, {
      account,
      region,
      os,
      patchGroup,
      patches: distinct(patches),
      untested: distinct([...untested, ...unreadable]),
    });
  }
  return lists;
}

const startsFirst = ({ state }: ManagedNode, policy: ResolvedStage): boolean =>
  state === 'stopped' && policy.stopped === 'start';

function isDue(os: OperatingSystem, patch: NodePatch, { baseline, firstSeen, now }: PreparationInput): boolean {
  if (baseline === null || baseline.approved.includes(patch.id)) return true;
  if (baseline.rejected.includes(patch.id)) return false;
  return approvedByDelay(baseline.rules, os, patch, firstSeen(os, patch), now);
}

const distinct = (patches: readonly PinnedPatch[]): PinnedPatch[] => [
  ...new Map(patches.map(({ id, title }) => [`${id}\n${title}`, { id, title }])).values(),
];

function openingsOf(targets: readonly Target[], { windows, now }: PreparationInput): WindowOccurrence[] {
  const names = [...new Set(targets.map(({ window }) => window))].sort(compareText);
  return names.flatMap((name) => {
    const window = windows.find((known) => known.name === name);
    const nodes = targets.filter((target) => target.window === name).length;
    return window ? [occurrence(window, nodes, now)] : [];
  });
}

function warningsOf(
  input: PreparationInput,
  targets: readonly Target[],
  leftOut: readonly LeftOut[],
  lists: ReadonlyMap<string, InstallList>,
): string[] {
  const pending = targets.filter(({ node }) => (input.scans.get(node)?.state.pendingReboot ?? 0) > 0).length;
  const untested = new Set(
    [...lists.values()].flatMap((list) => list.untested.map(({ id, title }) => `${id} ${title}`)),
  );
  const aside = leftOut.filter(({ outcome }) => outcome === 'set-aside').length;
  const unwindowed = leftOut.filter(({ reason }) => reason.includes('no maintenance window')).length;
  return [
    ...(pending > 0 ? [`${pending} nodes have a reboot pending before anything is installed.`] : []),
    ...(untested.size > 0
      ? [`${untested.size} missing patches were not proven by the stage before, and are left alone.`]
      : []),
    ...(aside > 0 ? [`${aside} nodes are set aside, and left alone until somebody readmits them.`] : []),
    ...(unwindowed > 0 ? [`${unwindowed} nodes are skipped, since their window does not exist.`] : []),
    ...strayTargetGroups(input.policy, targets),
  ];
}

/** Target groups that are looked at after none of the stage's zones. */
function strayTargetGroups({ health }: PreparationInput['policy'], targets: readonly Target[]): string[] {
  const places = new Set(targets.map(({ account, region }) => `${account}/${region}`));
  return (health?.checks ?? []).flatMap((check) => {
    if (!('targetGroup' in check) || targets.length === 0) return [];
    const at = targetGroupLocation(check.targetGroup);
    if (places.has(`${at.account}/${at.region}`)) return [];
    return [`Target group ${check.targetGroup} is not looked at: no node of the stage is in its account and Region.`];
  });
}
