import { z } from 'zod';
import { rulesWithoutEffect } from '../baseline-rules.js';
import { OPERATING_SYSTEMS } from '../fleet.js';
import { baselineName, distinct, documentSchema, refuse } from './fields.js';
import { nearest } from './nearest.js';
import type { PatchBaseline } from './types.js';

const SYSTEMS = ['any', ...OPERATING_SYSTEMS] as const;
/** The words to write; AWS's own words for one operating system are accepted too. */
const CLASSIFICATIONS = ['any', 'security', 'critical', 'bugfix', 'enhancement', 'recommended', 'newpackage'];
const SEVERITIES = ['any', 'critical', 'important', 'moderate', 'medium', 'low'];

/** SSM's limits: 10 rules a baseline (one for each operating system of ours), 50 ids a list, 100 characters an id. */
const RULES = 10;
const IDS = 50;
const patchIds = (description: string) =>
  distinct(
    z.string().min(1).max(100).meta({ description: 'a patch id of at most 100 characters', 'x-example': 'KB5034441' }),
    0,
    IDS,
  )
    .optional()
    .meta({ description: `${description}, at most ${IDS} patch ids`, 'x-example': '[KB5034441]' });

const ruleSchema = z
  .strictObject({
    os: z.enum(SYSTEMS).meta({ description: `one of ${SYSTEMS.join(', ')}`, 'x-example': 'any' }),
    classification: z
      .string()
      .max(50)
      .meta({
        description: `one of ${CLASSIFICATIONS.join(', ')}, or AWS's own word for that operating system`,
        'x-example': 'security',
      }),
    severity: z
      .string()
      .max(50)
      .meta({
        description: `one of ${SEVERITIES.join(', ')}, or AWS's own word for that operating system`,
        'x-example': 'critical',
      }),
    approveAfterDays: z
      .int()
      .min(0)
      .max(360)
      .meta({ description: 'days after the release of a patch, 0 to 360', 'x-example': 7 }),
  })
  .check((context) => {
    const rule = context.value;
    const systems = rule.os === 'any' ? OPERATING_SYSTEMS : [rule.os];
    const means = (part: Partial<typeof rule>) =>
      systems.some((os) => rulesWithoutEffect({ ...EMPTY, rules: [{ ...rule, ...part }] }, os).length === 0);
    const where = rule.os === 'any' ? 'on any operating system' : `on ${rule.os}`;
    if (!means({ severity: 'any' }))
      refuse(context, `there is no such classification ${where}`, {
        path: ['classification'],
        input: rule.classification,
        nearest: nearest(rule.classification, CLASSIFICATIONS),
      });
    if (!means({ classification: 'any' }))
      refuse(context, `there is no such severity ${where}`, {
        path: ['severity'],
        input: rule.severity,
        nearest: nearest(rule.severity, SEVERITIES),
      });
  });
const EMPTY: PatchBaseline = { name: '', version: 0, rules: [], approved: [], rejected: [] };

export const baselineSchema = documentSchema(
  'PatchBaseline',
  z.strictObject({ name: baselineName }),
  z
    .strictObject({
      rules: z
        .array(ruleSchema)
        .max(RULES * OPERATING_SYSTEMS.length)
        .meta({
          description: `at most ${RULES} approval rules for each operating system`,
          'x-example': '[{ os: any, classification: security, severity: critical, approveAfterDays: 0 }]',
        }),
      approved: patchIds('always approved'),
      rejected: patchIds('never approved'),
    })
    .check((context) => {
      const { rules, approved = [], rejected = [] } = context.value;
      if (rules.length === 0 && approved.length === 0)
        refuse(context, 'this baseline approves nothing', {
          path: ['rules'],
          input: rules,
          expected: 'at least one rule',
        });
      for (const os of OPERATING_SYSTEMS) {
        const [index] = rules
          .flatMap((rule, index) => (rule.os === 'any' || rule.os === os ? [index] : []))
          .slice(RULES);
        if (index === undefined) continue;
        refuse(context, `there are more than ${RULES} rules for ${os}`, {
          path: ['rules', index],
          input: rules[index],
          expected: `at most ${RULES} rules for each operating system`,
        });
        break;
      }
      for (const [index, id] of rejected.entries())
        if (approved.includes(id))
          refuse(context, 'is both approved and rejected', {
            path: ['rejected', index],
            input: id,
            expected: 'a patch in one of the two lists',
          });
    }),
);
export type ParsedBaseline = z.infer<typeof baselineSchema>;

export const baselineOf = ({ metadata, spec }: ParsedBaseline, version: number): PatchBaseline => ({
  name: metadata.name,
  version,
  rules: spec.rules,
  approved: spec.approved ?? [],
  rejected: spec.rejected ?? [],
});
