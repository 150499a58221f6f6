import { z } from 'zod';

/** What the tests read of a cycle (`GET /v1/cycles/{id}`). */
export const cycleSchema = z.object({
  id: z.string(),
  workflowId: z.string(),
  status: z.string(),
  message: z.string().nullable(),
  reference: z.string().nullable(),
  waitingFor: z
    .object({ kind: z.string(), stage: z.string().nullable(), manifest: z.string().nullable(), message: z.string() })
    .nullable(),
  stages: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      manifest: z.string().nullable(),
      patchSet: z.string().nullable(),
      proven: z.string().nullable(),
      decisions: z.array(z.object({ decision: z.string(), by: z.string(), via: z.string() })),
    }),
  ),
  nodes: z.looseObject({ total: z.number(), patched: z.number() }),
});
export type Cycle = z.infer<typeof cycleSchema>;

/** What became of a node (`GET /v1/cycles/{id}/nodes`). */
export const nodesSchema = z.object({
  items: z.array(
    z.looseObject({
      stage: z.string(),
      node: z.string(),
      name: z.string(),
      outcome: z.string().nullable(),
      reason: z.string().nullable(),
      touched: z.boolean(),
      compliance: z.string(),
    }),
  ),
});
