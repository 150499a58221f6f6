import { DocumentError } from '../documents/errors.js';
import { type ParsedDocument, parseDocument } from '../documents/parse.js';
import type { Instant } from '../ids.js';
import { compareText, firstDifference } from '../order.js';
import { Baselines } from './baseline-documents.js';
import { type Draft, isAbout, planDraft, windowDrafts } from './drafts.js';
import type { Estate } from './estate.js';
import { CONSEQUENCES, type FindingCode, finding, type ImportFinding } from './findings.js';
import { draftPlans } from './plans.js';
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
