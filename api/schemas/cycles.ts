import { z } from 'zod';
import { CYCLE_STATUSES, OUTCOMES, STAGE_STATUSES, WAVE_STATUSES } from '../../domain/cycle.js';
import { ANSWERS } from '../../workflows/messages.js';
import {
  count,
  digest,
  instant,
  list,
  location,
  page,
  planName,
  reason,
  reference,
  stageName,
  text,
} from './common.js';

export const cycleStatus = z.enum(CYCLE_STATUSES);
export const compliance = z.enum(['compliant', 'non-compliant', 'unknown']);

export const startCycleBody = z.strictObject({
  plan: planName,
  mode: z
    .enum(['standard'])
    .default('standard')
    .meta({ description: 'standard', examples: ['standard'], 'x-not-yet': ['emergency'] }),
  reason,
  reference: reference.optional(),
});

export const cycleLinks = z.object({
  self: text,
  events: text.describe('Live progress, as server-sent events'),
  nodes: text,
  report: text,
  temporalUi: text.nullable(),
});

export const startedCycle = z.object({
  id: text,
  workflowId: text,
  plan: text,
  planVersion: z.int(),
  links: cycleLinks,
});

/** Nodes by outcome; those without one are pending. */
const nodeCounts = z
  .object({
    total: count,
    pending: count,
    ...(Object.fromEntries(OUTCOMES.map((name) => [name, count])) as Record<(typeof OUTCOMES)[number], typeof count>),
  })
  .meta({ id: 'NodeCounts' });

export const waitingFor = z.object({
  kind: z.enum(['approval', 'window', 'freeze', 'soak', 'operator', 'aws']),
  stage: text.nullable(),
  until: instant.nullable(),
  manifest: text.nullable().describe('What is to be approved'),
  message: text,
});

export const decision = z.object({
  decision: z.enum(['approve', 'reject']),
  by: text,
  reason: text,
  manifest: text,
  at: instant,
  via: z.enum(['api', 'signal']),
});

const summary = {
  id: text,
  workflowId: text,
  plan: text,
  planVersion: z.int(),
  number: z.int(),
  mode: z.enum(['standard']),
  status: cycleStatus,
  requestedBy: text,
  reason: text,
  reference: text.nullable(),
  message: text.nullable(),
  startedAt: instant,
  endedAt: instant.nullable(),
  waitingFor: waitingFor.nullable(),
};
export const cyclePage = page(z.object({ ...summary, links: cycleLinks }).meta({ id: 'CycleSummary' }));

const wave = z.object({
  number: z.int(),
  zone: text,
  zoneName: text.nullable(),
  window: text,
  status: z.enum(WAVE_STATUSES),
  nodes: nodeCounts,
});
const stage = z.object({
  name: text,
  status: z.enum(STAGE_STATUSES),
  patchSet: text.nullable().describe('What the stage before proved: the most that this stage gets'),
  proven: text.nullable().describe('What this stage proved'),
  manifest: text.nullable(),
  decisions: list(decision),
  soakUntil: instant.nullable(),
  message: text.nullable(),
  tail: z
    .object({ nodes: count, since: instant, endedAt: instant.nullable() })
    .nullable()
    .describe('Nodes without which the stage was done, and that go on in their next windows'),
  windows: list(z.object({ name: text, opens: instant, closes: instant.nullable() })),
  locations: list(z.object({ ...location, waves: list(wave) })),
  nodes: nodeCounts,
});
export const cycleShape = { ...summary, stages: list(stage), nodes: nodeCounts };
export const cycle = z.object({ ...cycleShape, links: cycleLinks }).meta({ id: 'Cycle' });

const patch = z.object({ id: text, title: text });
const rollbackOutcome = z
  .enum(['rolled-back', 'failed', 'left'])
  .nullable()
  .describe('`left`: as it was, for the reason given; null: at work on it');
/** What a rollback did with a node. */
export const nodeRollback = {
  number: z.int().describe('Of the rollback, in its cycle'),
  outcome: rollbackOutcome,
  reason: text.nullable(),
  snapshot: text.nullable().describe('What its root volume goes back to'),
  dataVolumes: list(z.object({ volume: text, device: text, snapshot: text, commands: list(text) })).describe(
    'Not restored: the commands restore one by hand',
  ),
};
export const cycleNode = z
  .object({
    stage: text,
    node: text,
    name: text,
    ...location,
    os: text.nullable(),
    wave: z.int().describe('0 for a node that was left out'),
    batch: z.int(),
    step: text.nullable().describe('The last step that began'),
    touched: z.boolean(),
    problem: z.object({ step: text, code: text, message: text }).nullable(),
    outcome: z.enum(OUTCOMES).nullable(),
    reason: text.nullable(),
    surplus: list(patch).describe('Installed, and not in the pinned patch set'),
    absent: list(patch).describe('Pinned, and not present'),
    compliance: compliance.describe('By the last scan; patched is not yet compliant'),
    rollback: z.object(nodeRollback).nullable().describe('The last one that it was to take part in'),
  })
  .meta({ id: 'CycleNode' });
export const nodeOutcome = z.enum([...OUTCOMES, 'pending']);

export const decisionBody = z.strictObject({
  decision: z.enum(['approve', 'reject']).meta({ description: 'approve or reject', examples: ['approve'] }),
  reason,
  manifest: digest,
});
export const decided = z.object({
  decided: z.enum(['approved', 'rejected', 'counted']).describe('`counted`: more approvers are needed'),
  at: instant,
});

export const steeringBody = z.strictObject({ reason });
export const steered = z.object({ id: text, done: z.enum(['pause', 'resume', 'cancel']), links: cycleLinks });

export const answerBody = z.strictObject({
  action: z.enum(ANSWERS).meta({
    description:
      'retry-failed tries the failed nodes again and goes on, continue goes on without them, stop ends the cycle, ' +
      'rollback ends it after the root volumes that the stage has changed are restored',
    examples: ['retry-failed'],
  }),
  reason,
});
export const answered = z.object({ id: text, answered: answerBody.shape.action, links: cycleLinks });

export const rollbackBody = z
  .strictObject({
    reason,
    stage: stageName.optional().meta({ description: 'a stage; every stage without it', examples: ['prod'] }),
    wave: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'the number of a wave of that stage', examples: [2] }),
    nodes: z
      .array(
        z
          .string()
          .regex(/^(i|mi)-[0-9a-z]+$/)
          .meta({ description: 'the id of a node', examples: ['i-0123456789abcdef0'] }),
      )
      .min(1)
      .max(1000)
      .optional()
      .meta({ description: 'some nodes; all that were changed without it', examples: [['i-0123456789abcdef0']] }),
  })
  .refine(({ stage, wave }) => wave === undefined || stage !== undefined, {
    path: ['stage'],
    message: 'A wave is one of a stage: name the stage, too.',
  });
export const startedRollback = z.object({
  id: text,
  rollback: z.int(),
  workflowId: text,
  nodes: count.describe('How many go back'),
  left: list(z.object({ stage: text, node: text, reason: text })).describe('Nodes that stay as they are'),
  links: cycleLinks,
});
