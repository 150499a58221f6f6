import { z } from 'zod';
import { CONSEQUENCES, FINDING_CODES } from '../../domain/import/findings.js';
import { accountNames, count, list, text } from './common.js';

export const importBody = z
  .strictObject({
    accounts: accountNames,
    regions: z
      .array(z.string().min(1).max(30))
      .min(1)
      .max(40)
      .optional()
      .meta({ description: 'Regions of those accounts; without it all of theirs', examples: [['eu-west-1']] }),
  })
  .optional();

const finding = z.object({
  code: z.enum(FINDING_CODES),
  consequence: z
    .enum(CONSEQUENCES)
    .describe(
      '`left-out`: it is not in the documents; `changed`: it is, and means something else; `check`: a person should look at it',
    ),
  account: text.nullable().describe('Name of the Account document; null where it concerns several'),
  region: text.nullable(),
  subject: text.describe('What of the estate, or which document: `window prod-sunday (mw-…)`, `plan storefront`'),
  message: text.describe('What could not be carried over, and why'),
  advice: text.describe('What to do next'),
});

export const imported = z
  .object({
    documents: text.describe(
      'MaintenanceWindow, PatchBaseline and PatchPlan documents as YAML with comments, ready for a person to read and apply; empty where there is nothing to write',
    ),
    written: z.object({ windows: count, baselines: count, plans: count }),
    read: z
      .object({
        locations: count,
        windows: count,
        tasks: count,
        baselines: count,
        patchGroups: count,
        nodes: count,
      })
      .describe('What was found in AWS'),
    findings: list(finding).describe('What is left out first, then what is changed, then what to check'),
  })
  .meta({ id: 'Import' });
