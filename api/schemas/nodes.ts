import { z } from 'zod';
import { OPERATING_SYSTEMS } from '../../domain/fleet.js';
import { instant, location, pageQuery, text } from './common.js';
import { compliance } from './cycles.js';
import { filterQuery } from './fleet-filter.js';

const os = z.enum(OPERATING_SYSTEMS);

export const fleetNode = z
  .object({
    id: text,
    kind: z.enum(['ec2', 'hybrid']),
    ...location,
    zone: text,
    zoneName: text.nullable(),
    name: text,
    os: os.nullable(),
    osVersion: text.nullable(),
    state: z.enum(['running', 'stopped', 'other']),
    ping: z.enum(['online', 'connection-lost', 'inactive', 'not-registered']),
    agentVersion: text.nullable(),
    patchGroup: text.nullable(),
    window: text.nullable(),
    autoScalingGroup: text.nullable(),
    tags: z.record(z.string(), text),
    environment: text.nullable(),
    application: text.nullable(),
    foundAt: instant,
    compliance,
    scannedAt: instant.nullable(),
    setAside: z
      .object({ since: instant, cycle: text, stage: text, reason: text })
      .nullable()
      .describe('Left alone by every cycle, until somebody readmits it'),
    cycle: text.nullable().describe('The cycle that has it in hand'),
  })
  .meta({ id: 'Node' });

export const nodesQuery = z.strictObject({
  setAside: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only nodes that are set aside; false: only the others', examples: ['true'] }),
  ...filterQuery,
  ...pageQuery,
});

export const readmitted = z.object({ id: text, workflowId: text, links: z.object({ self: text }) });
