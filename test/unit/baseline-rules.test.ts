import { describe, expect, test } from '@jest/globals';
import { baselineRulesFor, matchesRule, rulesWithoutEffect } from '../../domain/baseline-rules.js';
import type { PatchBaseline } from '../../domain/documents/types.js';
import { OPERATING_SYSTEMS, type OperatingSystem } from '../../domain/fleet.js';

type Rule = PatchBaseline['rules'][number];
const rule = (classification: string, severity = 'any', approveAfterDays = 0, os: Rule['os'] = 'any'): Rule => ({
  os,
  classification,
  severity,
  approveAfterDays,
});
const baseline = (...rules: Rule[]): PatchBaseline => ({ name: 'prod', version: 1, rules, approved: [], rejected: [] });

describe('the rules of a baseline', () => {
  test('in the worked example approve critical security updates at once, the rest after 14 days', () => {
    const prod = baseline(rule('security', 'critical', 0), rule('any', 'any', 14));
    expect(baselineRulesFor(prod, 'AMAZON_LINUX_2023')).toEqual([
      { classifications: ['Security'], severities: ['Critical'], approveAfterDays: 0, nonSecurity: false },
      { classifications: [], severities: [], approveAfterDays: 14, nonSecurity: true },
    ]);
    expect(baselineRulesFor(prod, 'WINDOWS')).toEqual([
      { classifications: ['SecurityUpdates'], severities: ['Critical'], approveAfterDays: 0, nonSecurity: false },
      { classifications: [], severities: [], approveAfterDays: 14, nonSecurity: false },
    ]);
  });

  test('without a baseline approve everything at once', () => {
    for (const os of OPERATING_SYSTEMS) {
      const delay = os === 'UBUNTU' || os === 'DEBIAN' ? null : 0;
      expect(baselineRulesFor(null, os)).toEqual([
        { classifications: [], severities: [], approveAfterDays: delay, nonSecurity: os !== 'WINDOWS' },
      ]);
    }
  });

  test('on Debian and Ubuntu have no classification and no delay; security is the repository', () => {
    expect(baselineRulesFor(baseline(rule('security', 'any', 7)), 'UBUNTU')).toEqual([
      { classifications: [], severities: [], approveAfterDays: null, nonSecurity: false },
    ]);
    expect(baselineRulesFor(baseline(rule('any', 'required', 7)), 'DEBIAN')).toEqual([
      { classifications: [], severities: ['Required'], approveAfterDays: null, nonSecurity: true },
    ]);
  });

  test('for another operating system are left out', () => {
    expect(baselineRulesFor(baseline(rule('any', 'any', 0, 'WINDOWS')), 'SUSE')).toEqual([]);
  });

  test.each([
    ['AMAZON_LINUX_2', 'bugfix', 'medium', ['Bugfix'], ['Medium']],
    ['AMAZON_LINUX_2', 'security', 'moderate', ['Security'], ['Medium']],
    ['REDHAT_ENTERPRISE_LINUX', 'enhancement', 'medium', ['Enhancement'], ['Moderate']],
    ['SUSE', 'bugfix', 'important', ['Recommended'], ['Important']],
    ['SUSE', 'enhancement', 'low', ['Feature', 'Optional'], ['Low']],
    ['WINDOWS', 'critical', 'any', ['CriticalUpdates'], []],
    ['WINDOWS', 'bugfix', 'any', ['CriticalUpdates', 'UpdateRollups', 'Updates'], []],
    ['WINDOWS', 'definitionupdates', 'unspecified', ['DefinitionUpdates'], ['Unspecified']],
  ] as const)('on %s say %s, %s in the words of SSM', (os, classification, severity, classifications, severities) => {
    expect(baselineRulesFor(baseline(rule(classification, severity)), os)).toMatchObject([
      { classifications, severities },
    ]);
  });

  test('that ask for what an operating system does not know approve nothing there, and are named', () => {
    const drivers = rule('drivers');
    const critical = rule('security', 'critical');
    const both = baseline(drivers, critical);
    expect(rulesWithoutEffect(both, 'AMAZON_LINUX_2023')).toEqual([drivers]);
    expect(rulesWithoutEffect(both, 'WINDOWS')).toEqual([]);
    expect(rulesWithoutEffect(both, 'UBUNTU')).toEqual(both.rules);
    expect(baselineRulesFor(both, 'UBUNTU')).toEqual([]);
  });
});

test.each([
  ['AMAZON_LINUX_2', rule('security', 'moderate'), 'Security', 'Medium', true],
  ['AMAZON_LINUX_2', rule('security', 'critical'), 'Security', 'Medium', false],
  ['AMAZON_LINUX_2', rule('any'), '', '', true],
  ['AMAZON_LINUX_2', rule('security'), '', '', false],
  ['UBUNTU', rule('security', 'critical'), 'Security', 'critical', true],
  ['UBUNTU', rule('security', 'critical'), 'Security', 'optional', false],
  ['UBUNTU', rule('any', 'any', 0, 'DEBIAN'), 'Security', 'optional', false],
] as readonly [OperatingSystem, Rule, string, string, boolean][])(
  'on %s the rule %j covers a patch of "%s", "%s": %s',
  (os, covering, classification, severity, expected) => {
    expect(matchesRule(covering, os, { classification, severity })).toBe(expected);
  },
);
