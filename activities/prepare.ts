import { baselineRulesFor } from '../domain/baseline-rules.js';
import { byLocation } from '../domain/by-location.js';
import type { CycleRequest } from '../domain/cycle.js';
import type { PatchBaseline, ResolvedPlan, ResolvedStage } from '../domain/documents/types.js';
import { lastStart } from '../domain/estimate.js';
import type { ManagedNode, OperatingSystem, PinnedPatch } from '../domain/fleet.js';
import { packageScheme } from '../domain/fleet.js';
import type { CycleId, Digest, Instant, Location, NodeId, StageName } from '../domain/ids.js';
import type { BaselineInUse, Manifest, WaveSummary, WindowOccurrence } from '../domain/manifest.js';
import { type NodeFacts, type Preparation, prepareNodes } from '../domain/preparation.js';
import { type Selection, select } from '../domain/selection.js';
import { type StagePolicy, stagePolicy } from '../domain/stage-policy.js';
import { targetJump } from '../domain/target-jump.js';
import { waveSummary } from '../domain/waves.js';
import { type ContinuedStage, type ContinueRequest, continueStage } from './continue-stage.js';
import { heartbeating, talkingToAws } from './failures.js';
import { lastScans } from './last-scans.js';
import { locationsOfAccount, nodesOf, planOf, sideBySide } from './locations.js';
import { type Fleet, FleetError, type NodeScan, type Records, type RunningTail } from './ports.js';

export interface Selected {
  readonly digest: Digest;
  readonly locations: readonly (Location & { readonly batches: number })[];
}

export interface OpenedCycle {
  readonly stages: readonly StagePolicy[];
  /** Stages that no node matches. */
  readonly empty: readonly StageName[];
  /** What goes on of the plan's earlier cycles. */
  readonly tails: readonly RunningTail[];
}

export interface PreparedStage {
  readonly manifest: Digest;
  /** Nodes that the plan selects for the stage; `targets` of them are about to be touched. */
  readonly matched: number;
  readonly targets: number;
  /** Why a person should look before anything is touched; null where nothing is odd. */
  readonly jump: string | null;
  readonly windows: readonly WindowOccurrence[];
  readonly waves: readonly WaveSummary[];
}

export type PrepareActivities = ReturnType<typeof createPrepareActivities>;

