import { baselineRulesFor } from '../baseline-rules.js';
import type { PatchBaseline } from '../documents/types.js';
import { isWindows, OPERATING_SYSTEMS, type OperatingSystem, packageScheme } from '../fleet.js';
import type { Selector } from '../selectors.js';
import type { EstateBaseline, EstateRule } from './estate.js';
import type { FindingCode } from './findings.js';

type Rule = PatchBaseline['rules'][number];

/** What a baseline approves, in our words. */
export interface BaselineContent {
  readonly rules: readonly Rule[];
  readonly approved: readonly string[];
  readonly rejected: readonly string[];
}
export interface Remark {
  readonly code: FindingCode;
  readonly message: string;
}
/** `content` is null where the baseline cannot be said exactly; then `remarks` say why. Else they say what changes. */
export interface TranslatedBaseline {
  readonly content: BaselineContent | null;
  readonly remarks: readonly Remark[];
}

/** SSM's limit of rules in one baseline, and so of what a document may hold for one operating system. */
const RULES = 10;

/** A baseline of SSM in our words: exactly, or not at all. */
export function translateBaseline(baseline: EstateBaseline): TranslatedBaseline {
  const os = OPERATING_SYSTEMS.find((known) => known === baseline.os);
  if (os === undefined)
    return {
      content: null,
      remarks: [{ code: 'baseline-system', message: `Patchtide does not patch ${baseline.os}.` }],
    };
  const refusals: Remark[] = wholeBaseline(baseline);
  const rules = baseline.rules.flatMap((rule, index) => {
    const translated = translateRule(rule, os);
    if (Array.isArray(translated)) return translated;
    refusals.push({ code: translated.code, message: `Rule ${index + 1} ${translated.message}.` });
    return [];
  });
  if (rules.length > RULES)
    refusals.push({
      code: 'baseline-rules',
      message: `Its rules come to ${rules.length} of ours, which name one classification and one severity each.`,
    });
  if (rules.length === 0 && baseline.approved.length === 0 && refusals.length === 0)
    refusals.push({ code: 'baseline-rules', message: 'It approves nothing.' });
  if (refusals.length > 0) return { content: null, remarks: refusals };
  return {
    content: { rules, approved: sorted(baseline.approved), rejected: sorted(baseline.rejected) },
    remarks: changes(baseline, os),
  };
}

function wholeBaseline({ globalFilters, sources }: EstateBaseline): Remark[] {
  const global = globalFilters.filter((filter) => !isOpen(filter));
  return [
    ...(global.length > 0
      ? [{ code: 'baseline-filter', message: `It has global filters: ${global.map(said).join('; ')}.` } as const]
      : []),
    ...(sources.length > 0
      ? [
          {
            code: 'baseline-sources',
            message: `It takes patches from repositories of its own: ${sources.join(', ')}.`,
          } as const,
        ]
      : []),
  ];
}

function changes(baseline: EstateBaseline, os: OperatingSystem): Remark[] {
  const { approved, rejected, rejectedAction, approvedNonSecurity, rules } = baseline;
  const levels = [...new Set(rules.map(({ level }) => level).filter((level) => level !== 'UNSPECIFIED'))];
  return [
    ...(rejected.length > 0 && rejectedAction !== 'BLOCK'
      ? [
          {
            code: 'baseline-rejected',
            message: 'AWS installs its rejected patches where others depend on them.',
          } as const,
        ]
      : []),
    ...(approved.length > 0 && !approvedNonSecurity && !isWindows(os)
      ? [
          {
            code: 'baseline-approved',
            message: 'AWS takes its approved patches from security repositories only.',
          } as const,
        ]
      : []),
    ...(levels.length > 0
      ? [{ code: 'baseline-level', message: `Its rules set the compliance levels ${levels.join(', ')}.` } as const]
      : []),
  ];
}

