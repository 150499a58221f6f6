import { DocumentError } from '../../domain/documents/errors.js';
import { parseDocuments } from '../../domain/documents/parse.js';

/* Documents as a test writes them: the part that it speaks of, in YAML, and what becomes of them. */

export const plan = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: PatchPlan\nmetadata: { name: storefront, owner: storefront-team }\nspec: ${spec}`;
export const stage = (fields: string) => plan(`{ stages: [{ name: prod, ${fields} }] }`);
export const window = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: MaintenanceWindow\nmetadata: { name: prod-a }\nspec: ${spec}`;
export const baseline = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: PatchBaseline\nmetadata: { name: prod }\nspec: ${spec}`;
export const account = (spec: string) =>
  `apiVersion: patchtide/v1\nkind: Account\nmetadata: { name: shop-production }\nspec: ${spec}`;

export function refusal(work: () => unknown): DocumentError {
  try {
    work();
  } catch (error) {
    if (error instanceof DocumentError) return error;
    throw error;
  }
  throw new Error('the document was not refused');
}
export const refusalOf = (yaml: string) => refusal(() => parseDocuments(yaml, 'yaml'));
export const only = (yaml: string) => {
  const [document] = parseDocuments(yaml, 'yaml');
  if (!document) throw new Error('no document');
  return document;
};