/** Finding out what is about to be done. Nothing here touches a node; a scan does not either. */
export function createPrepareActivities(ports: { readonly fleet: Fleet; readonly records: Records }) {
  const { fleet, records } = ports;

  /** The stages of the plan's version with their rules. */
  async function openCycle(request: CycleRequest): Promise<OpenedCycle> {
    return talkingToAws(async (signal) => {
      const plan = await planOf(request, records);
      const nodes = await nodesOf(plan, ports, signal);
      const empty = plan.stages.filter((stage) => nodesOfStage(nodes, stage).length === 0);
      return {
        stages: plan.stages.map((stage, index) => stagePolicy(stage, index === plan.stages.length - 1)),
        empty: empty.map(({ name }) => name),
        tails: await records.runningTails(request.plan),
      };
    });
  }

  /** The stage's nodes as they are now, with the baselines registered under which they are about to be scanned. */
  async function selectStage(input: { request: CycleRequest; stage: StageName }): Promise<Selected> {
    return talkingToAws(async (signal) => {
      const plan = await planOf(input.request, records);
      const stage = stageOf(plan, input.stage);
      const found = await nodesOf(plan, ports, signal);
      await records.foundNodes(found, rightNow());
      const nodes = nodesOfStage(found, stage);
      const baselines = await registerBaselines(stage, nodes, signal);
      const aside = new Set((await records.setAsideAmong(nodes.map(({ id }) => id))).keys());
      const owner = { cycle: input.request.cycle, stage: input.stage, at: rightNow(), baselines };
      return selected(select(owner, nodes, aside));
    });
  }

  /**
   * Decides on every selected node by its scan since the selection, and fixes it all in a manifest: what an approver approves under its digest.
   * `now` is the workflow's clock, so that its windows are the same on every retry.
   */
  async function prepareStage(input: {
    request: CycleRequest;
    stage: StageName;
    selection: Digest;
    patchSet: Digest | null;
    now: Instant;
  }): Promise<PreparedStage> {
    return heartbeating(() => prepareStageOf(input));
  }

  async function prepareStageOf(input: Parameters<typeof prepareStage>[0]): Promise<PreparedStage> {
    const { request, now } = input;
    const plan = await planOf(request, records);
    const policy = stageOf(plan, input.stage);
    const selection = await records.selection(input.selection);
    const baseline = policy.baseline === null ? null : await records.baseline(policy.baseline);
    const preparation = await prepare(policy, baseline, selection, input.patchSet, now);
    const manifest: Manifest = {
      cycle: request.cycle,
      plan: { name: plan.name, version: plan.version },
      stage: input.stage,
      preparedAt: now,
      policy,
      baseline: { name: baseline?.name ?? 'everything', version: baseline?.version ?? null },
      baselines: selection.baselines,
      patchSet: input.patchSet,
      ...preparation,
      warnings: [...preparation.warnings, ...baselineWarnings(selection.baselines)],
    };
    const digest = await records.saveManifest(manifest);
    await records.planNodes(request.cycle, input.stage, manifest, selection.at);
    await records.stageChanged(request.cycle, input.stage, { manifest: digest, patchSet: input.patchSet });
    return {
      manifest: digest,
      matched: selection.nodes.length,
      targets: manifest.targets.length,
      jump: targetJump(input.stage, await records.selectedBefore(request.cycle, input.stage), selection.nodes.length),
      windows: manifest.windows,
      waves: await summaries(manifest),
    };
  }

  async function summaries({ waves, windows, policy, plan, stage }: Manifest): Promise<readonly WaveSummary[]> {
    const known = await records.batchDurations(plan.name, stage);
    return waves.flatMap((wave) => {
      const window = windows.find(({ window: name }) => name === wave.window);
      if (!window) return [];
      const last = lastStart(wave, window, policy, known);
      return [{ ...waveSummary(wave, window), ...(last && { lastStart: last }) }];
    });
  }

  /** The nodes on which a stage has something to prove: those that it patched, and those that needed nothing. */
  async function selectProven(input: { cycle: CycleId; stage: StageName }): Promise<Selected> {
    return talkingToAws(async (signal) => {
      const done = (await records.stageNodes(input.cycle, input.stage)).filter(
        ({ outcome }) => outcome === 'patched' || outcome === 'already-compliant',
      );
      const nodes = await sideBySide(byLocation(done), ({ at, members }) =>
        fleet.describeNodes(
          at,
          members.map(({ node }) => node),
          signal,
        ),
      );
      return selected(select({ ...input, at: rightNow(), baselines: [] }, nodes.flat()));
    });
  }

  /**
   * The inventory of every registered location, or of the named ones; a location that can't be read is said, not skipped in
   * silence. A node that a cycle is working on is not scanned, since an install and a scan take the same lock on it: it
   * counts as unknown, unless a scan of before is known, and the cycle scans it itself.
   */
  async function selectFleet(input: {
    locations: readonly Location[] | null;
  }): Promise<Selected & { at: Instant; nodes: number; busy: number; problems: readonly string[] }> {
    return talkingToAws(async (signal) => {
      const all = (await records.accounts()).flatMap(locationsOfAccount);
      const wanted = input.locations ?? all;
      const problems: string[] = [];
      const found = await sideBySide(wanted, async (at) => {
        try {
          const nodes = await fleet.findNodes(at, {}, signal);
          await records.saveInventory(at, nodes, rightNow());
          return nodes;
        } catch (error) {
          if (!(error instanceof FleetError)) throw error;
          problems.push(`${at.account} in ${at.region}: ${error.message}`);
          return [];
        }
      });
      const nodes = found.flat();
      const busy = new Set(await records.nodesInFlight());
      const selection = select({ cycle: null, stage: null, at: rightNow(), baselines: [] }, nodes, busy);
      return {
        ...(await selected(selection)),
        at: selection.at,
        nodes: nodes.length,
        busy: nodes.filter(({ id }) => busy.has(id)).length,
        problems,
      };
    });
  }

  async function selected(selection: Selection): Promise<Selected> {
    const digest = await records.saveSelection(selection);
    const locations = selection.locations.map(({ account, region, batches }) => ({
      account,
      region,
      batches: batches.length,
    }));
    return { digest, locations };
  }

  /** One SSM baseline per operating system in each location, registered for the stage's patch groups. */
  async function registerBaselines(
    stage: ResolvedStage,
    nodes: readonly ManagedNode[],
    signal: AbortSignal,
  ): Promise<BaselineInUse[]> {
    const document = stage.baseline === null ? null : await records.baseline(stage.baseline);
    const wanted = new Map<string, Location & { os: OperatingSystem; groups: Set<string> }>();
    for (const { account, region, os, patchGroup } of nodes) {
      if (os === null || patchGroup === null) continue;
      const key = `${account}/${region}/${os}`;
      const entry = wanted.get(key) ?? { account, region, os, groups: new Set<string>() };
      entry.groups.add(patchGroup);
      wanted.set(key, entry);
    }
    const registered = await sideBySide([...wanted.values()], async ({ account, region, os, groups }) => {
      const at = { account, region };
      const request = {
        baseline: document?.name ?? 'everything',
        os,
        rules: baselineRulesFor(document, os),
        approved: document?.approved ?? [],
        rejected: document?.rejected ?? [],
        patchGroups: [...groups].sort(),
      };
      const inUse = await fleet.ensureBaseline(at, request, signal);
      return inUse.map(({ baselineId, patchGroup, foreign }) => ({ ...at, os, patchGroup, baselineId, foreign }));
    });
    return registered.flat();
  }

  async function prepare(
    policy: ResolvedStage,
    baseline: PatchBaseline | null,
    selection: Selection,
    patchSet: Digest | null,
    now: Instant,
  ): Promise<Preparation> {
    const ids = selection.nodes.map(({ id }) => id);
    const scans = await lastScans(records, ids, selection.at);
    const firstSeen = await firstSeenOf(selection, scans, now);
    return prepareNodes({
      policy,
      nodes: selection.nodes,
      windows: await records.windows(),
      baseline,
      patchSet: patchSet === null ? null : await records.patchSet(patchSet),
      scans: new Map(
        scans.map(({ state, patches }): [NodeId, NodeFacts] => [state.node, { state, patches: patches ?? [] }]),
      ),
      setAside: await records.setAsideAmong(ids),
      scanned: true,
      firstSeen: (os, { id, title }) => firstSeen.get(`${os} ${id} ${title}`) ?? now,
      now,
    });
  }

  /** Only Debian and Ubuntu need it: elsewhere SSM knows when a patch was released. */
  async function firstSeenOf(
    selection: Selection,
    scans: readonly NodeScan[],
    now: Instant,
  ): Promise<ReadonlyMap<string, Instant>> {
    const seen = new Map<OperatingSystem, Map<string, PinnedPatch>>();
    const osOf = new Map(selection.nodes.map(({ id, os }) => [id, os]));
    for (const { state, patches } of scans) {
      const os = osOf.get(state.node);
      if (!os || packageScheme(os) !== 'dpkg') continue;
      const distinct = seen.get(os) ?? new Map<string, PinnedPatch>();
      for (const { id, title } of patches ?? []) distinct.set(`${id} ${title}`, { id, title });
      seen.set(os, distinct);
    }
    const found = new Map<string, Instant>();
    for (const [os, patches] of seen) {
      for (const [key, instant] of await records.firstSeen(os, [...patches.values()], now))
        found.set(`${os} ${key}`, instant);
    }
    return found;
  }

  return {
    openCycle,
    selectStage,
    prepareStage,
    continueStage: (request: ContinueRequest): Promise<ContinuedStage> => continueStage(request, ports, summaries),
    selectProven,
    selectFleet,
  };
}

const rightNow = (): Instant => new Date().toISOString() as Instant;

export const nodesOfStage = (nodes: readonly ManagedNode[], { patchGroups }: ResolvedStage): ManagedNode[] =>
  nodes.filter(({ patchGroup }) => patchGroup !== null && patchGroups.includes(patchGroup));

export function stageOf(plan: ResolvedPlan, name: StageName): ResolvedStage {
  const stage = plan.stages.find((candidate) => candidate.name === name);
  if (!stage) throw new Error(`Plan ${plan.name} in version ${plan.version} has no stage ${name}.`);
  return stage;
}

const baselineWarnings = (baselines: readonly BaselineInUse[]): string[] =>
  baselines
    .filter(({ foreign }) => foreign)
    .map(
      ({ account, region, os, patchGroup, baselineId }) =>
        `Patch group ${patchGroup} (${os}) in ${account}, ${region} is registered to baseline ${baselineId}, which is not ours: left as it is, and used.`,
    );
