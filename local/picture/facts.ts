import { z } from 'zod';
import { KEY_TAG } from '../ledger-check.js';
import type { LedgerEntry } from '../ledger-shapes.js';

/*
 * What the fleet's ledger says of one stage, node by node, over time. It shares no code with what it shows: of the report it
 * takes only what was allowed (windows, zones, budgets), and of the ledger what was done.
 */

const opening = z.object({
  window: z.string(),
  opens: z.string(),
  closes: z.string().nullable(),
  cutoff: z.string().nullable(),
});
const manifest = z.object({
  stage: z.string(),
  continues: z.object({ manifest: z.string(), of: z.string() }).optional(),
  windows: z.array(opening),
  targets: z.array(z.object({ node: z.string(), name: z.string() })),
  waves: z.array(
    z.object({
      number: z.number(),
      account: z.string(),
      region: z.string(),
      zone: z.string(),
      window: z.string(),
      maxUnavailable: z.number(),
      batches: z.array(z.object({ nodes: z.array(z.string()) })),
    }),
  ),
});
type Manifest = z.infer<typeof manifest>;

/** What is needed of a cycle's report (`GET /v1/cycles/{id}/report`). */
export const stageReportSchema = z.object({
  cycle: z.object({
    id: z.string(),
    stages: z.array(z.object({ name: z.string(), manifest: z.string().nullable() })),
  }),
  manifests: z.array(z.object({ digest: z.string(), manifest })),
});
export type StageReport = z.infer<typeof stageReportSchema>;

/** From and to, in milliseconds of the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One opening of a window; after `cutoff` no node may be taken out of service. */
export interface Opening extends Span {
  readonly window: string;
  readonly cutoff: number;
}

export const ACTS = ['snapshot', 'before', 'install', 'reboot', 'scan', 'after'] as const;
export type Act = (typeof ACTS)[number];

/** One node over the whole stage. */
export interface NodeTrack {
  readonly node: string;
  readonly name: string;
  /** True where it had no turn in its first window. */
  readonly carriedOver: boolean;
  readonly acts: readonly (Span & { readonly act: Act })[];
  /** From the first before task to the end of the last after task; once for each try. */
  readonly outOfService: readonly Span[];
}

/** One account's nodes in one zone and window: what a budget is for. */
export interface ZoneTrack {
  readonly account: string;
  readonly region: string;
  readonly zone: string;
  readonly window: string;
  /** How many of its nodes may be out of service at once (`maxUnavailable`). */
  readonly budget: number;
  readonly nodes: readonly NodeTrack[];
}

export interface StageTrack extends Span {
  readonly cycle: string;
  readonly stage: string;
  readonly openings: readonly Opening[];
  readonly zones: readonly ZoneTrack[];
}

/** @throws Error where the cycle has no such stage, or has not prepared it. */
export function trackOf(ledger: readonly LedgerEntry[], report: StageReport, stage: string): StageTrack {
  const approved = report.cycle.stages.find(({ name }) => name === stage)?.manifest;
  const manifests = report.manifests.filter(
    ({ digest, manifest }) => digest === approved || manifest.continues?.manifest === approved,
  );
  const first = manifests.find(({ digest }) => digest === approved)?.manifest;
  if (!approved || !first) throw new Error(`Cycle ${report.cycle.id} has carried out no stage ${stage}.`);
  const all = manifests.map(({ manifest }) => manifest);
  const effects = effectsOf(ledger, `patchtide/${report.cycle.id}/${stage}/`);
  const zones = zonesOf(first, all, effects);
  const times = zones.flatMap(({ nodes }) => nodes.flatMap(({ acts }) => acts.flatMap(({ from, to }) => [from, to])));
  if (times.length === 0) throw new Error(`The ledger knows nothing of stage ${stage} of ${report.cycle.id}.`);
  return {
    cycle: report.cycle.id,
    stage,
    from: Math.min(...times),
    to: Math.max(...times),
    openings: openingsOf(all),
    zones,
  };
}

function openingsOf(manifests: readonly Manifest[]): Opening[] {
  const openings = manifests.flatMap(({ windows }) =>
    windows.map(({ window, opens, closes, cutoff }) => ({
      window,
      from: Date.parse(opens),
      to: closes === null ? Number.POSITIVE_INFINITY : Date.parse(closes),
      cutoff: cutoff === null ? Number.POSITIVE_INFINITY : Date.parse(cutoff),
    })),
  );
  const known = new Map(openings.map((each) => [`${each.window} ${each.from}`, each]));
  return [...known.values()].sort((a, b) => a.from - b.from);
}

