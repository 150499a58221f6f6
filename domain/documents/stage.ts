import { z } from 'zod';
import { ROLES, type Role } from '../roles.js';
import { baselineName, distinct, durationField, NAME_LENGTH, nameField, windowName } from './fields.js';
import { healthSchema } from './health.js';
import { tasksSchema } from './task.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
/** A role's session, a snapshot or an install that takes longer than this is lost. */
const LONGEST_STEP = 48 * HOUR;

/** The values that stand for "nothing named", so that a plan with every default written out can say it. */
export const FROM_TAG = 'from-tag';
export const EVERYTHING = 'everything';
export const NONE = 'none';

/** Any of which a plan may ask to approve. */
export const isRole = (name: string): name is Role => (ROLES as readonly string[]).includes(name);

const SHARE = /^(100|[1-9]\d?)%$/;
const nodeLimit = (description: string, example: string) =>
  z
    .union([z.int().min(1).max(100_000), z.string().regex(SHARE)])
    .optional()
    .meta({ description: `${description}: a number of nodes from 1, or 1% to 100%`, 'x-example': example });

export const stageName = nameField(NAME_LENGTH.stage, 'dev');

export const stageSchema = z.strictObject({
  name: stageName,
  patchGroups: distinct(
    z
      .string()
      .regex(/^[\p{L}\p{N}][\p{L}\p{Z}\p{N}_.:/=+@-]{0,255}$/u)
      .meta({ description: 'a value of the tag Patch Group, at most 256 characters', 'x-example': 'storefront-dev' }),
    1,
    20,
  )
    .optional()
    .meta({ description: 'patch groups, at least one; <plan>-<stage> without it', 'x-example': '[storefront-dev]' }),
  baseline: z
    .union([z.literal(EVERYTHING), baselineName])
    .optional()
    .meta({
      description: `the name of a PatchBaseline, or ${EVERYTHING}; without it the one named after the stage, else ${EVERYTHING}`,
      'x-example': 'prod',
    }),
  window: z
    .union([z.literal(FROM_TAG), windowName])
    .optional()
    .meta({
      description: `the name of a MaintenanceWindow, or ${FROM_TAG}; ${FROM_TAG} without it`,
      'x-example': 'prod-a',
    }),
  waves: z
    .strictObject({
      by: z.literal('zone').optional().meta({ description: 'zone', 'x-example': 'zone' }),
      regions: z.enum(['parallel', 'one-by-one']).optional().meta({
        description: 'Regions side by side or one after the other: parallel or one-by-one; parallel without it',
        'x-example': 'one-by-one',
      }),
      maxUnavailable: nodeLimit('of the nodes of a wave, how many may be out of service at once (25%)', '25%'),
      pauseAfterFailures: nodeLimit('of the nodes of the stage, after how many failures it pauses (10%)', '10%'),
    })
    .optional()
    .meta({
      description: 'by, regions, maxUnavailable and pauseAfterFailures',
      'x-example': '{ by: zone, maxUnavailable: 25%, pauseAfterFailures: 10% }',
    }),
  carryOver: z
    .strictObject({
      windows: z.int().min(0).max(100).optional().meta({
        description:
          'how many windows more nodes wait for that were not reached in theirs, before an operator is asked (3)',
        'x-example': 3,
      }),
      doneAt: z.string().regex(SHARE).optional().meta({
        description:
          'the share of the nodes at which the stage is done, and the next one may begin; the others go on in their next windows until the next cycle of the plan: 1% to 100% (100%)',
        'x-example': '95%',
      }),
    })
    .optional()
    .meta({ description: 'windows (3) and doneAt (100%)', 'x-example': '{ windows: 3, doneAt: 100% }' }),
  snapshot: z
    .enum(['none', 'start', 'await'])
    .optional()
    .meta({ description: 'none, start or await; await without it, in a stage named dev none', 'x-example': 'await' }),
  keepSnapshots: durationField(HOUR, 365 * DAY, 'P14D').optional(),
  tasks: tasksSchema,
  reboot: z
    .enum(['if-needed', 'always', 'never'])
    .optional()
    .meta({ description: 'if-needed, always or never; if-needed without it', 'x-example': 'if-needed' }),
  stopped: z
    .enum(['skip', 'start'])
    .optional()
    .meta({ description: 'what becomes of stopped instances: skip or start; skip without it', 'x-example': 'skip' }),
  timeouts: z
    .strictObject({
      install: durationField(SECOND, LONGEST_STEP, 'PT2H').optional(),
      snapshot: durationField(SECOND, LONGEST_STEP, 'PT1H').optional(),
    })
    .optional()
    .meta({ description: 'install (PT2H) and snapshot (PT1H)', 'x-example': '{ install: PT2H, snapshot: PT1H }' }),
  soak: durationField(0, 365 * DAY, 'P7D').optional(),
  health: healthSchema,
  approval: z
    .union([
      z.literal(NONE),
      z.strictObject({
        roles: distinct(
          z.enum(ROLES).meta({ description: `one of ${ROLES.join(', ')}`, 'x-example': 'approver' }),
          1,
          ROLES.length,
        )
          .optional()
          .meta({ description: 'who may decide; [approver] without it', 'x-example': '[approver]' }),
        quorum: z
          .int()
          .min(1)
          .max(10)
          .optional()
          .meta({ description: 'how many have to approve, from 1; 1 without it', 'x-example': 1 }),
        decideWithin: durationField(SECOND, 30 * DAY, 'P3D').optional(),
      }),
    ])
    .optional()
    .meta({
      description: `roles, quorum and decideWithin; or ${NONE}. Without it only the last stage is approved`,
      'x-example': '{ roles: [approver], quorum: 1, decideWithin: P3D }',
    }),
  onFailure: z
    .enum(['ask', 'stop', 'rollback'])
    .optional()
    .meta({ description: 'ask, stop or rollback; ask without it', 'x-example': 'ask' }),
  onHung: z.enum(['set-aside', 'restore']).optional().meta({
    description:
      'what becomes of a node that an EC2 reboot does not bring back either: set-aside, or restore, its root volume from the snapshot (which takes snapshot: await) before that; set-aside without it',
    'x-example': 'restore',
  }),
  surplus: z.enum(['ask', 'allow']).optional().meta({
    description: 'what an untested patch that a dependency pulled in does: ask or allow; ask without it',
    'x-example': 'ask',
  }),
});
export type ParsedStage = z.infer<typeof stageSchema>;
