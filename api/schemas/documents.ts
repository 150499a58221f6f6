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

export const writtenDocument = z.object({
  kind: text,
  name: text,
  version: z.int(),
  changed: z.boolean().describe('False where the document was there word for word, and no version was made'),
});
