import { byLocation } from '../domain/by-location.js';
import { localTime } from '../domain/calendar/timezone.js';
import type { PatchBaseline, ResolvedPlan, ResolvedStage } from '../domain/documents/types.js';
import { estimatedMinutes, windowsNeeded } from '../domain/estimate.js';
import type { ManagedNode, OperatingSystem } from '../domain/fleet.js';
import type { CycleId, Instant, NodeId, PlanName } from '../domain/ids.js';
import { otherPatchingSentence } from '../domain/other-patching.js';
import type { PatchSet } from '../domain/patch-set.js';
import { harvest } from '../domain/patch-set.js';
import { type NodeFacts, type Preparation, prepareNodes, windowNameOf } from '../domain/preparation.js';
import type { Preview, PreviewSnapshots, PreviewStage } from '../domain/preview.js';
import { soakWarning, windowWarnings } from '../domain/preview-warnings.js';
import { talkingToAws } from './failures.js';
import { lastScans } from './last-scans.js';
import { locationsOf, nodesOf, planOf, sideBySide } from './locations.js';
import { type Fleet, FleetError, type Records } from './ports.js';
import { nodesOfStage } from './prepare.js';

interface PlannedStage {
  readonly policy: ResolvedStage;
  readonly nodes: readonly ManagedNode[];
  readonly baseline: PatchBaseline | null;
}

export type PreviewActivities = ReturnType<typeof createPreviewActivities>;

/** What a cycle would do, from what AWS lists now and from the last scans; nothing is changed, and nothing scanned. */
export function createPreviewActivities(ports: { readonly fleet: Fleet; readonly records: Records }) {
  const { records } = ports;

  async function preview(input: { plan: PlanName; now: Instant }): Promise<Preview> {
    return talkingToAws(async (signal) => {
      const plan = await planOf({ plan: input.plan }, records);
      const nodes = await nodesOf(plan, ports, signal);
      const facts = await factsOf(nodes);
      const planned = await sideBySide(plan.stages, async (policy) => ({
        policy,
        nodes: nodesOfStage(nodes, policy),
        baseline: policy.baseline === null ? null : await records.baseline(policy.baseline),
      }));
      const stages: PreviewStage[] = [];
      let proven: Pick<PatchSet, 'patches'> | null = null;
      for (const stage of planned) {
        stages.push(await previewStage(stage, facts, proven, input.now, signal));
        proven = expectedPatchSet(stage.nodes, facts);
      }
      const others = await otherPatchingWarnings(plan, nodes, signal);
      const soaks = planned.slice(1).flatMap((later, index) => {
        const earlier = planned[index];
        return (earlier && soakWarning(earlier, later)) ?? [];
      });
      return { plan, at: input.now, stages, warnings: [...planWarnings(plan, nodes, facts), ...soaks, ...others] };
    });
  }

  /** Says what else patches the plan's nodes; that it could not be looked for is a warning too, and fails nothing. */
  async function otherPatchingWarnings(
    plan: ResolvedPlan,
    nodes: readonly ManagedNode[],
    signal: AbortSignal,
  ): Promise<string[]> {
    const names = new Map((await records.accounts()).map(({ id, name }) => [id, name]));
    const found = await sideBySide(await locationsOf(plan, records), async (at) => {
      const place = `${names.get(at.account) ?? at.account} ${at.region}`;
      if (nodes.every(({ account, region }) => account !== at.account || region !== at.region)) return [];
      try {
        const others = await ports.fleet.otherPatching(at, signal);
        return others.flatMap((other) => otherPatchingSentence(other, nodes, place, 'of this plan') ?? []);
      } catch (error) {
        if (!(error instanceof FleetError)) throw error;
        return [`Whether anything else patches these nodes in ${place} could not be looked up: ${error.message}`];
      }
    });
    return found.flat();
  }

  async function previewStage(
    { policy, nodes, baseline }: PlannedStage,
    scans: ReadonlyMap<NodeId, NodeFacts>,
    patchSet: Pick<PatchSet, 'patches'> | null,
    now: Instant,
    signal: AbortSignal,
  ): Promise<PreviewStage> {
    const windows = await records.windows();
    const setAside = await records.setAsideAmong(nodes.map(({ id }) => id));
    const firstSeen = () => now;
    const input = { policy, nodes, windows, baseline, patchSet, scans, setAside, scanned: false, firstSeen, now };
    const preparation = prepareNodes(input);
    const openings = windowsOf(preparation, policy);
    const { snapshots, warnings } = await snapshotsOf(preparation, policy, signal);
    const known = new Set(windows.map(({ name }) => name));
    return {
      name: policy.name,
      nodes: nodes.length,
      windows: openings,
      waves: preparation.waves.map((wave) => ({
        account: wave.account,
        region: wave.region,
        zone: wave.zone,
        zoneName: wave.zoneName,
        window: wave.window,
        nodes: wave.batches.reduce((sum, batch) => sum + batch.nodes.length, 0),
        maxUnavailable: wave.maxUnavailable,
        batches: wave.batches.length,
      })),
      snapshots,
      leftOut: preparation.leftOut,
      unknownWindows: nodes
        .filter((node) => !known.has(windowNameOf(node, policy)))
        .map(({ id, window }) => ({ node: id, window })),
      untested: untestedOf(preparation, nodes, scans),
      warnings: [
        ...(nodes.length === 0 ? [`No node matches stage ${policy.name}: a cycle would fail at once.`] : []),
        ...windowWarnings(openings, policy),
        ...preparation.warnings,
        ...warnings,
      ],
    };
  }

  /** How many volumes would be snapshotted, and how large they are; that this cannot be told fails nothing. */
  async function snapshotsOf(
    { targets }: Preparation,
    policy: ResolvedStage,
    signal: AbortSignal,
  ): Promise<{ snapshots: PreviewSnapshots | null; warnings: string[] }> {
    if (policy.snapshot === 'none') return { snapshots: null, warnings: [] };
    try {
      const found = await sideBySide(byLocation(targets.filter(({ kind }) => kind === 'ec2')), ({ at, members }) =>
        ports.fleet.volumeSizes(
          at,
          members.map(({ node }) => node),
          signal,
        ),
      );
      const volumes = found.flat();
      const gib = volumes.reduce((sum, volume) => sum + volume.gib, 0);
      return { snapshots: { count: volumes.length, gib }, warnings: [] };
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      const warning = `How large the snapshots of ${policy.name} are could not be looked up: ${error.message}`;
      return { snapshots: null, warnings: [warning] };
    }
  }

  async function factsOf(nodes: readonly ManagedNode[]): Promise<ReadonlyMap<NodeId, NodeFacts>> {
    const ids = nodes.map(({ id }) => id);
    const scans = await lastScans(records, ids);
    return new Map(scans.map(({ state, patches }) => [state.node, { state, patches: patches ?? [] }]));
  }

  return { preview };
}

