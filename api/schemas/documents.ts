import { z } from 'zod';
import { instant, page, text } from './common.js';

export const document = z
  .object({
    apiVersion: z.literal('patchtide/v1'),
    kind: z.enum(['Account', 'MaintenanceWindow', 'PatchBaseline', 'PatchPlan']),
    metadata: z.record(z.string(), z.unknown()),
    spec: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Document' });

export const documentPage = page(
  z.object({ name: text, version: z.int(), by: text, at: instant, document }).meta({ id: 'StoredDocument' }),
);

/** Any value: documents are checked by their own schemas, which also say what was meant. */
export const documentBody = z.unknown().meta({
  description: 'a document, as JSON or YAML; its name is the one in the address',
  examples: [
    {
      apiVersion: 'patchtide/v1',
      kind: 'PatchPlan',
      metadata: { name: 'storefront', owner: 'storefront-team' },
      spec: { stages: ['dev', 'test', 'prod'] },
    },
  ],
});

export const writtenDocument = z.object({
  kind: text,
  name: text,
  version: z.int(),
  changed: z.boolean().describe('False where the document was there word for word, and no version was made'),
});
