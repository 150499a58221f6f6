import { API_VERSION, NAME_LENGTH } from '../documents/fields.js';
import type { ParsedDocument } from '../documents/parse.js';
import { compareText } from '../order.js';
import { type BaselineContent, type TranslatedBaseline, translateBaseline } from './baselines.js';
import { type Draft, placeText } from './drafts.js';
import type { Estate, EstateBaseline } from './estate.js';
import { finding, type ImportFinding } from './findings.js';
import { nameAll, slug } from './names.js';
import type { Placed, PlanDraft } from './plans.js';

/** Baselines whose name begins so are kept by Patchtide itself. */
const OURS = 'patchtide-';

/** The baselines of all estates, each translated once. */
export class Baselines {
  readonly #estates: readonly Estate[];
  readonly #translated = new Map<EstateBaseline, TranslatedBaseline>();
  readonly #used = new Set<EstateBaseline>();

  constructor(estates: readonly Estate[]) {
    this.#estates = estates;
    for (const { baselines } of estates)
      for (const baseline of baselines) this.#translated.set(baseline, translateBaseline(baseline));
  }

  /** Of the baseline that AWS applies to a node: its patch group's, else its operating system's default. */
  contentFor({ node, estate }: Placed): BaselineContent | null {
    const registered = estate.registrations.find(
      ({ patchGroup, os }) => patchGroup === node.patchGroup && os === node.os,
    );
    const found = estate.baselines.find((baseline) =>
      registered ? baseline.id === registered.baselineId : baseline.isDefault && baseline.os === node.os,
    );
    if (!found) return null;
    this.#used.add(found);
    return this.#translated.get(found)?.content ?? null;
  }

  /** After all nodes were asked for: what is left out and changed of those that count. */
  findings(): ImportFinding[] {
    return this.#relevant().flatMap(({ estate, baseline }) => {
      const subject = `baseline ${baseline.name} (${baseline.id})`;
      const { remarks = [] } = this.#translated.get(baseline) ?? {};
      return [
        ...remarks.map(({ code, message }) => finding(code, estate, subject, message)),
        ...(baseline.own ? [] : [finding('baseline-default', estate, subject, `It is AWS's own, for ${baseline.os}.`)]),
        ...emptyGroups(estate, baseline, subject),
      ];
    });
  }

  /** Names by content: of one baseline its own, of several together that of the first stage that needs them. */
  name(plans: readonly PlanDraft[]): (content: BaselineContent) => string {
    const single = this.#relevant().flatMap(({ estate, baseline }) => {
      const content = this.#translated.get(baseline)?.content;
      const base = slug(baseline.name, NAME_LENGTH.baseline, 'baseline');
      const marks = [baseline.os, estate.account, estate.region, baseline.id];
      return content ? [{ base, marks, content: JSON.stringify(content) }] : [];
    });
    const known = new Set(single.map(({ content }) => content));
    const composed = plans.flatMap(({ name, stages }) =>
      stages.flatMap((stage) => {
        const content = JSON.stringify(stage.baseline);
        if (known.has(content)) return [];
        known.add(content);
        return [{ base: `${name}-${stage.name}`, marks: ['baseline'], content }];
      }),
    );
    const candidates = [...single, ...composed];
    const names = new Map<string, string>();
    for (const [index, name] of nameAll(candidates, NAME_LENGTH.baseline).entries()) {
      const content = candidates[index]?.content ?? '';
      if (!names.has(content)) names.set(content, name);
    }
    this.#names = names;
    return (content) => names.get(JSON.stringify(content)) ?? '';
  }
  #names: ReadonlyMap<string, string> = new Map();

  drafts(nameOf: (content: BaselineContent) => string): Draft[] {
    const sources = new Map<string, { estate: Estate; baseline: EstateBaseline }[]>();
    for (const each of this.#relevant()) {
      const content = this.#translated.get(each.baseline)?.content;
      if (content) sources.set(nameOf(content), [...(sources.get(nameOf(content)) ?? []), each]);
    }
    return [...this.#names]
      .map(([json, name]) => ({ name, content: JSON.parse(json) as BaselineContent }))
      .sort((a, b) => compareText(a.name, b.name))
      .map(({ name, content }) => {
        const from = sources.get(name) ?? [];
        return {
          document: baselineDocument(name, content),
          comment: [
            from.length === 0
              ? `Put together for the stage: the baselines of its operating systems in one.`
              : `From ${from.map(({ baseline, estate }) => `${baseline.name} (${baseline.id}) ${placeText(estate)}`).join(', ')}.`,
          ],
          sources: from.map(({ baseline, estate }) => ({
            account: estate.account,
            region: estate.region,
            subject: `baseline ${baseline.name} (${baseline.id})`,
          })),
        };
      });
  }

  /** The account's own, and those of AWS that hold for a node. */
  #relevant(): { estate: Estate; baseline: EstateBaseline }[] {
    return this.#estates.flatMap((estate) =>
      estate.baselines.flatMap((baseline) => {
        const counts = baseline.own ? !baseline.name.startsWith(OURS) : this.#used.has(baseline);
        return counts || this.#used.has(baseline) ? [{ estate, baseline }] : [];
      }),
    );
  }
}

function baselineDocument(name: string, { rules, approved, rejected }: BaselineContent): ParsedDocument {
  return {
    apiVersion: API_VERSION,
    kind: 'PatchBaseline',
    metadata: { name },
    spec: {
      rules: [...rules],
      ...(approved.length > 0 && { approved: [...approved] }),
      ...(rejected.length > 0 && { rejected: [...rejected] }),
    },
  };
}

/** Patch groups that are registered to a baseline, and that no node bears. */
const emptyGroups = (estate: Estate, baseline: EstateBaseline, subject: string): ImportFinding[] =>
  estate.registrations
    .filter(
      ({ baselineId, patchGroup }) =>
        baselineId === baseline.id && estate.nodes.every((node) => node.patchGroup !== patchGroup),
    )
    .map(({ patchGroup }) =>
      finding(
        'patch-group-empty',
        estate,
        subject,
        `No node bears the patch group ${patchGroup}, which is registered to it.`,
      ),
    );
