import { type Document, isNode, isScalar, Lexer, LineCounter, parseAllDocuments, visit } from 'yaml';
import { DocumentError, excerpt, type Fault } from './errors.js';
import { pathText } from './faults.js';

/*
 * From text to plain values. What could be misread or multiplied is refused: tags, directives, duplicate keys, aliases
 * that expand without end, very long or deep documents.
 */

const MOST_CHARACTERS = 262_144;
const MOST_DOCUMENTS = 200;
const MOST_VALUES = 50_000;
/** The deepest document of ours has eight levels. */
const MOST_DEPTH = 20;
const MOST_ALIASES = 100;
const MOST_FAULTS = 20;

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
  const walk = (here: unknown, path: readonly PropertyKey[]): void => {
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
      walk(inner, at);
    }
  };
  walk(value, []);
}

const tooLarge = (fault: Fault) => new DocumentError('document-too-large', [fault]);

function readJson(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    // JSON.parse keeps the last of two fields with one name; as YAML the same text tells of it.
    const problems = readYamlTree(text).flatMap(({ document, lines }) => repeatedKeys(document, lines));
    if (problems.length > 0) throw new DocumentError('document-syntax', problems.slice(0, MOST_FAULTS));
    return Array.isArray(value) ? value : [value];
  } catch (error) {
    throw asDocumentError(error, 'JSON');
  }
}

function readYaml(text: string): readonly unknown[] {
  try {
    return readYamlTree(text).flatMap(({ document, lines }) => {
      const problems = [
        ...[...document.errors, ...document.warnings].map((problem) =>
          syntaxFault(problem.message, problem.pos[0], lines),
        ),
        ...repeatedKeys(document, lines),
      ];
      if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2')
        problems.push(syntaxFault('a %YAML directive changes what values mean', 0, lines));
      if (problems.length > 0) throw new DocumentError('document-syntax', problems.slice(0, MOST_FAULTS));
      const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
      return value === null ? [] : [value];
    });
  } catch (error) {
    throw asDocumentError(error, 'YAML 1.2');
  }
}

interface YamlTree {
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Two of the library's own checks are left out, since a text made for it can keep them busy for minutes: see repeatedKeys and syntaxFault. */
function readYamlTree(text: string): readonly YamlTree[] {
  refuseDepth(text);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    logLevel: 'silent',
    merge: false,
    prettyErrors: false,
    resolveKnownTags: false,
    schema: 'core',
    stringKeys: true,
    uniqueKeys: false,
    version: '1.2',
  });
  return Array.isArray(documents) ? documents.map((document) => ({ document, lines })) : [];
}

/** The parser is recursive, its lexer is not: depth is judged before anything is parsed. */
function refuseDepth(text: string): void {
  let inBrackets = 0;
  let onLine = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') inBrackets += 1;
    else if (token === ']' || token === '}') inBrackets -= 1;
    else if (token === '-' || token === '?' || token === ':') onLine += 1;
    else if (token === '\n' || token === ',') onLine = 0;
    if (inBrackets > MOST_DEPTH || onLine > MOST_DEPTH)
      throw tooLarge({ path: '', message: 'nested too deep', expected: `at most ${MOST_DEPTH} levels` });
  }
}

function repeatedKeys(document: Document.Parsed, lines: LineCounter): Fault[] {
  const faults: Fault[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        if (seen.has(name) && isNode(key))
          faults.push(syntaxFault(`the field ${excerpt(name)} stands here before`, key.range?.[0] ?? 0, lines));
        seen.add(name);
      }
    },
  });
  return faults;
}

function syntaxFault(message: string, offset: number, lines: LineCounter): Fault {
  const { line, col } = lines.linePos(offset);
  return { path: '', message: `line ${line}, column ${col}: ${message.slice(0, 300)}`, expected: 'YAML 1.2' };
}

function asDocumentError(error: unknown, expected: string): DocumentError {
  if (error instanceof DocumentError) return error;
  if (error instanceof RangeError) return tooLarge({ path: '', message: 'nested too deep', expected: 'fewer levels' });
  const message = error instanceof Error ? error.message : excerpt(error);
  return new DocumentError('document-syntax', [{ path: '', message, expected }]);
}
