import { z } from 'zod';
import { OPERATING_SYSTEMS } from '../domain/fleet.js';

/* What the ledger check reads of the documents that it compares; they hold more. */

/** One effect, as the fleet wrote it down (`GET /_fleet/ledger`). */
const ledgerEntry = z.object({
  seq: z.number(),
  at: z.string(),
  kind: z.string(),
  region: z.string().optional(),
  node: z.string().optional(),
  zoneId: z.string().optional(),
  key: z.string().optional(),
  operation: z.string().optional(),
  volume: z.string().optional(),
  tags: z.record(z.string(), z.string().nullable()).optional(),
  patches: z.array(z.object({ id: z.string(), title: z.string() })).optional(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;
export const ledgerSchema = z.array(ledgerEntry);

/** A node of the fleet with its volumes (`GET /_fleet/nodes`). */
export const fleetNodesSchema = z.array(
  z.object({ id: z.string(), hybrid: z.boolean(), volumes: z.array(z.object({ id: z.string() })) }),
);
export type FleetNodes = z.infer<typeof fleetNodesSchema>;

/** What is needed of a cycle's report (`GET /v1/cycles/{id}/report`). */
export const reportSchema = z.object({
  cycle: z.object({
    id: z.string(),
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    stages: z.array(
      z.object({
        name: z.string(),
        manifest: z.string().nullable(),
        soakUntil: z.string().nullable(),
        decisions: z.array(z.object({ decision: z.string(), manifest: z.string(), at: z.string() })),
      }),
    ),
  }),
  manifests: z.array(
    z.object({
      digest: z.string(),
      manifest: z.object({
        stage: z.string(),
        policy: z.object({
          soak: z.number(),
          snapshot: z.string(),
          approval: z.unknown(),
          tasks: z.object({ beforeNode: z.array(z.unknown()), afterNode: z.array(z.unknown()) }),
        }),
      }),
    }),
  ),
  patchSets: z.array(
    z.object({
      stage: z.string(),
      patches: z.record(z.string(), z.array(z.object({ id: z.string(), title: z.string() }))),
    }),
  ),
  nodes: z.array(z.object({ node: z.string(), stage: z.string(), os: z.enum(OPERATING_SYSTEMS).nullable() })),
});
export type Report = z.infer<typeof reportSchema>;
