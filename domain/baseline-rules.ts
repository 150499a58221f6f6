import type { PatchBaseline } from './documents/types.js';
import { isWindows, type OperatingSystem, packageScheme } from './fleet.js';

/** One approval rule for one operating system in SSM's own values; an empty list of values means any. */
export interface BaselineRule {
  /** Filter CLASSIFICATION; always empty on Debian and Ubuntu, which have none. */
  readonly classifications: readonly string[];
  /** Filter SEVERITY; on Windows MSRC_SEVERITY, on Debian and Ubuntu PRIORITY. */
  readonly severities: readonly string[];
  /** Days after release (0 to 360); null where SSM does not know a delay (Debian, Ubuntu): the delay is ours. */
  readonly approveAfterDays: number | null;
  /** EnableNonSecurity: also what no security repository or notice carries. Linux only, false on Windows. */
  readonly nonSecurity: boolean;
}

/** Stands for every classification, every severity, every operating system. */
export const ANY = 'any';

type Rule = PatchBaseline['rules'][number];

/**
 * A baseline's rules for one operating system, in SSM's own words. Without a baseline document everything is approved
 * at once (SSM keeps to operating-system patches unless a rule asks for applications). A rule whose classification or
 * severity the operating system does not know approves nothing there: see {@link rulesWithoutEffect}.
 */
export function baselineRulesFor(baseline: PatchBaseline | null, os: OperatingSystem): BaselineRule[] {
  const rules = baseline?.rules ?? [{ os: ANY, classification: ANY, severity: ANY, approveAfterDays: 0 } as const];
  return rules.flatMap((rule) => {
    const values = valuesOf(rule, os);
    if (values === null) return [];
    const dpkg = packageScheme(os) === 'dpkg';
    return {
      // Debian and Ubuntu tell security patches by their repository, which `nonSecurity` leaves or opens.
      classifications: dpkg ? [] : values.classifications,
      severities: values.severities,
      approveAfterDays: dpkg ? null : rule.approveAfterDays,
      nonSecurity: !isWindows(os) && values.classifications.length === 0,
    };
  });
}

/** The rules that name this operating system or any, and approve nothing on it: preview warns of them. */
export const rulesWithoutEffect = (baseline: PatchBaseline, os: OperatingSystem): Rule[] =>
  baseline.rules.filter((rule) => isFor(rule, os) && valuesOf(rule, os) === null);

/**
 * Does a rule cover a patch with the classification and severity that SSM reported for it? A word that SSM cannot
 * filter by on this operating system is compared with what was reported, as it is.
 */
export function matchesRule(
  rule: Rule,
  os: OperatingSystem,
  patch: { readonly classification: string; readonly severity: string },
): boolean {
  const { classification, severity } = vocabularyOf(os);
  return (
    isFor(rule, os) &&
    covers(translate(rule.classification, classification) ?? [rule.classification], patch.classification) &&
    covers(translate(rule.severity, severity) ?? [rule.severity], patch.severity)
  );
}

interface Values {
  readonly classifications: readonly string[];
  readonly severities: readonly string[];
}

/** Null where the rule is not for this operating system, or asks for something that does not exist there; empty lists mean any. */
export function valuesOf(rule: Rule, os: OperatingSystem): Values | null {
  if (!isFor(rule, os)) return null;
  const { classification, severity } = vocabularyOf(os);
  const classifications = translate(rule.classification, classification);
  const severities = translate(rule.severity, severity);
  return classifications && severities && { classifications, severities };
}
const isFor = (rule: Rule, os: OperatingSystem): boolean => rule.os === ANY || rule.os === os;
const covers = (values: readonly string[], value: string): boolean =>
  values.length === 0 || values.some((known) => sameWord(known, value));

/** SSM's values for one of its filters, and our words for them. SSM's own values may be written too. */
interface Vocabulary {
  readonly values: readonly string[];
  readonly words: Readonly<Record<string, readonly string[]>>;
}

function translate(word: string, { values, words }: Vocabulary): readonly string[] | null {
  if (sameWord(word, ANY) || word === '*') return [];
  const meaning = Object.entries(words).find(([known]) => sameWord(known, word))?.[1];
  const own = values.filter((value) => sameWord(value, word));
  return meaning ?? (own.length > 0 ? own : null);
}
const sameWord = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/*
 * The values are those of SSM's DescribePatchProperties and of the predefined baselines in the Systems Manager user
 * guide. Amazon Linux says Medium where the others say Moderate; SUSE calls a bug fix Recommended.
 */
const NOTICES: Vocabulary = {
  values: ['Security', 'Bugfix', 'Enhancement', 'Recommended', 'Newpackage'],
  words: {},
};
const SUSE_NOTICES: Vocabulary = {
  values: ['Security', 'Recommended', 'Optional', 'Feature', 'Document', 'Yast'],
  words: { bugfix: ['Recommended'], enhancement: ['Feature', 'Optional'] },
};
const WINDOWS_UPDATES: Vocabulary = {
  values: [
    'CriticalUpdates',
    'DefinitionUpdates',
    'Drivers',
    'FeaturePacks',
    'SecurityUpdates',
    'ServicePacks',
    'Tools',
    'UpdateRollups',
    'Updates',
    'Upgrades',
  ],
  words: {
    security: ['SecurityUpdates'],
    critical: ['CriticalUpdates'],
    bugfix: ['CriticalUpdates', 'UpdateRollups', 'Updates'],
    enhancement: ['FeaturePacks'],
  },
};
const SECURITY_REPOSITORY: Vocabulary = { values: ['Security'], words: {} };

const MEDIUM: Vocabulary = { values: ['Critical', 'Important', 'Medium', 'Low'], words: { moderate: ['Medium'] } };
const MODERATE: Vocabulary = { values: ['Critical', 'Important', 'Moderate', 'Low'], words: { medium: ['Moderate'] } };
const MSRC: Vocabulary = { values: [...MODERATE.values, 'Unspecified'], words: MODERATE.words };
/** How much the system needs the package: not how bad the flaw is, so no word of severity is translated into it. */
const PRIORITIES: Vocabulary = { values: ['Required', 'Important', 'Standard', 'Optional', 'Extra'], words: {} };

function vocabularyOf(os: OperatingSystem): { readonly classification: Vocabulary; readonly severity: Vocabulary } {
  switch (os) {
    case 'WINDOWS':
      return { classification: WINDOWS_UPDATES, severity: MSRC };
    case 'DEBIAN':
    case 'UBUNTU':
      return { classification: SECURITY_REPOSITORY, severity: PRIORITIES };
    case 'SUSE':
      return { classification: SUSE_NOTICES, severity: MODERATE };
    case 'AMAZON_LINUX_2':
    case 'AMAZON_LINUX_2022':
    case 'AMAZON_LINUX_2023':
      return { classification: NOTICES, severity: MEDIUM };
    case 'ALMA_LINUX':
    case 'CENTOS':
    case 'ORACLE_LINUX':
    case 'REDHAT_ENTERPRISE_LINUX':
    case 'ROCKY_LINUX':
      return { classification: NOTICES, severity: MODERATE };
  }
}
