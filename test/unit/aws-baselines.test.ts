import { describe, expect, test } from '@jest/globals';
import type { BaselineRequest } from '../../activities/ports.js';
import { baselineName, creationToken, definitionOf, sameDefinition } from '../../aws/baseline-mapping.js';

const request: BaselineRequest = {
  baseline: 'prod',
  os: 'AMAZON_LINUX_2023',
  rules: [
    { classifications: ['Security'], severities: ['Critical'], approveAfterDays: 0, nonSecurity: false },
    { classifications: [], severities: [], approveAfterDays: 14, nonSecurity: true },
  ],
  approved: [],
  rejected: ['kernel*'],
  patchGroups: ['storefront-prod'],
};

test('a baseline is found by the names of its document and its operating system', () => {
  expect(baselineName(request)).toBe('patchtide-prod-AMAZON_LINUX_2023');
});

describe('rules in SSM’s terms', () => {
  test('any is written as *, and a rule for one severity carries its level', () => {
    expect(definitionOf(request)).toEqual({
      ApprovalRules: {
        PatchRules: [
          {
            PatchFilterGroup: {
              PatchFilters: [
                { Key: 'PRODUCT', Values: ['*'] },
                { Key: 'CLASSIFICATION', Values: ['Security'] },
                { Key: 'SEVERITY', Values: ['Critical'] },
              ],
            },
            ComplianceLevel: 'CRITICAL',
            ApproveAfterDays: 0,
            EnableNonSecurity: false,
          },
          {
            PatchFilterGroup: {
              PatchFilters: [
                { Key: 'PRODUCT', Values: ['*'] },
                { Key: 'CLASSIFICATION', Values: ['*'] },
                { Key: 'SEVERITY', Values: ['*'] },
              ],
            },
            ComplianceLevel: 'UNSPECIFIED',
            ApproveAfterDays: 14,
            EnableNonSecurity: true,
          },
        ],
      },
      ApprovedPatches: [],
      ApprovedPatchesEnableNonSecurity: false,
      RejectedPatches: ['kernel*'],
      RejectedPatchesAction: 'BLOCK',
    });
  });

  test('Windows has severities of its own and does not tell non-security updates apart', () => {
    const rules = [
      { classifications: ['SecurityUpdates'], severities: [], approveAfterDays: 7, nonSecurity: false },
    ] as const;
    expect(definitionOf({ ...request, os: 'WINDOWS', rules }).ApprovalRules.PatchRules).toEqual([
      {
        PatchFilterGroup: {
          PatchFilters: [
            { Key: 'PRODUCT', Values: ['*'] },
            { Key: 'CLASSIFICATION', Values: ['SecurityUpdates'] },
            { Key: 'MSRC_SEVERITY', Values: ['*'] },
          ],
        },
        ComplianceLevel: 'UNSPECIFIED',
        ApproveAfterDays: 7,
      },
    ]);
  });

  test('Debian and Ubuntu have sections and priorities, and no delay', () => {
    const rules = [
      { classifications: [], severities: ['Important'], approveAfterDays: null, nonSecurity: true },
    ] as const;
    expect(definitionOf({ ...request, os: 'UBUNTU', rules }).ApprovalRules.PatchRules).toEqual([
      {
        PatchFilterGroup: {
          PatchFilters: [
            { Key: 'PRODUCT', Values: ['*'] },
            { Key: 'SECTION', Values: ['*'] },
            { Key: 'PRIORITY', Values: ['Important'] },
          ],
        },
        ComplianceLevel: 'UNSPECIFIED',
        EnableNonSecurity: true,
      },
    ]);
  });
});

describe('a baseline that is there', () => {
  const definition = definitionOf(request);

  test('is the same in another order and with defaults written out', () => {
    const [first, second] = definition.ApprovalRules.PatchRules;
    const present = {
      BaselineId: 'pb-1',
      ...definition,
      ApprovalRules: { PatchRules: [second, first].filter((rule) => rule !== undefined) },
    };
    expect(sameDefinition(definition, present)).toBe(true);
  });

  test('differs by a delay, a rejected patch or what is done with it', () => {
    const later = definitionOf({ ...request, rules: request.rules.map((rule) => ({ ...rule, approveAfterDays: 3 })) });
    expect(sameDefinition(definition, later)).toBe(false);
    expect(sameDefinition(definition, { ...definition, RejectedPatches: [] })).toBe(false);
    expect(sameDefinition(definition, { ...definition, RejectedPatchesAction: 'ALLOW_AS_DEPENDENCY' })).toBe(false);
  });
});

test('the same baseline asked for twice has the same token, another has another', () => {
  const token = creationToken('patchtide-prod-UBUNTU', definitionOf(request));
  expect(creationToken('patchtide-prod-UBUNTU', definitionOf(request))).toBe(token);
  expect(creationToken('patchtide-test-UBUNTU', definitionOf(request))).not.toBe(token);
  expect(token).toMatch(/^[0-9a-f]{64}$/);
});
