import { NAME_LENGTH } from '../documents/fields.js';
import type { ManagedNode, OperatingSystem } from '../fleet.js';
import { compareText } from '../order.js';
import { type BaselineContent, compose } from './baselines.js';
import { ENVIRONMENTS, environmentIn } from './environments.js';
import type { Estate } from './estate.js';
import { finding, type ImportFinding, type Place } from './findings.js';
import { nameAll, slug } from './names.js';
import type { PatchingSettings } from './tasks.js';
import type { PatchingWindow } from './windows.js';

/** What a stage is to be made of. */
export interface StageDraft {
  readonly name: string;
  readonly patchGroups: readonly string[];
  readonly baseline: BaselineContent;
  /** A window for all nodes; null: by the nodes' tag. */
  readonly window: string | null;
  readonly settings: PatchingSettings | null;
}
export interface PlanDraft {
  readonly name: string;
  readonly owner: string | null;
  readonly application: string;
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly stages: readonly StageDraft[];
  /** The windows that patch its nodes today. */
  readonly windows: readonly PatchingWindow[];
}

export interface PlanInput {
  readonly estates: readonly Estate[];
  readonly windows: readonly PatchingWindow[];
  readonly windowNames: ReadonlyMap<PatchingWindow, string>;
  /** The translated baseline that holds for a node; null where it could not be said. */
  readonly baselineOf: (node: Placed) => BaselineContent | null;
}
/** A node and where it was found. */
export interface Placed {
  readonly node: ManagedNode;
  readonly estate: Estate;
}

const APPLICATION = 'Application';
const ENVIRONMENT = 'Environment';
const OWNER = 'Owner';

/** A plan for each application, as far as tags and patch groups tell its stages. */
export function draftPlans(input: PlanInput): {
  readonly plans: readonly PlanDraft[];
  readonly findings: readonly ImportFinding[];
} {
  const findings: ImportFinding[] = [];
  const placed = input.estates.flatMap((estate) => estate.nodes.map((node) => ({ node, estate })));
  const applications = groupBy(placed, ({ node }) => node.tags[APPLICATION] || null);
  findings.push(...withoutApplication(applications.get(null) ?? []));
  const values = [...applications.keys()].filter((value) => value !== null).sort(compareText);
  const names = nameAll(
    values.map((value) => ({ base: slug(value, NAME_LENGTH.plan, 'application'), marks: [], content: value })),
    NAME_LENGTH.plan,
  );
  const plans = values.flatMap((application, index) => {
    const drafted = draftPlan(application, names[index] ?? '', applications.get(application) ?? [], input);
    findings.push(...drafted.findings);
    return drafted.plan ?? [];
  });
  return { plans, findings };
}

function draftPlan(
  application: string,
  name: string,
  members: readonly Placed[],
  input: PlanInput,
): { readonly plan: PlanDraft | null; readonly findings: readonly ImportFinding[] } {
  const findings: ImportFinding[] = [];
  const tell = (code: ImportFinding['code'], message: string) =>
    void findings.push(finding(code, null, `plan ${name}`, message));
  const groups = groupBy(members, ({ node }) => node.patchGroup);
  const groupless = groups.get(null);
  if (groupless) tell('nodes-without-patch-group', `${nodes(groupless)} of ${application} bear no patch group.`);
  const byStage = new Map<string, string[]>();
  for (const group of [...groups.keys()].filter((key) => key !== null).sort(compareText)) {
    const stage = stageOf(group, groups.get(group) ?? []);
    if ('why' in stage) tell('patch-group-stage', `The patch group ${group} ${stage.why}.`);
    else byStage.set(stage.stage, [...(byStage.get(stage.stage) ?? []), group]);
  }
  const stages: StageDraft[] = [];
  const windows = new Set<PatchingWindow>();
  let complete = true;
  for (const stage of ENVIRONMENTS.filter((environment) => byStage.has(environment))) {
    const patchGroups = byStage.get(stage) ?? [];
    const staged = patchGroups.flatMap((group) => groups.get(group) ?? []);
    const baseline = baselineOfStage(staged, input);
    const { settings, window, covering } = windowsOfStage(stage, staged, input, tell);
    for (const each of covering) windows.add(each);
    if ('why' in baseline) tell('plan-baseline', `No baseline for the stage ${stage}: ${baseline.why}.`);
    if (settings === 'differ')
      tell('plan-settings', `Reboots or tasks differ between the windows of the stage ${stage}: ${said(covering)}.`);
    if ('why' in baseline || settings === 'differ') complete = false;
    else {
      if (baseline.shared)
        tell('baseline-lists', `Approved and rejected patches of the stage ${stage} come from several baselines.`);
      stages.push({ name: stage, patchGroups, baseline: baseline.content, window, settings });
    }
  }
  if (!complete || stages.length === 0) return { plan: null, findings };
  const owners = new Set(members.map(({ node }) => node.tags[OWNER]));
  const [owner] = owners.size === 1 ? owners : [];
  if (!owner) tell('plan-owner', 'No tag `Owner` that all of its nodes share tells who answers for it.');
  tell('plan-started-by-hand', 'Windows in AWS begin by themselves; the plan has no start.');
  const accounts = [...new Set(members.map(({ estate }) => estate.account))].sort(compareText);
  const regions = [...new Set<string>(members.map(({ estate }) => estate.region))].sort(compareText);
  const plan = { name, owner: owner ?? null, application, accounts, regions, stages, windows: [...windows] };
  return { plan, findings };
}

