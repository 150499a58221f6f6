import { readFile } from 'node:fs/promises';
import { LineCounter, parseAllDocuments, type Document as YamlDocument } from 'yaml';
import type { z } from 'zod';
import type { document } from '../api/schemas/documents.js';
import { CommandError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { ROUTES } from './routes.js';
import type { Terminal } from './terminal.js';

export type Kind = z.output<typeof document>['kind'];

/** Kinds in the order in which they refer to each other, with their routes and what people call them. */
export const KINDS = {
  Account: { routes: ROUTES.accounts, names: ['accounts', 'account'] },
  MaintenanceWindow: { routes: ROUTES.windows, names: ['windows', 'window'] },
  PatchBaseline: { routes: ROUTES.baselines, names: ['baselines', 'baseline'] },
  PatchPlan: { routes: ROUTES.plans, names: ['plans', 'plan'] },
} as const satisfies Record<
  Kind,
  { routes: (typeof ROUTES)['plans' | 'accounts' | 'windows' | 'baselines']; names: readonly string[] }
>;

const ORDER = Object.keys(KINDS) as readonly Kind[];
const isKind = (value: unknown): value is Kind => ORDER.some((kind) => kind === value);
export const KIND_WORDS = ORDER.map((kind) => KINDS[kind].names[0]);

/** The kind that a person means: `plans`, `plan` or `PatchPlan`. @throws CommandError */
export function kindNamed(word: string): Kind {
  const found = ORDER.find(
    (kind) =>
      kind.toLowerCase() === word.toLowerCase() ||
      (KINDS[kind].names as readonly string[]).includes(word.toLowerCase()),
  );
  if (found) return found;
  throw new CommandError(`"${word}" is not a kind of document.`, `Kinds are ${KIND_WORDS.join(', ')}.`, EXIT.usage);
}

/** A document of a file: what it is, its text as it stands there, and its plain value. */
export interface FileDocument {
  readonly file: string;
  readonly line: number;
  readonly kind: Kind;
  readonly name: string;
  readonly text: string;
  readonly value: unknown;
}

/**
 * The documents of files (`-`: of the standard input), in the order in which they refer to each other. Only what is needed to
 * find the place of each is looked at; the API judges the rest, by the text as it stands in the file.
 * @throws CommandError where a file cannot be read, or a document does not say what it is
 */
export async function readDocuments(files: readonly string[], terminal: Terminal): Promise<readonly FileDocument[]> {
  const documents: FileDocument[] = [];
  for (const file of files) {
    const text = file === '-' ? await terminal.input() : await readText(file);
    documents.push(...documentsOf(file === '-' ? 'standard input' : file, text));
  }
  if (documents.length === 0)
    throw new CommandError(
      `There is no document in ${files.join(', ')}.`,
      'A document has apiVersion, kind, metadata and spec.',
    );
  return documents.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

const readText = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CommandError(
      `${file} cannot be read.`,
      'Give the path of a YAML or JSON file, or - for standard input.',
      EXIT.fault,
      cause,
    );
  }
};

function documentsOf(file: string, text: string): readonly FileDocument[] {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  if (!Array.isArray(parsed)) return [];
  return (parsed as readonly YamlDocument.Parsed[])
    .filter(({ contents, errors }) => contents !== null || errors.length > 0)
    .map((each) => {
      const [error] = each.errors;
      const [start, , end] = each.range;
      const { line } = lineCounter.linePos(error?.pos[0] ?? each.contents?.range?.[0] ?? start);
      if (error) throw notReadable(file, line, error.message.split('\n')[0] ?? '');
      const value: unknown = each.toJS();
      const { kind, name } = identityOf(value);
      if (!isKind(kind) || typeof name !== 'string') throw notIdentified(file, line, kind, name);
      return { file, line, kind, name, text: text.slice(start, end), value };
    });
}

const identityOf = (value: unknown): { kind: unknown; name: unknown } => {
  const { kind, metadata } = asRecord(value);
  return { kind, name: asRecord(metadata).name };
};
const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const notReadable = (file: string, line: number, why: string) =>
  new CommandError(`${file}, line ${line}: ${why}`, 'Correct the file; nothing was sent.');

const notIdentified = (file: string, line: number, kind: unknown, name: unknown) =>
  isKind(kind)
    ? new CommandError(
        `${file}, line ${line}: this ${kind} has no name${name === undefined ? '' : ' that is text'}.`,
        'Give it one, as metadata: { name: … }; nothing was sent.',
      )
    : new CommandError(
        `${file}, line ${line}: ${kind === undefined ? 'there is no kind' : `${JSON.stringify(kind)} is not a kind`}.`,
        `Kinds are ${ORDER.join(', ')}; nothing was sent.`,
      );
