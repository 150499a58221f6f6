import { DocumentError } from '../documents/errors.js';
import { API_VERSION, NAME_LENGTH } from '../documents/fields.js';
import { type ParsedDocument, parseDocument } from '../documents/parse.js';
import type { Instant } from '../ids.js';
import { compareText, firstDifference } from '../order.js';
import { type BaselineContent, type TranslatedBaseline, translateBaseline } from './baselines.js';
import type { Estate, EstateBaseline } from './estate.js';
import { CONSEQUENCES, type FindingCode, finding, type ImportFinding } from './findings.js';
import { nameAll, slug } from './names.js';
import { draftPlans, type Placed, type PlanDraft, type StageDraft } from './plans.js';
import type { TaskSpec } from './tasks.js';
import { nameWindows, type PatchingWindow, patchingWindows } from './windows.js';
import { type Commented, writeDocuments } from './write.js';

/** Documents for an estate, as YAML with comments, and everything that did not come over as it was. */
export interface Import {
  readonly documents: string;
  readonly written: { readonly windows: number; readonly baselines: number; readonly plans: number };
  readonly read: {
    readonly locations: number;
    readonly windows: number;
    readonly tasks: number;
    readonly baselines: number;
    readonly patchGroups: number;
    readonly nodes: number;
  };
  readonly findings: readonly ImportFinding[];
}

/** Names of Account documents, and Regions; null: all of them. */
export interface ImportRequest {
  readonly accounts: readonly string[] | null;
  readonly regions: readonly string[] | null;
}

/** Baselines whose name begins so are kept by Patchtide itself. */
const OURS = 'patchtide-';
/** What one text of documents may hold (see text.ts), with room to spare; an answer travels as a payload of at most 2 MB. */
const MOST_CHARACTERS = 250_000;
const MOST_DOCUMENTS = 190;
const MOST_FINDINGS = 1_000;

/**
 * Documents that say what an estate does today. Nothing is approximated in silence: what our words cannot say exactly is left
 * out or changed, and a finding says so. Every document is one that our own reader takes. The order depends on the estate
 * alone, not on the order in which AWS told it. `problems` are findings that come from reading.
 */
export function importEstate(given: readonly Estate[], now: Instant, problems: readonly ImportFinding[] = []): Import {
  const estates = [...given].map(inOrder).sort(byPlace);
  const findings: ImportFinding[] = [...problems];
  const windows = estates.flatMap((estate) => {
    const found = patchingWindows(estate, Date.parse(now));
    findings.push(...found.findings);
    return found.windows;
  });
  const windowNames = nameWindows(windows);
  const baselines = new Baselines(estates);
  const drafted = draftPlans({ estates, windows, windowNames, baselineOf: (placed) => baselines.contentFor(placed) });
  findings.push(...drafted.findings, ...windowFindings(windows, windowNames, estates), ...baselines.findings());

  const refused: ImportFinding[] = [];
  const checked = <Draft extends Commented>(drafts: readonly Draft[]) =>
    drafts.filter((draft) => isTaken(draft, refused));
  const windowDocuments = checked(windowDrafts(windowNames));
  const baselineNames = baselines.name(drafted.plans);
  const baselineDocuments = checked(baselines.drafts(baselineNames));
  const written = new Set([...windowDocuments, ...baselineDocuments].map(({ document }) => labelOf(document)));
  const planDocuments = checked(drafted.plans.map((plan) => planDraft(plan, baselineNames))).filter((draft) =>
    namesWhatIsWritten(draft, written, refused),
  );
  findings.push(...refused);
  const sortedFindings = sortFindings(withoutUnwritten(findings, planDocuments));
  const documents = [...windowDocuments, ...baselineDocuments, ...planDocuments].map((draft) =>
    withFindings(draft, sortedFindings),
  );
  const { text, kept, missing } = fitting(documents, estates);
  const all = missing > 0 ? [...sortedFindings, tooMuch(`${missing} documents`)] : sortedFindings;
  const count = (kind: ParsedDocument['kind']) => kept.filter(({ document }) => document.kind === kind).length;
  return {
    documents: text,
    written: { windows: count('MaintenanceWindow'), baselines: count('PatchBaseline'), plans: count('PatchPlan') },
    read: readOf(estates),
    findings: bounded(sortFindings(all)),
  };
}

/** A draft of a document: `sources` tell which findings stand above it. */
interface Draft extends Commented {
  readonly sources: readonly {
    readonly account: string | null;
    readonly region: string | null;
    readonly subject: string;
  }[];
}

function windowDrafts(names: ReadonlyMap<PatchingWindow, string>): Draft[] {
  const byName = new Map<string, PatchingWindow[]>();
  for (const [window, name] of names) byName.set(name, [...(byName.get(name) ?? []), window]);
  return [...byName]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([name, same]): Draft[] => {
      const [first] = same;
      if (!first?.spec) return [];
      return [
        {
          document: { apiVersion: API_VERSION, kind: 'MaintenanceWindow', metadata: { name }, spec: first.spec },
          comment: [
            `From ${same.map(({ window, estate }) => `${window.name} (${window.id}) ${placeText(estate)}`).join(', ')}.`,
          ],
          sources: [],
        },
      ];
    });
}

