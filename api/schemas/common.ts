import { z } from 'zod';
import type { CycleId, Digest, NodeId, PlanName, StageName } from '../../domain/ids.js';

/* Vocabulary of requests and responses. Brands are given here, at the edge. */

/* The description stands last: the refusal of a value looks for it on the outermost schema. */
const dnsName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const describedName = (what: string, example: string) => ({
  description: `the name of ${what}: lower-case letters, digits and dashes, at most 63`,
  examples: [example],
});

export const documentName = dnsName.meta(describedName('a document', 'storefront'));
/** Accounts that a request is about. */
export const accountNames = z
  .array(documentName)
  .min(1)
  .max(1000)
  .optional()
  .meta({ description: 'names of Account documents; without it all', examples: [['shop-production']] });
export const planName = dnsName.transform((value) => value as PlanName).meta(describedName('a plan', 'storefront'));
export const stageName = dnsName.transform((value) => value as StageName).meta(describedName('a stage', 'prod'));
export const cycleId = z
  .string()
  .min(1)
  .max(120)
  .transform((value) => value as CycleId)
  .meta({ description: 'the id of a cycle', examples: ['storefront-12'] });
export const nodeId = z
  .string()
  .regex(/^(i|mi)-[0-9a-z]{1,40}$/)
  .transform((value) => value as NodeId)
  .meta({ description: 'the id of a node: i-… or mi-…', examples: ['i-0123456789abcdef0'] });
export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .transform((value) => value as Digest)
  .meta({ description: 'a digest: sha256: and 64 hexadecimal digits', examples: [`sha256:${'0'.repeat(64)}`] });

export const reason = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .meta({ description: 'a sentence that says why; it goes into the audit trail', examples: ['November patches'] });
export const reference = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ description: 'the change ticket; carried everywhere', examples: ['CHG-1042'] });

/** Headers of a request that starts or changes something; all others pass unchecked. */
export const idempotentHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/)
    .optional()
    .meta({
      description: 'at most 200 visible ASCII characters; the same key with the same request is carried out once',
      examples: ['6f1c2a5e-start-november'],
    }),
});

export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(500)
    .default(50)
    .meta({ description: 'how many to answer with, 1 to 500', examples: [50] }),
  cursor: z.string().max(500).optional().meta({ description: 'the `next` of the part before' }),
};

export const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: list(item),
    next: z.string().nullable().describe('Cursor of the next part; null at the end'),
  });

/* In responses everything is known to be right: these schemas name types, and never transform. */
export const instant = z.string().meta({ format: 'date-time', examples: ['2026-12-01T09:00:00.000Z'] });
export const text = z.string();
export const count = z.int().min(0);
export const location = { account: z.string().describe('Twelve digits'), region: z.string() };
