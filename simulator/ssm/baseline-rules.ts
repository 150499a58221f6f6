import { z } from 'zod';
import { validationError } from '../errors.js';
import type { ApprovalRule } from '../fleet/registered.js';

export const patchFilterGroup = z.object({
  PatchFilters: z
    .array(z.object({ Key: z.string(), Values: z.array(z.string().min(1).max(64)).min(1).max(20) }))
    .max(4),
});

export const approvalRules = z.object({
  PatchRules: z
    .array(
      z.object({
        PatchFilterGroup: patchFilterGroup,
        ComplianceLevel: z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNSPECIFIED']).optional(),
        ApproveAfterDays: z.int().min(0).max(360, 'Member must have value less than or equal to 360').optional(),
        ApproveUntilDate: z
          .string()
          .regex(/^\d{4}-\d{2}-\d{2}$/)
          .optional(),
        EnableNonSecurity: z.boolean().optional(),
      }),
    )
    .max(10),
});

/** Filter keys of each operating system, with their values where AWS lists them; `*` is always one. */
const FILTERS: Record<string, Record<string, readonly string[] | 'any'>> = {
  WINDOWS: {
    PATCH_SET: ['OS', 'APPLICATION'],
    PRODUCT: 'any',
    PRODUCT_FAMILY: 'any',
    CLASSIFICATION: [
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
    MSRC_SEVERITY: ['Critical', 'Important', 'Moderate', 'Low', 'Unspecified'],
    PATCH_ID: 'any',
  },
  AMAZON_LINUX_2023: {
    PRODUCT: 'any',
    CLASSIFICATION: ['Security', 'Bugfix', 'Enhancement', 'Recommended', 'Newpackage'],
    SEVERITY: ['Critical', 'Important', 'Medium', 'Low'],
  },
  UBUNTU: {
    PRODUCT: 'any',
    PRIORITY: ['Required', 'Important', 'Standard', 'Optional', 'Extra'],
    SECTION: 'any',
  },
};

/** Refuses what AWS refuses: filters that an operating system does not have, no delay where one is needed, a delay on Ubuntu. */
export function checkRules(operatingSystem: string, rules: readonly ApprovalRule[]): void {
  const known = FILTERS[operatingSystem] ?? {};
  for (const rule of rules) {
    for (const { Key, Values } of rule.PatchFilterGroup.PatchFilters) {
      const allowed = known[Key];
      if (allowed === undefined) throw validationError(`${Key} is no patch filter of ${operatingSystem}.`);
      const wrong = Values.find((value) => allowed !== 'any' && value !== '*' && !allowed.includes(value));
      if (wrong) throw validationError(`${wrong} is no value of the patch filter ${Key} of ${operatingSystem}.`);
    }
    checkDelay(operatingSystem, rule);
  }
}

function checkDelay(operatingSystem: string, { ApproveAfterDays: days, ApproveUntilDate: until }: ApprovalRule): void {
  if (days !== undefined && until !== undefined) {
    throw validationError('Give either ApproveAfterDays or ApproveUntilDate.');
  }
  if (operatingSystem === 'UBUNTU') {
    if (days || until !== undefined) throw validationError('Approval delays are not supported on Ubuntu Server.');
    return;
  }
  if (days === undefined && until === undefined) {
    throw validationError('A rule needs ApproveAfterDays or ApproveUntilDate.');
  }
}