/** By the words of the group's name, else by the tag Environment of its nodes. */
function stageOf(group: string, members: readonly Placed[]): { readonly stage: string } | { readonly why: string } {
  const named = environmentIn(group);
  const tagged = new Set(
    members.flatMap(({ node }) => {
      const value = node.tags[ENVIRONMENT];
      return value === undefined ? [] : (environmentIn(value) ?? []);
    }),
  );
  const [tag, ...others] = tagged;
  if (others.length > 0)
    return { why: `has nodes of several environments (${[...tagged].sort(compareText).join(', ')})` };
  if (named !== null && tag !== undefined && named !== tag)
    return { why: `says ${named}, and the tag Environment of its nodes ${tag}` };
  const stage = named ?? tag;
  return stage === undefined ? { why: 'does not tell its environment, nor do its nodes' } : { stage };
}

type StageBaseline = { readonly content: BaselineContent; readonly shared: boolean } | { readonly why: string };

/** One baseline for each operating system of the stage, put together. */
function baselineOfStage(members: readonly Placed[], { baselineOf }: PlanInput): StageBaseline {
  const bySystem = groupBy(members, ({ node }) => node.os);
  bySystem.delete(null);
  const systems = ([...bySystem.keys()] as OperatingSystem[]).sort(compareText);
  if (systems.length === 0) return { why: 'the operating system of none of its nodes is known' };
  const parts: BaselineContent[] = [];
  for (const os of systems) {
    const contents = (bySystem.get(os) ?? []).map(baselineOf);
    const [content] = contents;
    if (content === null || content === undefined || contents.includes(null))
      return { why: `that of its ${os} nodes could not be carried over` };
    if (new Set(contents.map((each) => JSON.stringify(each))).size > 1)
      return { why: `its ${os} nodes are under several that differ` };
    parts.push(content);
  }
  return compose(parts);
}

/** The windows that patch a stage's nodes today, and what they say of it together. */
function windowsOfStage(
  stage: string,
  members: readonly Placed[],
  { windows, windowNames }: PlanInput,
  tell: (code: ImportFinding['code'], message: string) => void,
) {
  const covering = new Set<PatchingWindow>();
  const settings = new Map<string, PatchingSettings>();
  const named = members.map(({ node, estate }) => {
    const own = windows.filter((each) => each.estate === estate);
    const hits = own.flatMap((each) =>
      each.patching.flatMap((patching) => (patching.nodes?.has(node.id) ? [{ each, patching }] : [])),
    );
    for (const { each, patching } of hits) {
      covering.add(each);
      settings.set(JSON.stringify([patching.settings.reboot, patching.settings.tasks]), patching.settings);
    }
    return { tag: node.window, names: [...new Set(hits.map(({ each }) => windowNames.get(each) ?? null))] };
  });
  const [first, ...others] = new Set(named.map(({ names }) => (names.length === 1 ? names[0] : null)));
  const single = others.length === 0 ? (first ?? null) : null;
  const tagged = named.every(({ tag, names }) => tag !== null && names.length === 1 && names[0] === tag);
  if (single === null && !tagged) tell('stage-window', windowMessage(stage, named));
  const limits = new Set(
    [...settings.values()].map((each) => JSON.stringify([each.maxUnavailable, each.pauseAfterFailures])),
  );
  const [only] = settings.values();
  return {
    window: tagged ? null : single,
    settings:
      settings.size > 1
        ? ('differ' as const)
        : only === undefined
          ? null
          : limits.size > 1
            ? withoutLimits(only)
            : only,
    covering: [...covering],
  };
}
const withoutLimits = (settings: PatchingSettings): PatchingSettings => ({
  ...settings,
  maxUnavailable: null,
  pauseAfterFailures: null,
});

function windowMessage(stage: string, named: readonly { readonly names: readonly (string | null)[] }[]): string {
  const counts = new Map<string, number>();
  for (const { names } of named) {
    const label =
      names.length === 0
        ? 'in no window'
        : names.length > 1
          ? 'in several windows at once'
          : names[0] === null
            ? 'in a window that is left out'
            : `in ${names[0]}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const parts = [...counts].sort(([a], [b]) => compareText(a, b)).map(([label, count]) => `${count} ${label}`);
  return `The nodes of the stage ${stage} get their window by tag, as they are today: ${parts.join(', ')}.`;
}

/** Nodes that no plan can select, by the patch group that they bear. */
function withoutApplication(members: readonly Placed[]): ImportFinding[] {
  const byPlace = groupBy(members, ({ estate }) => `${estate.account}\n${estate.region}`);
  return [...byPlace.values()].flatMap((there) => {
    const groups = groupBy(there, ({ node }) => node.patchGroup);
    const place: Place | null = there[0]?.estate ?? null;
    return [...groups.keys()]
      .sort((a, b) => compareText(a ?? '', b ?? ''))
      .map((group) => {
        const subject = group === null ? 'nodes without a patch group' : `patch group ${group}`;
        const message = `${nodes(groups.get(group) ?? [])} bear no tag Application.`;
        return finding('nodes-without-application', place, subject, message);
      });
  });
}

const nodes = (members: readonly unknown[]): string => (members.length === 1 ? '1 node' : `${members.length} nodes`);
const said = (windows: readonly PatchingWindow[]): string =>
  [...new Set(windows.map(({ window }) => window.name))].sort(compareText).join(', ');

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