function zonesOf(first: Manifest, all: readonly Manifest[], effects: Effects): ZoneTrack[] {
  const names = new Map(first.targets.map(({ node, name }) => [node, name]));
  const later = new Set(
    all
      .filter(({ continues }) => continues?.of === 'carried-over')
      .flatMap(({ targets }) => targets.map(({ node }) => node)),
  );
  return first.waves.map(({ account, region, zone, window, maxUnavailable, batches }) => {
    const nodes = batches
      .flatMap(({ nodes }) => nodes)
      .map((node): NodeTrack => {
        const { acts, outOfService } = effects.get(node) ?? { acts: [], outOfService: [] };
        return { node, name: names.get(node) ?? node, carriedOver: later.has(node), acts, outOfService };
      });
    const begins = ({ outOfService }: NodeTrack) => outOfService[0]?.from ?? Number.POSITIVE_INFINITY;
    return {
      account,
      region,
      zone,
      window,
      budget: maxUnavailable,
      nodes: nodes.toSorted((a, b) => begins(a) - begins(b) || a.name.localeCompare(b.name)),
    };
  });
}

type Effects = ReadonlyMap<string, Pick<NodeTrack, 'acts' | 'outOfService'>>;

/** By node: what was done to it by the stage's batches. */
function effectsOf(ledger: readonly LedgerEntry[], prefix: string): Effects {
  const nodes = new Map<string, Node>();
  const of = (node: string): Node => {
    const known = nodes.get(node) ?? new Node();
    nodes.set(node, known);
    return known;
  };
  for (const entry of ledger) {
    if (entry.node === undefined) continue;
    const key = entry.key ?? entry.tags?.[KEY_TAG] ?? '';
    const [, batch = '', step = ''] = key.startsWith(prefix)
      ? (/^(w\d+\.b\d+)\.(.+)$/.exec(key.slice(prefix.length)) ?? [])
      : [];
    of(entry.node).add(entry, batch, step);
  }
  const end = Date.parse(ledger.at(-1)?.at ?? '');
  return new Map([...nodes].map(([node, effects]) => [node, effects.told(end)]));
}

const TOUCHING: ReadonlySet<Act> = new Set(['before', 'install', 'reboot', 'after']);

/** Puts the beginnings and ends of what was done to one node together. */
class Node {
  readonly #acts: (Span & { act: Act; batch: string })[] = [];
  readonly #open = new Map<string, { at: number; act: Act; batch: string }>();
  /** The batch that touched it last: a restart says nothing of the command that it is part of. */
  #batch = '';

  add({ kind, at, volume }: LedgerEntry, batch: string, step: string): void {
    const act = actOf(step);
    const now = Date.parse(at);
    if (kind === 'snapshot-created' && act === 'snapshot') this.#begin(`snapshot ${volume}`, now, act, batch);
    if (kind === 'snapshot-completed' || kind === 'snapshot-failed') this.#end(`snapshot ${volume}`, now);
    if (kind === 'command-started' && act) this.#begin(`${batch}.${step}`, now, act, batch);
    if (kind === 'command-ended' && act) this.#end(`${batch}.${step}`, now);
    if (kind === 'agent-lost' && this.#batch !== '') this.#begin('reboot', now, 'reboot', this.#batch);
    if (kind === 'agent-back') this.#end('reboot', now);
  }

  /** @param end of the ledger, for what has not ended in it */
  told(end: number): Pick<NodeTrack, 'acts' | 'outOfService'> {
    for (const what of [...this.#open.keys()]) this.#end(what, end);
    const batches = new Map<string, Span>();
    for (const { act, batch, from, to } of this.#acts) {
      if (!TOUCHING.has(act)) continue;
      const known = batches.get(batch) ?? { from, to };
      batches.set(batch, { from: Math.min(known.from, from), to: Math.max(known.to, to) });
    }
    return { acts: this.#acts, outOfService: [...batches.values()].sort((a, b) => a.from - b.from) };
  }

  #begin(what: string, at: number, act: Act, batch: string): void {
    if (TOUCHING.has(act)) this.#batch = batch;
    this.#open.set(what, { at, act, batch });
  }

  #end(what: string, to: number): void {
    const begun = this.#open.get(what);
    if (begun) this.#acts.push({ act: begun.act, batch: begun.batch, from: begun.at, to });
    this.#open.delete(what);
  }
}

function actOf(step: string): Act | null {
  const name = step.replace(/-\d+$/, '');
  return ACTS.find((act) => act === name) ?? null;
}
