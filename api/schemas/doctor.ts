import { z } from 'zod';
import { FINDING_CODES } from '../../domain/doctor/findings.js';
import {
  BUCKET_STATUSES,
  ENDPOINT_STATUSES,
  ENDPOINTS,
  OTHER_PATCHING_KINDS,
  RIGHT_PROOFS,
  RIGHT_STATUSES,
  SEVERITIES,
} from '../../domain/doctor/report.js';
import { RIGHTS_STEPS } from '../../domain/rights.js';
import { accountNames, count, instant, list, text } from './common.js';

const up = z.enum(['up', 'down']);

export const doctorBody = z
  .strictObject({
    accounts: accountNames,
    steps: z
      .array(z.enum(RIGHTS_STEPS))
      .min(1)
      .optional()
      .meta({ description: 'the steps whose rights are looked at; without it all', examples: [['preview', 'scan']] }),
  })
  .optional();

export const finding = z.object({
  code: z.enum(FINDING_CODES),
  severity: z
    .enum(SEVERITIES)
    .describe('`problem`: something does not work; `warning`: it works, and somebody should know this'),
  account: text.nullable().describe('Name of the Account document; null: the service itself'),
  region: text.nullable(),
  message: text,
  advice: text.describe('What to do next'),
});

const right = z.object({
  action: text.describe('As IAM writes it: `ssm:SendCommand`'),
  status: z.enum(RIGHT_STATUSES),
  proof: z
    .enum(RIGHT_PROOFS)
    .nullable()
    .describe('How it was found out: by the call itself, by a dry run of EC2, or by asking IAM; null where it was not'),
  message: text.describe('What AWS said, where the right is missing or unknown'),
});

const locationAnswer = z.object({
  account: text.describe('Name of the Account document'),
  accountId: text.describe('Twelve digits'),
  region: text,
  roleArn: text,
  identity: text.nullable().describe('As whom AWS knows the caller; null where the role could not be assumed'),
  endpoints: list(
    z.object({
      endpoint: z.enum(ENDPOINTS),
      status: z.enum(ENDPOINT_STATUSES),
      milliseconds: z.number().nullable(),
    }),
  ),
  bucket: z.object({
    name: text,
    status: z.enum(BUCKET_STATUSES),
    region: text.nullable().describe('Where it lies'),
  }),
  nodes: z
    .object({ total: count, online: count, stopped: count })
    .nullable()
    .describe('Managed nodes and instances; null where they could not be listed'),
  steps: list(z.object({ step: z.enum(RIGHTS_STEPS), status: z.enum(RIGHT_STATUSES), rights: list(right) })),
  otherPatching: list(
    z.object({
      kind: z.enum(OTHER_PATCHING_KINDS),
      id: text,
      name: text,
      documents: list(text),
      operation: z.enum(['scan', 'install', 'unknown']),
      nodes: count.nullable().describe('How many of the nodes here it targets; null where that cannot be told'),
    }),
  )
    .nullable()
    .describe('What else patches nodes here; null where it could not be looked for'),
});

export const doctorReport = z
  .object({
    healthy: z.boolean().describe('No finding is a problem'),
    at: instant,
    service: z.object({
      api: z.object({ version: text, node: text }),
      store: z.object({ status: up }),
      temporal: z.object({ status: up, version: text.nullable() }),
      worker: z
        .object({ status: up, version: text.nullable(), node: text.nullable() })
        .describe('The worker that answered; `down` where none did'),
    }),
    locations: list(locationAnswer).describe('Account by account, Region by Region'),
    findings: list(finding).describe('Problems first'),
  })
  .meta({ id: 'DoctorReport' });