function planDraft(plan: PlanDraft, baselineNames: (content: BaselineContent) => string): Draft {
  const { name, application, accounts, regions } = plan;
  return {
    document: {
      apiVersion: API_VERSION,
      kind: 'PatchPlan',
      metadata: { name, owner: plan.owner ?? 'not-known-yet' },
      spec: {
        nodes: { accounts: [...accounts], regions: [...regions], tags: { Application: application } },
        stages: plan.stages.map((stage) => stageDocument(stage, baselineNames(stage.baseline))),
      },
    },
    comment: [
      `A proposal for the nodes with the tag Application: ${application}. Soaks, snapshots and approvals are the defaults of`,
      'Patchtide, since AWS has none: `patchtide preview` shows them.',
    ],
    sources: [
      { account: null, region: null, subject: `plan ${name}` },
      ...plan.windows.map(({ estate, subject }) => ({ account: estate.account, region: estate.region, subject })),
    ],
  };
}

function stageDocument({ name, patchGroups, window, settings }: StageDraft, baseline: string) {
  const waves = {
    ...(settings?.maxUnavailable != null && { maxUnavailable: settings.maxUnavailable }),
    ...(settings?.pauseAfterFailures != null && { pauseAfterFailures: settings.pauseAfterFailures }),
  };
  const tasks = Object.fromEntries(
    Object.entries(settings?.tasks ?? {}).flatMap(([when, list]) =>
      list.length === 0 ? [] : [[when, list.map(writable)]],
    ),
  );
  return {
    name,
    patchGroups: [...patchGroups],
    baseline,
    ...(window !== null && { window }),
    ...(Object.keys(waves).length > 0 && { waves }),
    ...(settings !== null && settings.reboot !== 'if-needed' && { reboot: settings.reboot }),
    ...(Object.keys(tasks).length > 0 && { tasks }),
  };
}
const writable = ({ parameters, ...task }: TaskSpec) => ({
  ...task,
  ...(parameters && {
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, values]) => [name, [...values]])),
  }),
});

