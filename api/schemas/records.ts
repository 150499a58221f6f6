import { z } from 'zod';
import { OPERATING_SYSTEMS } from '../../domain/fleet.js';
import { count, instant, list, location, page, text } from './common.js';
import { compliance, cycleNode, cycleShape, nodeRollback } from './cycles.js';
import { leftOut, occurrence } from './plans.js';

const os = z.enum(OPERATING_SYSTEMS);
const patch = z.object({ id: text, title: text });
const limit = z.union([z.object({ nodes: count }), z.object({ percent: z.number() })]);
const milliseconds = z.number().describe('Milliseconds');
const task = z.object({
  document: text,
  kind: z.enum(['command', 'automation']),
  os: z.enum(['linux', 'windows']).nullable(),
  parameters: z.record(z.string(), list(text)),
  timeout: milliseconds,
});
const policy = z.object({
  name: text,
  patchGroups: list(text),
  baseline: text.nullable(),
  window: text.nullable(),
  waves: z.object({
    by: z.literal('zone'),
    regions: z.enum(['parallel', 'one-by-one']),
    maxUnavailable: limit,
    pauseAfterFailures: limit,
  }),
  snapshot: z.enum(['none', 'start', 'await']),
  keepSnapshots: milliseconds,
  tasks: z.object({ beforeStage: list(task), beforeNode: list(task), afterNode: list(task), afterStage: list(task) }),
  reboot: z.enum(['if-needed', 'always', 'never']),
  stopped: z.enum(['skip', 'start']),
  timeouts: z.object({ install: milliseconds, snapshot: milliseconds }),
  soak: milliseconds,
  health: z
    .object({
      settle: milliseconds,
      within: milliseconds,
      checks: list(
        z.union([
          z.object({ http: text, expect: z.int(), timeout: milliseconds }),
          z.object({ targetGroup: text }),
          z.object({ command: text, os: z.enum(['linux', 'windows']), timeout: milliseconds }),
        ]),
      ),
    })
    .nullable()
    .describe('What is waited for after each zone'),
  approval: z.object({ roles: list(text), quorum: z.int(), decideWithin: milliseconds }).nullable(),
  carryOver: z.object({ windows: count, doneAt: z.object({ percent: count }) }),
  onFailure: z.enum(['ask', 'stop', 'rollback']),
  onHung: z.enum(['set-aside', 'restore']),
  surplus: z.enum(['ask', 'allow']),
});

/** What a stage is about to do. Nothing may be left out here: its digest covers all of it. */
export const manifest = z
  .object({
    cycle: text,
    plan: z.object({ name: text, version: z.int() }),
    stage: text,
    preparedAt: instant,
    continues: z
      .object({ manifest: text, of: z.enum(['carried-over', 'failed']), round: z.int() })
      .optional()
      .describe('Where it goes on with some of the nodes of another one, under the approval of that one'),
    policy,
    baseline: z.object({ name: text, version: z.int().nullable() }),
    baselines: list(z.object({ ...location, os, patchGroup: text.nullable(), baselineId: text, foreign: z.boolean() })),
    patchSet: text.nullable(),
    installLists: list(
      z.object({ ...location, os, patchGroup: text.nullable(), patches: list(patch), untested: list(patch) }),
    ).nullable(),
    windows: list(z.object(occurrence)),
    targets: list(
      z.object({
        ...location,
        node: text,
        kind: z.enum(['ec2', 'hybrid']),
        name: text,
        os,
        zone: text,
        zoneName: text.nullable(),
        patchGroup: text.nullable(),
        window: text,
        startFirst: z.boolean(),
      }),
    ),
    leftOut: list(leftOut),
    waves: list(
      z.object({
        ...location,
        number: z.int(),
        window: text,
        zone: text,
        zoneName: text.nullable(),
        maxUnavailable: count,
        batches: list(z.object({ number: z.int(), os, patchGroup: text.nullable(), nodes: list(text) })),
      }),
    ),
    warnings: list(text),
  })
  .meta({ id: 'Manifest' });

