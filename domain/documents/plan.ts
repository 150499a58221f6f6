import { z } from 'zod';
import {
  accountName,
  distinct,
  documentSchema,
  NAME_LENGTH,
  nameField,
  refuse,
  regionField,
  timezoneField,
} from './fields.js';
import { cronShape, nthWeekdayShape } from './schedule.js';
import { type ParsedStage, stageName, stageSchema } from './stage.js';

/** Stands for every registered account, and for every Region of an account. */
export const ALL = 'all';
const STAGES = 20;

const nodesSchema = z.strictObject({
  accounts: z
    .union([z.literal(ALL), distinct(accountName, 1, 1_000)])
    .optional()
    .meta({
      description: `names of Account documents, or ${ALL}; ${ALL} without it`,
      'x-example': '[shop-production]',
    }),
  regions: z
    .union([z.literal(ALL), distinct(regionField, 1, 40)])
    .optional()
    .meta({ description: `codes of AWS Regions, or ${ALL}; ${ALL} without it`, 'x-example': '[eu-west-1]' }),
  tags: z
    .record(
      z.string().min(1).max(128),
      z
        .string()
        .max(256)
        .meta({ description: 'a tag value: text (numbers and true or false in quotes)', 'x-example': 'storefront' }),
    )
    .check((context) => {
      if (Object.keys(context.value).length === 0) refuse(context, 'would select every node there is');
    })
    .optional()
    .meta({
      description: 'tags that a node must bear, at least one; Application: <plan> without it',
      'x-example': '{ Application: storefront }',
    }),
});

export const planSchema = documentSchema(
  'PatchPlan',
  z.strictObject({
    name: nameField(NAME_LENGTH.plan, 'storefront'),
    owner: z
      .string()
      .regex(/^\P{C}{1,100}$/u)
      .meta({ description: 'who answers for the plan, at most 100 characters', 'x-example': 'storefront-team' }),
  }),
  z.strictObject({
    start: z
      .union([
        z.strictObject({ ...nthWeekdayShape, timezone: timezoneField }),
        z.strictObject({ ...cronShape, timezone: timezoneField }),
      ])
      .optional()
      .meta({
        description: 'nth, weekday, plusDays and at, or cron; and timezone. Without it the plan is started by hand',
        'x-example': '{ nth: 2, weekday: TUE, plusDays: 1, at: "06:00", timezone: Europe/London }',
      }),
    nodes: nodesSchema.optional().meta({
      description: 'accounts, regions and tags',
      'x-example': '{ tags: { Application: storefront } }',
    }),
    stages: z
      .array(
        z
          .union([stageName, stageSchema])
          .meta({ description: 'the name of a stage, or a stage', 'x-example': '{ name: dev, soak: P7D }' }),
      )
      .min(1)
      .max(STAGES)
      .meta({ description: `1 to ${STAGES} stages in order`, 'x-example': '[dev, test, prod]' }),
  }),
).check((context) => {
  const { metadata, spec } = context.value;
  const stages = new Set<string>();
  const groups = new Map<string, string>();
  for (const [index, written] of spec.stages.entries()) {
    const stage = asStage(written);
    if (stages.has(stage.name))
      refuse(context, 'another stage has this name', {
        path: ['spec', 'stages', index, ...(typeof written === 'string' ? [] : ['name'])],
        input: stage.name,
        expected: 'stages with different names',
      });
    stages.add(stage.name);
    if (stage.onFailure === 'rollback' && snapshotOf(stage) === 'none')
      refuse(context, 'there is nothing to roll back to: the stage takes no snapshots', {
        path: ['spec', 'stages', index, stage.snapshot === undefined ? 'onFailure' : 'snapshot'],
        input: stage.snapshot ?? stage.onFailure,
        expected: 'snapshot: await (or start) beside onFailure: rollback',
      });
    if (stage.onHung === 'restore' && snapshotOf(stage) !== 'await')
      refuse(context, `the stage awaits no snapshot to restore from (its snapshot is ${snapshotOf(stage)})`, {
        path: ['spec', 'stages', index, 'onHung'],
        input: stage.onHung,
        expected: 'set-aside, or snapshot: await beside it',
      });
    for (const group of patchGroupsOf(metadata.name, stage)) {
      const other = groups.get(group);
      // SSM registers a patch group to one baseline, and nodes of two stages would be patched before they are proven.
      if (other !== undefined && other !== stage.name)
        refuse(context, `the patch group ${group} is already in the stage ${other}`, {
          path: ['spec', 'stages', index, 'patchGroups'],
          input: group,
          expected: 'a patch group in one stage',
        });
      groups.set(group, stage.name);
    }
  }
});
export type ParsedPlan = z.infer<typeof planSchema>;

/** A stage as an object, also where only its name is given. */
export const asStage = (written: ParsedPlan['spec']['stages'][number]): ParsedStage =>
  typeof written === 'string' ? { name: written } : written;

/** Whether a stage takes snapshots where it does not say: in one named `dev` none, in others they are awaited. */
export const snapshotOf = ({ name, snapshot }: ParsedStage): NonNullable<ParsedStage['snapshot']> =>
  snapshot ?? (name === 'dev' ? 'none' : 'await');

/** The patch groups of a stage: those it names, else `<plan>-<stage>`. */
export const patchGroupsOf = (plan: string, stage: ParsedStage): readonly string[] =>
  stage.patchGroups ?? [`${plan}-${stage.name}`];
