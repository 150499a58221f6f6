import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { baselineRulesFor } from '../../domain/baseline-rules.js';
import type { OperatingSystem } from '../../domain/fleet.js';
import { type BaselineContent, translateBaseline } from '../../domain/import/baselines.js';
import type { EstateBaseline } from '../../domain/import/estate.js';

/** The filters of three kinds of systems, by SSM's words. */
const SYSTEMS = {
  AMAZON_LINUX_2023: {
    severityKey: 'SEVERITY',
    classifications: ['Security', 'Bugfix', 'Enhancement', 'Recommended', 'Newpackage'],
    severities: ['Critical', 'Important', 'Medium', 'Low'],
  },
  WINDOWS: {
    severityKey: 'MSRC_SEVERITY',
    classifications: ['CriticalUpdates', 'SecurityUpdates', 'UpdateRollups', 'Updates', 'ServicePacks'],
    severities: ['Critical', 'Important', 'Moderate', 'Low', 'Unspecified'],
  },
  UBUNTU: { severityKey: 'PRIORITY', classifications: ['any'], severities: ['Required', 'Important', 'Optional'] },
} as const;
type System = keyof typeof SYSTEMS;

const someOf = (values: readonly string[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), { nil: null });

const anyBaseline = fc.constantFrom<System[]>('AMAZON_LINUX_2023', 'WINDOWS', 'UBUNTU').chain((os) => {
  const { severityKey, classifications, severities } = SYSTEMS[os];
  const rule = fc
    .record({
      classification: os === 'UBUNTU' ? fc.constant(null) : someOf(classifications),
      severity: someOf(severities),
      days: fc.integer({ min: 0, max: 30 }),
      nonSecurity: os === 'WINDOWS' ? fc.constant(false) : fc.boolean(),
    })
    .map(({ classification, severity, days, nonSecurity }) => ({
      filters: [
        ...(classification ? [{ key: 'CLASSIFICATION', values: classification }] : []),
        { key: severityKey, values: severity ?? ['*'] },
      ],
      approveAfterDays: os === 'UBUNTU' ? null : days,
      approveUntil: null,
      nonSecurity,
      level: 'UNSPECIFIED',
    }));
  return fc.array(rule, { minLength: 1, maxLength: 3 }).map((rules) => baselineOf(os, rules));
});

const baselineOf = (
  os: string,
  rules: EstateBaseline['rules'],
  more: Partial<EstateBaseline> = {},
): EstateBaseline => ({
  id: 'pb-00000000000000001',
  name: 'one',
  os,
  own: true,
  isDefault: false,
  rules,
  globalFilters: [],
  approved: [],
  approvedNonSecurity: false,
  rejected: [],
  rejectedAction: 'ALLOW_AS_DEPENDENCY',
  sources: [],
  ...more,
});

test('whatever is translated approves what SSM would approve, after the same days', () => {
  fc.assert(
    fc.property(anyBaseline, (baseline) => {
      const { content } = translateBaseline(baseline);
      fc.pre(content !== null);
      if (content === null) return;
      const os = baseline.os as System;
      const { severityKey, classifications, severities } = SYSTEMS[os];
      for (const classification of classifications)
        for (const severity of severities) {
          const covers = (key: string, value: string) => (filters: EstateBaseline['rules'][number]['filters']) => {
            const filter = filters.find((each) => each.key === key);
            return filter === undefined || filter.values.includes('*') || filter.values.includes(value);
          };
          const bySsm = baseline.rules
            .filter(
              ({ filters }) =>
                covers('CLASSIFICATION', classification)(filters) && covers(severityKey, severity)(filters),
            )
            .map((rule) => `${rule.approveAfterDays} ${rule.nonSecurity}`);
          expect(approvals(content, os, classification, severity)).toEqual([...new Set(bySsm)].sort());
        }
    }),
  );
});

/** The delays of the rules that reach a patch, as SSM is told of them. */
function approvals(content: BaselineContent, os: OperatingSystem, classification: string, severity: string): string[] {
  const rules = baselineRulesFor({ name: 'one', version: 1, ...content }, os);
  const reaching = rules.filter(
    (rule) =>
      (rule.classifications.length === 0 || rule.classifications.includes(classification)) &&
      (rule.severities.length === 0 || rule.severities.includes(severity)),
  );
  return [...new Set(reaching.map((rule) => `${rule.approveAfterDays} ${rule.nonSecurity}`))].sort();
}

const rule = { filters: [], approveAfterDays: 7, approveUntil: null, nonSecurity: true, level: 'UNSPECIFIED' };

test.each<[string, EstateBaseline]>([
  ['baseline-system', baselineOf('MACOS', [rule])],
  ['baseline-until', baselineOf('WINDOWS', [{ ...rule, approveAfterDays: null, approveUntil: '2026-06-30' }])],
  ['baseline-filter', baselineOf('WINDOWS', [{ ...rule, filters: [{ key: 'PATCH_SET', values: ['APPLICATION'] }] }])],
  ['baseline-filter', baselineOf('SUSE', [rule], { globalFilters: [{ key: 'PRODUCT', values: ['Suse15.3'] }] })],
  [
    'baseline-non-security',
    baselineOf('CENTOS', [{ ...rule, filters: [{ key: 'CLASSIFICATION', values: ['Security'] }] }]),
  ],
  ['baseline-sources', baselineOf('CENTOS', [rule], { sources: ['mirror'] })],
  [
    'baseline-rules',
    baselineOf(
      'CENTOS',
      Array.from({ length: 11 }, () => rule),
    ),
  ],
])('a baseline that cannot be said exactly is not said: %s', (code, baseline) => {
  const { content, remarks } = translateBaseline(baseline);

  expect(content).toBeNull();
  expect(remarks.map((remark) => remark.code)).toEqual([code]);
});

test('what changes is said: dependencies on rejected patches, repositories of approved ones, compliance levels', () => {
  const { content, remarks } = translateBaseline(
    baselineOf('CENTOS', [{ ...rule, level: 'HIGH' }], { approved: ['curl.x86_64'], rejected: ['kernel.*'] }),
  );

  expect(content).toMatchObject({ approved: ['curl.x86_64'], rejected: ['kernel.*'] });
  expect(remarks.map(({ code }) => code)).toEqual(['baseline-rejected', 'baseline-approved', 'baseline-level']);
});
