import { z } from 'zod';
import { OUTCOMES, STAGE_STATUSES, WAVE_STATUSES } from '../../domain/cycle.js';
import { count, instant, list, location, text } from './common.js';
import { cycleStatus, decision, waitingFor } from './cycles.js';

/* What `GET /v1/cycles/{id}/events` tells: the name of each event, and its data. */

const at = { at: instant };
const stage = { stage: text };

/** The data of each event, by its name. */
export const cycleEvents = {
  cycle: z.object({ ...at, status: cycleStatus, waitingFor: waitingFor.nullable(), message: text.nullable() }),
  stage: z.object({
    ...at,
    ...stage,
    status: z.enum(STAGE_STATUSES),
    manifest: text.nullable(),
    patchSet: text.nullable(),
    proven: text.nullable(),
    decisions: list(decision),
    soakUntil: text.nullable(),
    message: text.nullable(),
  }),
  wave: z.object({
    ...at,
    ...stage,
    ...location,
    wave: z.int().describe('Its number in the stage'),
    status: z.enum(WAVE_STATUSES),
    zone: text,
  }),
  rollback: z.object({
    ...at,
    rollback: z.int().describe('Its number in the cycle'),
    status: z.enum(['running', 'rolled-back', 'failed']),
    message: text.nullable(),
    total: count,
    rolledBack: count,
    failed: count,
    left: count,
  }),
  nodes: z.object({ ...at, ...stage, total: count, outcomes: z.partialRecord(z.enum(OUTCOMES), count) }),
} as const;
