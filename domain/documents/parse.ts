import { accountSchema, type ParsedAccount } from './account.js';
import { baselineSchema, type ParsedBaseline } from './baseline.js';
import { DocumentError, excerpt, type Fault } from './errors.js';
import { faultsOf, type SchemaFault } from './faults.js';
import { API_VERSION } from './fields.js';
import { nearest } from './nearest.js';
import { type ParsedPlan, planSchema } from './plan.js';
import { type DocumentFormat, guard, readText } from './text.js';
import { type ParsedWindow, windowSchema } from './window.js';

/** A document as it was written, checked: durations are still text, defaults are not filled in. */
export type ParsedDocument = ParsedAccount | ParsedWindow | ParsedBaseline | ParsedPlan;
export type DocumentKind = ParsedDocument['kind'];

export const documentSchemas = {
  Account: accountSchema,
  MaintenanceWindow: windowSchema,
  PatchBaseline: baselineSchema,
  PatchPlan: planSchema,
} as const;
const KINDS = Object.keys(documentSchemas);
const KINDS_NOT_YET = ['FreezeCalendar', 'TagRules', 'Guardrails'];

/**
 * The documents in a text: several in one YAML file, apart by `---`; in JSON one object or a list.
 * @throws DocumentError with every fault of every document.
 */
export function parseDocuments(text: string, format: DocumentFormat): ParsedDocument[] {
  const values = readText(text, format);
  const results = values.map(check);
  const faults = results.flatMap((result, index) =>
    result.faults.map(({ fault, notYet }) => ({
      notYet,
      fault: values.length === 1 ? fault : { document: labelOf(values[index], index), ...fault },
    })),
  );
  throwAny([...faults, ...repetitions(results)]);
  return results.flatMap(({ document }) => document ?? []);
}

/**
 * An already decoded document, of the kind (and the name) that the place demands where it was sent.
 * @throws DocumentError
 */
export function parseDocument<Kind extends DocumentKind>(
  value: unknown,
  kind: Kind,
  name?: string,
): Extract<ParsedDocument, { kind: Kind }> {
  guard(value);
  const { kind: written, metadata } = asFields(value);
  if (typeof written === 'string' && written !== kind && [...KINDS, ...KINDS_NOT_YET].includes(written))
    throwAny([mismatch('kind', 'this is the place of another kind', kind, written)]);
  const { document, faults } = check(value);
  throwAny(faults);
  const writtenName = asFields(metadata).name;
  if (name !== undefined && writtenName !== name)
    throwAny([mismatch('metadata.name', 'is not the name in the address', name, writtenName)]);
  if (document === null || !isKind(document, kind)) throw new Error(`a checked document is no ${kind}`);
  return document;
}
const isKind = <Kind extends DocumentKind>(
  document: ParsedDocument,
  kind: Kind,
): document is Extract<ParsedDocument, { kind: Kind }> => document.kind === kind;

interface Checked {
  readonly document: ParsedDocument | null;
  readonly faults: readonly SchemaFault[];
}

function check(value: unknown): Checked {
  const kind = kindOf(value);
  if (typeof kind !== 'string') return { document: null, faults: [kind] };
  const schema = documentSchemas[kind];
  const result = schema.safeParse(value, { reportInput: true });
  return result.success
    ? { document: result.data, faults: [] }
    : { document: null, faults: faultsOf(schema, result.error.issues) };
}

function kindOf(value: unknown): DocumentKind | SchemaFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const expected = 'an object with apiVersion, kind, metadata and spec';
    return mismatch('', 'is not a document', expected, value);
  }
  const { kind, apiVersion } = asFields(value);
  if (apiVersion !== API_VERSION) {
    const message = apiVersion === undefined ? 'is missing' : 'is another version';
    return mismatch('apiVersion', message, API_VERSION, apiVersion);
  }
  if (typeof kind === 'string' && KINDS.includes(kind)) return kind as DocumentKind;
  if (typeof kind === 'string' && KINDS_NOT_YET.includes(kind))
    return {
      ...mismatch('kind', `${kind} is reserved and not carried out yet`, `one of ${KINDS.join(', ')}`, kind),
      notYet: true,
    };
  const near = typeof kind === 'string' ? nearest(kind, KINDS) : null;
  const { fault } = mismatch(
    'kind',
    kind === undefined ? 'is missing' : 'there is no such kind',
    `one of ${KINDS.join(', ')}`,
    kind,
  );
  return { notYet: false, fault: { ...fault, ...(near === null ? {} : { nearest: near }) } };
}

/** Two documents of one kind and name in one text: which of them is meant? */
function repetitions(results: readonly Checked[]): readonly SchemaFault[] {
  const seen = new Set<string>();
  return results.flatMap(({ document }) => {
    if (document === null) return [];
    const label = `${document.kind} ${document.metadata.name}`;
    if (!seen.has(label)) {
      seen.add(label);
      return [];
    }
    const fault: Fault = {
      document: label,
      path: 'metadata.name',
      message: 'another document has this kind and name',
      expected: 'one document for each name',
      found: excerpt(document.metadata.name),
    };
    return [{ notYet: false, fault }];
  });
}

const mismatch = (path: string, message: string, expected: string, found: unknown): SchemaFault => ({
  notYet: false,
  fault: { path, message, expected, ...(found === undefined ? {} : { found: excerpt(found) }) },
});

function labelOf(value: unknown, index: number): string {
  const { kind, metadata } = asFields(value);
  const { name } = asFields(metadata);
  return typeof kind === 'string' && typeof name === 'string' ? `${kind} ${name}` : `document ${index + 1}`;
}

const asFields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function throwAny(faults: readonly SchemaFault[]): void {
  if (faults.length === 0) return;
  throw new DocumentError(
    faults.every(({ notYet }) => notYet) ? 'document-not-carried-out' : 'document-invalid',
    faults.map(({ fault }) => fault),
  );
}
