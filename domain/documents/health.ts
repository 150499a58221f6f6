import { z } from 'zod';
import { reservedFor } from '../addresses.js';
import { durationOf, formatDuration } from './durations.js';
import { durationField, refuse } from './fields.js';
import type { HealthCheck, HealthPolicy } from './types.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const CHECKS = 10;
const DEFAULTS = { settle: 0, within: 15 * MINUTE, expect: 200, os: 'linux', timeout: 30 * SECOND } as const;

const timeout = durationField(SECOND, 10 * MINUTE, 'PT30S').optional();

const probeUrl = z
  .string()
  .max(2_000)
  .check((context) => {
    const url = URL.canParse(context.value) ? new URL(context.value) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) refuse(context, 'is not an http or https URL');
    else if (url.username !== '' || url.password !== '') refuse(context, 'holds a secret: documents are read by many');
    else if (['link-local', 'unspecified'].includes(reservedFor(url.hostname.replace(/^\[|\]$/g, '')) ?? ''))
      refuse(context, 'is an address that no service of a fleet has');
  })
  .meta({ description: 'a URL that is asked with GET', 'x-example': 'https://storefront.example/healthz' });

const httpCheck = z.strictObject({
  http: probeUrl,
  expect: z
    .int()
    .min(100)
    .max(599)
    .optional()
    .meta({ description: 'the status of its answer, 100 to 599; 200 without it', 'x-example': 200 }),
  timeout,
});

const targetGroupCheck = z.strictObject({
  targetGroup: z
    .string()
    .regex(/^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[A-Za-z0-9-]{1,32}\/[0-9a-f]{16}$/)
    .meta({
      description: 'the ARN of a target group of Elastic Load Balancing',
      'x-example': 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/storefront/0123456789abcdef',
    }),
});

const commandCheck = z.strictObject({
  command: z
    .string()
    .min(1)
    .max(2_000)
    .meta({ description: 'a shell command whose exit code 0 means healthy', 'x-example': 'systemctl is-active nginx' }),
  os: z
    .enum(['linux', 'windows'])
    .optional()
    .meta({ description: 'the nodes it runs on, linux or windows; linux without it', 'x-example': 'linux' }),
  timeout,
});

export const healthSchema = z
  .strictObject({
    settle: durationField(0, DAY, 'PT5M').optional(),
    within: durationField(SECOND, DAY, 'PT15M').optional(),
    checks: z
      .array(
        z.union([httpCheck, targetGroupCheck, commandCheck]).meta({
          description: 'http, targetGroup or command',
          'x-example': '{ command: "systemctl is-active nginx" }',
        }),
      )
      .max(CHECKS)
      .optional()
      .meta({
        description: `at most ${CHECKS} checks: http, targetGroup or command`,
        'x-example': '[{ http: "https://storefront.example/healthz", expect: 200 }]',
      }),
  })
  .optional()
  .meta({
    description: 'what happens between zones: settle (PT0S), within (PT15M) and checks; nothing without it',
    'x-example': '{ settle: PT5M, within: PT15M, checks: [{ http: "https://storefront.example/healthz" }] }',
  });
type Parsed = NonNullable<z.infer<typeof healthSchema>>;

/** What a stage waits for after each zone; null where that is nothing. */
export function healthOf(health: Parsed | undefined): HealthPolicy | null {
  if (health === undefined) return null;
  const { settle, within, checks = [] } = health;
  return {
    settle: settle === undefined ? DEFAULTS.settle : durationOf(settle),
    within: within === undefined ? DEFAULTS.within : durationOf(within),
    checks: checks.map(checkOf),
  };
}

function checkOf(check: NonNullable<Parsed['checks']>[number]): HealthCheck {
  if ('targetGroup' in check) return check;
  const timeout = check.timeout === undefined ? DEFAULTS.timeout : durationOf(check.timeout);
  if ('http' in check) return { http: check.http, expect: check.expect ?? DEFAULTS.expect, timeout };
  return { command: check.command, os: check.os ?? DEFAULTS.os, timeout };
}

/** As the document says it, with every default written out. */
export const writeHealth = ({ settle, within, checks }: HealthPolicy): Parsed => ({
  settle: formatDuration(settle),
  within: formatDuration(within),
  checks: checks.map((check) => ('timeout' in check ? { ...check, timeout: formatDuration(check.timeout) } : check)),
});