/** What the stage would prove if all went well: what is there already, and all that is missing. */
function expectedPatchSet(
  nodes: readonly ManagedNode[],
  facts: ReadonlyMap<NodeId, NodeFacts>,
): Pick<PatchSet, 'patches'> {
  const proven = nodes.flatMap(({ id, os }): { os: OperatingSystem; patches: NodeFacts['patches'] }[] => {
    const found = facts.get(id);
    if (!found || os === null) return [];
    const patches = found.patches.map((patch) =>
      patch.state === 'Missing' ? { ...patch, state: 'Installed' as const } : patch,
    );
    return [{ os, patches }];
  });
  return harvest(proven, 'preview' as CycleId, 'preview' as PreviewStage['name']).set;
}

function windowsOf({ windows, targets, waves }: Preparation, policy: ResolvedStage): PreviewStage['windows'] {
  return windows.map((window) => {
    const own = waves.filter((wave) => wave.window === window.window);
    const estimated = estimatedMinutes(own, policy);
    const open = window.cutoff === null ? null : Date.parse(window.cutoff) - Date.parse(window.opens);
    return {
      ...window,
      nodes: targets.filter((target) => target.window === window.window).length,
      opensLocal: localTime(window.opens, window.timezone),
      closesLocal: window.closes === null ? null : localTime(window.closes, window.timezone),
      estimatedMinutes: estimated,
      fitsBeforeCutoff: open === null || estimated * 60_000 <= open,
      windowsNeeded: windowsNeeded(own, policy, open),
    };
  });
}

function untestedOf(
  { installLists }: Preparation,
  nodes: readonly ManagedNode[],
  facts: ReadonlyMap<NodeId, NodeFacts>,
): PreviewStage['untested'] {
  const untested = new Map(
    installLists.flatMap((list) => list.untested.map((patch) => [`${patch.id}\n${patch.title}`, patch])),
  );
  return [...untested.entries()].map(([key, patch]) => ({
    ...patch,
    nodes: nodes.filter(({ id }) =>
      facts.get(id)?.patches.some(({ id: found, title, state }) => state === 'Missing' && `${found}\n${title}` === key),
    ).length,
  }));
}

function planWarnings(
  plan: ResolvedPlan,
  nodes: readonly ManagedNode[],
  facts: ReadonlyMap<NodeId, NodeFacts>,
): string[] {
  const groups = new Set(plan.stages.flatMap(({ patchGroups }) => patchGroups));
  const stray = nodes.filter(({ patchGroup }) => patchGroup === null || !groups.has(patchGroup));
  const unscanned = nodes.filter(({ id }) => !facts.has(id));
  return [
    ...(stray.length > 0 ? [`${stray.length} nodes bear the plan's tags and belong to no stage's patch group.`] : []),
    ...(unscanned.length > 0
      ? [`${unscanned.length} nodes have never been scanned: what they miss is not known. POST /v1/scans finds out.`]
      : []),
  ];
}