/** The baselines of all estates, each translated once. */
class Baselines {
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

function windowFindings(
  windows: readonly PatchingWindow[],
  names: ReadonlyMap<PatchingWindow, string>,
  estates: readonly Estate[],
): ImportFinding[] {
  return estates.flatMap((estate) => {
    const own = windows.filter((each) => each.estate === estate);
    const running = own.map(({ window }) => window.name);
    return [
      ...(running.length === 0
        ? []
        : [
            finding(
              'windows-still-run',
              estate,
              'maintenance windows',
              `${running.length === 1 ? '1 window patches' : `${running.length} windows patch`} by themselves: ${running.join(', ')}.`,
            ),
          ]),
      ...own.flatMap((each) => {
        const name = names.get(each);
        const bearing = estate.nodes.filter(({ window }) => window === each.window.name).length;
        const renamed = name !== undefined && name !== each.window.name;
        const unused = name !== undefined && each.patching.every(({ nodes }) => nodes?.size === 0) && bearing === 0;
        return [
          ...(renamed
            ? [
                finding(
                  'window-renamed',
                  estate,
                  each.subject,
                  `It is called ${name} here; ${bearing} nodes bear its old name as their tag.`,
                ),
              ]
            : []),
          ...(unused ? [finding('window-unused', estate, each.subject, 'It patches no node that there is now.')] : []),
        ];
      }),
    ];
  });
}

/** Takes back what our own reader would refuse. */
function isTaken({ document }: Commented, refused: ImportFinding[]): boolean {
  try {
    parseDocument(document, document.kind);
    return true;
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    refused.push(finding('document-refused', null, labelOf(document), error.message.replaceAll('\n', ' ')));
    return false;
  }
}

/** A plan whose baseline or window is not written cannot be applied. */
function namesWhatIsWritten({ document }: Draft, written: ReadonlySet<string>, refused: ImportFinding[]): boolean {
  if (document.kind !== 'PatchPlan') return true;
  const wanted = document.spec.stages.flatMap((stage) =>
    typeof stage === 'string'
      ? []
      : [
          `PatchBaseline ${stage.baseline}`,
          ...(stage.window === undefined ? [] : [`MaintenanceWindow ${stage.window}`]),
        ],
  );
  const absent = wanted.filter((label) => !written.has(label));
  if (absent.length === 0) return true;
  const message = `It names what could not be written: ${[...new Set(absent)].join(', ')}.`;
  refused.push(finding('document-refused', null, labelOf(document), message));
  return false;
}

const labelOf = ({ kind, metadata }: ParsedDocument): string => `${kind} ${metadata.name}`;

const isAbout = ({ account, region, subject }: ImportFinding, { sources }: Draft): boolean =>
  sources.some(
    (source) =>
      source.account === account &&
      source.region === region &&
      (subject === source.subject || subject.startsWith(`${source.subject},`)),
  );

function withFindings(draft: Draft, findings: readonly ImportFinding[]): Commented {
  const about = findings.filter((each) => isAbout(each, draft));
  const subjects = new Map<string, Set<string>>();
  for (const { consequence, code, message, subject } of about) {
    const line = `${consequence} (${code}): ${message}`;
    subjects.set(line, (subjects.get(line) ?? new Set()).add(subject));
  }
  const lines = [...subjects].map(([line, of]) => `${line} ${[...of].join('; ')}`);
  return { document: draft.document, comment: [...draft.comment, ...lines] };
}

/** What changes of a task is worth knowing where a plan that has it is written. */
const OF_TASKS: readonly FindingCode[] = [
  'max-concurrency',
  'max-errors',
  'task-order',
  'task-timeout',
  'task-settings',
  'hooks',
];
const withoutUnwritten = (findings: readonly ImportFinding[], plans: readonly Draft[]): ImportFinding[] =>
  findings.filter((each) => !OF_TASKS.includes(each.code) || plans.some((plan) => isAbout(each, plan)));

/** As many documents as one text may hold; plans stand last, so what they name is there. */
function fitting(documents: readonly Commented[], estates: readonly Estate[]) {
  const header = [
    `Imported from ${estates.map(({ account, region }) => `${account} ${region}`).join(', ')}.`,
    'Read it, change it, then apply it: nothing has been applied. The findings beside it say what did not come over.',
    'Around a clock change the rules of Patchtide hold: a missing hour opens at its end, a doubled one the first time.',
    '',
  ];
  let kept = documents.slice(0, MOST_DOCUMENTS);
  let text = writeDocuments(header, kept);
  while (text.length > MOST_CHARACTERS) {
    kept = kept.slice(0, Math.min(kept.length - 1, Math.floor((kept.length * MOST_CHARACTERS) / text.length)));
    text = writeDocuments(header, kept);
  }
  return { text, kept, missing: documents.length - kept.length };
}

/** Adds what a person should know before applying: documents of these labels (`PatchPlan storefront`) exist already. */
export const withTakenNames = (imported: Import, labels: readonly string[]): Import => ({
  ...imported,
  findings: bounded(
    sortFindings([
      ...imported.findings,
      ...labels.map((label) =>
        finding('name-taken', null, label, 'There is a document of this kind and name already.'),
      ),
    ]),
  ),
});

const tooMuch = (what: string): ImportFinding =>
  finding('too-much', null, 'import', `There was more than one answer holds: ${what} are missing.`);

function bounded(findings: readonly ImportFinding[]): readonly ImportFinding[] {
  if (findings.length <= MOST_FINDINGS) return findings;
  return [tooMuch(`${findings.length - MOST_FINDINGS + 1} findings`), ...findings.slice(0, MOST_FINDINGS - 1)];
}

/** By consequence, place and subject; each once. */
function sortFindings(findings: readonly ImportFinding[]): ImportFinding[] {
  const different = new Map(findings.map((each) => [JSON.stringify(each), each]));
  return [...different.values()].sort((a, b) =>
    firstDifference(
      CONSEQUENCES.indexOf(a.consequence) - CONSEQUENCES.indexOf(b.consequence),
      compareText(a.account ?? '', b.account ?? ''),
      compareText(a.region ?? '', b.region ?? ''),
      compareText(a.subject, b.subject),
      compareText(a.code, b.code),
      compareText(a.message, b.message),
    ),
  );
}

const readOf = (estates: readonly Estate[]): Import['read'] => {
  const sum = (of: (estate: Estate) => number) => estates.reduce((total, estate) => total + of(estate), 0);
  return {
    locations: estates.length,
    windows: sum(({ windows }) => windows.length),
    tasks: sum(({ windows }) => windows.reduce((total, { tasks }) => total + tasks.length, 0)),
    baselines: sum(({ baselines }) => baselines.filter(({ own }) => own).length),
    patchGroups: sum(({ registrations }) => registrations.length),
    nodes: sum(({ nodes }) => nodes.length),
  };
};

const byPlace = (a: Estate, b: Estate): number =>
  firstDifference(compareText(a.account, b.account), compareText(a.region, b.region));
const inOrder = (estate: Estate): Estate => ({
  ...estate,
  windows: [...estate.windows].sort((a, b) => firstDifference(compareText(a.name, b.name), compareText(a.id, b.id))),
  baselines: [...estate.baselines].sort((a, b) =>
    firstDifference(compareText(a.name, b.name), compareText(a.id, b.id)),
  ),
  registrations: [...estate.registrations].sort((a, b) =>
    firstDifference(compareText(a.os, b.os), compareText(a.patchGroup, b.patchGroup)),
  ),
  nodes: [...estate.nodes].sort((a, b) => compareText(a.id, b.id)),
});
const placeText = ({ account, region }: Estate): string => `in ${account} ${region}`;
