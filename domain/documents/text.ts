import { type Document, LineCounter, parseAllDocuments, type YAMLError } from 'yaml';
import { DocumentError, excerpt, type Fault } from './errors.js';
import { pathText } from './faults.js';

/*
 * From text to plain values. What could be misread or multiplied is refused: tags, directives, duplicate keys, aliases
 * that expand without end, very long or deep documents.
 */

const MOST_CHARACTERS = 262_144;
const MOST_DOCUMENTS = 200;
const MOST_VALUES = 50_000;
const MOST_DEPTH = 20;
const MOST_ALIASES = 100;
const LONGEST_FAULT_LIST = 20;

export type DocumentFormat = 'yaml' | 'json';

/** The values of the documents in a text, as a YAML stream or as JSON (one object, or a list of them); guarded. */
export function readText(text: string, format: DocumentFormat): readonly unknown[] {
  if (text.length > MOST_CHARACTERS)
    throw tooLarge({ path: '', message: 'the text is too long', expected: `at most ${MOST_CHARACTERS} characters` });
  const values = format === 'json' ? readJson(text) : readYaml(text);
  if (values.length === 0)
    throw new DocumentError('document-syntax', [
      { path: '', message: 'there is no document here', expected: 'apiVersion, kind, metadata and spec' },
    ]);
  if (values.length > MOST_DOCUMENTS)
    throw tooLarge({ path: '', message: 'too many documents', expected: `at most ${MOST_DOCUMENTS} documents` });
  for (const value of values) guard(value);
  return values;
}

/** Refuses values that are too deep or too many, and the one field name that JavaScript would treat as another thing. */
export function guard(value: unknown): void {
  let count = 0;
  const visit = (here: unknown, path: readonly PropertyKey[]): void => {
    count += 1;
    if (count > MOST_VALUES)
      throw tooLarge({ path: '', message: 'too many values', expected: `at most ${MOST_VALUES} values` });
    if (path.length > MOST_DEPTH)
      throw tooLarge({ path: pathText(path), message: 'nested too deep', expected: `at most ${MOST_DEPTH} levels` });
    if (typeof here !== 'object' || here === null) return;
    for (const [key, inner] of Object.entries(here)) {
      const at = [...path, Array.isArray(here) ? Number(key) : key];
      if (key === '__proto__')
        throw new DocumentError('document-invalid', [
          { path: pathText(at), message: 'there is no such field', expected: 'another name' },
        ]);
      visit(inner, at);
    }
  };
  visit(value, []);
}

const tooLarge = (fault: Fault) => new DocumentError('document-too-large', [fault]);

function readJson(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    // JSON.parse keeps the last of two fields with one name; as YAML the same text tells of it.
    for (const document of yamlDocuments(text).documents)
      refuseAny(document.errors.filter(({ code }) => code === 'DUPLICATE_KEY'));
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    throw new DocumentError('document-syntax', [
      { path: '', message: `not JSON: ${error instanceof Error ? error.message : excerpt(error)}`, expected: 'JSON' },
    ]);
  }
}

function readYaml(text: string): readonly unknown[] {
  try {
    const { documents } = yamlDocuments(text);
    return documents.flatMap((document) => {
      refuseAny([...document.errors, ...document.warnings]);
      if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2')
        throw syntax('a %YAML directive changes what values mean', 'YAML 1.2, without the directive');
      const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
      return value === null ? [] : [value];
    });
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    if (error instanceof ReferenceError) throw syntax('too many aliases', `at most ${MOST_ALIASES} values by alias`);
    if (error instanceof RangeError) throw tooLarge({ path: '', message: 'nested too deep', expected: 'fewer levels' });
    throw syntax(error instanceof Error ? error.message : excerpt(error), 'YAML');
  }
}

function yamlDocuments(text: string): { documents: readonly Document.Parsed[] } {
  const parsed = parseAllDocuments(text, {
    lineCounter: new LineCounter(),
    logLevel: 'silent',
    merge: false,
    resolveKnownTags: false,
    schema: 'core',
    stringKeys: true,
    uniqueKeys: true,
    version: '1.2',
  });
  return { documents: Array.isArray(parsed) ? parsed : [] };
}

function refuseAny(problems: readonly YAMLError[]): void {
  if (problems.length === 0) return;
  throw new DocumentError(
    'document-syntax',
    problems.slice(0, LONGEST_FAULT_LIST).map(({ message, linePos }) => {
      const [what = ''] = message.split('\n');
      const where = linePos ? `line ${linePos[0].line}, column ${linePos[0].col}: ` : '';
      return { path: '', message: `${where}${what.replace(/ at line \d+, column \d+:?$/, '')}`, expected: 'YAML 1.2' };
    }),
  );
}

const syntax = (message: string, expected: string) =>
  new DocumentError('document-syntax', [{ path: '', message, expected }]);