export const patchSet = z
  .object({
    digest: text,
    cycle: text,
    stage: text,
    harvestedAt: instant,
    patches: z
      .record(
        z.string(),
        list(z.object({ id: text, title: text, nodes: count.describe('On how many nodes it is proven') })),
      )
      .describe('By operating system'),
  })
  .meta({ id: 'PatchSet' });

export const auditEntry = z
  .object({
    key: text,
    at: instant,
    who: text,
    action: text,
    subject: text,
    result: z.enum(['done', 'refused', 'noted']),
    reason: text,
  })
  .meta({ id: 'AuditEntry' });
export const auditPage = page(auditEntry);

const rollback = z.object({
  number: z.int(),
  scope: z.object({ stage: text.nullable(), wave: z.int().nullable(), nodes: list(text).nullable() }),
  by: text,
  reason: text,
  status: z.enum(['running', 'rolled-back', 'failed']),
  message: text.nullable(),
  beganAt: instant,
  endedAt: instant.nullable(),
  nodes: list(z.object({ ...nodeRollback, stage: text, node: text })),
});

/** All of a cycle, for an auditor. */
export const report = z
  .object({
    cycle: z.object(cycleShape),
    manifests: list(z.object({ digest: text, at: instant, manifest })),
    patchSets: list(patchSet),
    nodes: list(cycleNode),
    rollbacks: list(rollback),
    steps: list(
      z.object({
        stage: text,
        node: text,
        step: text,
        status: z.enum(['began', 'success', 'failed', 'timed-out', 'undeliverable', 'cancelled']),
        detail: text.nullable(),
        outputUrl: text.nullable(),
        operation: text.nullable(),
        beganAt: instant,
        endedAt: instant.nullable(),
      }),
    ),
    operations: list(
      z.object({
        ...location,
        key: text,
        stage: text.nullable(),
        kind: z.enum([
          'command',
          'snapshots',
          'automation',
          'root-volumes',
          'instances-rebooted',
          'tags',
          'agent-back',
          'instances-running',
          'instances-stopped',
        ]),
        step: text,
        nodes: list(text),
        status: z.enum(['intended', 'sent', 'ended']),
        externalIds: list(text),
        intendedAt: instant,
        sentAt: instant.nullable(),
        endedAt: instant.nullable(),
      }),
    ),
    audit: list(auditEntry),
  })
  .meta({ id: 'CycleReport' });

export const nodeCompliance = z
  .object({
    node: text,
    name: text,
    ...location,
    patchGroup: text.nullable(),
    environment: text.nullable(),
    os: os.nullable(),
    compliance,
    missing: count.nullable(),
    failed: count.nullable(),
    pendingReboot: count.nullable(),
    scannedAt: instant.nullable().describe('Null: never scanned, and so unknown'),
  })
  .meta({ id: 'NodeCompliance' });

const counts = { total: count, compliant: count, nonCompliant: count, unknown: count };
export const complianceSummary = z
  .object({
    ...counts,
    by: text.nullable(),
    groups: list(z.object({ key: text.nullable().describe('Null: nodes that have no such value'), ...counts })),
  })
  .meta({ id: 'Compliance' });

export const scanBody = z.strictObject({
  locations: z
    .array(
      z.strictObject({
        account: z
          .string()
          .regex(/^\d{12}$/)
          .meta({ description: 'twelve digits', examples: ['111122223333'] }),
        region: z
          .string()
          .min(1)
          .max(30)
          .meta({ description: 'the code of an AWS Region', examples: ['eu-west-1'] }),
      }),
    )
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'accounts and Regions; all that are registered without it' }),
});
export const startedScan = z.object({ id: text, workflowId: text, links: z.object({ self: text }) });
export const scan = z
  .object({
    id: text,
    status: z.enum(['running', 'completed', 'failed']),
    reason: text.nullable(),
    result: z
      .object({
        nodes: count,
        scanned: count,
        busy: count.describe('Left alone, since a cycle is at work on them: they keep what their last scan said'),
        unknown: count,
        problems: list(text),
      })
      .nullable(),
  })
  .meta({ id: 'Scan' });