/** One rule for each classification and severity that it names: together they approve the same. */
function translateRule(rule: EstateRule, os: OperatingSystem): Rule[] | Remark {
  if (rule.approveUntil !== null)
    return { code: 'baseline-until', message: `approves what was released until ${rule.approveUntil}` };
  const severityKey = isWindows(os) ? 'MSRC_SEVERITY' : packageScheme(os) === 'dpkg' ? 'PRIORITY' : 'SEVERITY';
  const strange = rule.filters.filter(
    (filter) => !['CLASSIFICATION', severityKey].includes(filter.key) && !isOpen(filter),
  );
  if (strange.length > 0) return { code: 'baseline-filter', message: `filters by ${strange.map(said).join('; ')}` };
  const valuesOf = (key: string): readonly string[] | null => {
    const filter = rule.filters.find((each) => each.key === key);
    return filter === undefined || isOpen(filter) ? null : filter.values;
  };
  const approveAfterDays = rule.approveAfterDays ?? (packageScheme(os) === 'dpkg' ? 0 : null);
  if (approveAfterDays === null) return { code: 'baseline-until', message: 'names no delay in days' };
  const classifications = classificationsOf(valuesOf('CLASSIFICATION'), rule.nonSecurity, os);
  if (!Array.isArray(classifications)) return classifications;
  const severities = (valuesOf(severityKey) ?? [null]).map((value) => severityWord(value, os));
  const unknown = severities.includes(undefined);
  if (unknown)
    return { code: 'baseline-filter', message: `filters by a ${severityKey} that ${os} is not known to have` };
  return classifications.flatMap((classification) =>
    severities.map((severity) => ({ os, classification, severity: severity ?? 'any', approveAfterDays })),
  );
}

/** Ours takes in what no notice carries where, and only where, it says `any`. */
function classificationsOf(
  values: readonly string[] | null,
  nonSecurity: boolean,
  os: OperatingSystem,
): string[] | Remark {
  if (isWindows(os) && values === null) return ['any'];
  if (packageScheme(os) === 'dpkg') return [nonSecurity ? 'any' : 'security'];
  if (values === null && nonSecurity) return ['any'];
  if (values !== null && nonSecurity && !isWindows(os))
    return {
      code: 'baseline-non-security',
      message: `takes in what no security notice carries, beside the classifications ${values.join(', ')}`,
    };
  const words = (values ?? NOTICES.filter((notice) => classificationWord(notice, os) !== undefined)).map((value) =>
    classificationWord(value, os),
  );
  const known = words.filter((word) => word !== undefined);
  return known.length === words.length
    ? known
    : { code: 'baseline-filter', message: `filters by a CLASSIFICATION that ${os} is not known to have` };
}

/** Every classification of notices on any Linux. */
const NOTICES = [
  'Security',
  'Bugfix',
  'Enhancement',
  'Recommended',
  'Newpackage',
  'Optional',
  'Feature',
  'Document',
  'Yast',
];
/** Words of ours to write in place of AWS's own, where they mean exactly that. */
const OUR_WORDS: Readonly<Record<string, string>> = { SecurityUpdates: 'security', CriticalUpdates: 'critical' };

function classificationWord(value: string, os: OperatingSystem): string | undefined {
  const means = (word: string) => {
    const [rule] = trial(os, { classification: word });
    return rule?.classifications.length === 1 && rule.classifications[0] === value;
  };
  return [OUR_WORDS[value], value.toLowerCase(), value].find((word) => word !== undefined && means(word));
}

function severityWord(value: string | null, os: OperatingSystem): string | undefined {
  if (value === null) return 'any';
  const means = (word: string) => {
    const [rule] = trial(os, { severity: word });
    return rule?.severities.length === 1 && rule.severities[0] === value;
  };
  return [value.toLowerCase(), value].find(means);
}

/** What SSM would be told of a rule. */
const trial = (os: OperatingSystem, words: { classification?: string; severity?: string }) =>
  baselineRulesFor(
    {
      name: '',
      version: 0,
      rules: [{ os, classification: 'any', severity: 'any', approveAfterDays: 0, ...words }],
      approved: [],
      rejected: [],
    },
    os,
  );

/** A filter that lets everything pass; on Windows also the one that keeps to operating-system patches, as ours do. */
const isOpen = ({ key, values }: Selector): boolean =>
  values.includes('*') || (key === 'PATCH_SET' && values.length === 1 && values[0] === 'OS');
const said = ({ key, values }: Selector): string => `${key} ${values.join(', ')}`;
const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();

/** Baselines of different operating systems as one; `shared` where the lists of one hold for the others now too. */
export function compose(parts: readonly BaselineContent[]): {
  readonly content: BaselineContent;
  readonly shared: boolean;
} {
  const lists = new Set(parts.map(({ approved, rejected }) => JSON.stringify([approved, rejected])));
  return {
    content: {
      rules: parts.flatMap(({ rules }) => rules),
      approved: sorted(parts.flatMap(({ approved }) => approved)),
      rejected: sorted(parts.flatMap(({ rejected }) => rejected)),
    },
    shared: lists.size > 1,
  };
}
