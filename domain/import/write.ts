import { Document, isCollection, isScalar, visit } from 'yaml';
import type { ParsedDocument } from '../documents/parse.js';

/** A document and what is said of it above. */
export interface Commented {
  readonly document: ParsedDocument;
  readonly comment: readonly string[];
}

const LINE = 118;

/** YAML of several documents, each under its comment; read again, it gives the same documents. */
export function writeDocuments(header: readonly string[], documents: readonly Commented[]): string {
  const texts = documents.map(({ document, comment }) => {
    const yaml = new Document(document, { aliasDuplicateObjects: false });
    inline(yaml);
    return `${commentOf(comment)}${yaml.toString({ lineWidth: LINE, flowCollectionPadding: true })}`;
  });
  return texts.length === 0 ? '' : `${commentOf(header)}${texts.join('---\n')}`;
}

/** Small things on a line of their own, as people write them. */
const ON_ONE_LINE = [
  'metadata',
  'schedule',
  'tags',
  'waves',
  'approved',
  'rejected',
  'accounts',
  'regions',
  'patchGroups',
];

function inline(yaml: Document): void {
  visit(yaml, {
    Pair(_key, { key, value }) {
      const name = isScalar(key) ? key.value : null;
      if (isCollection(value) && typeof name === 'string' && ON_ONE_LINE.includes(name)) value.flow = true;
      // Older readers of YAML take a time of day for a number.
      if (isScalar(value) && name === 'at') value.type = 'QUOTE_DOUBLE';
    },
    Map(_key, map) {
      if (map.has('classification')) map.flow = true;
    },
  });
}

const commentOf = (lines: readonly string[]): string =>
  lines
    .flatMap(folded)
    .map((line) => `${line}\n`)
    .join('');

/** A sentence in lines of comment; what came from outside cannot end the comment. */
function folded(line: string): string[] {
  const found: string[] = [];
  let current = '#';
  for (const word of line.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').split(' ')) {
    if (current.length + 1 + word.length > LINE && current !== '#') {
      found.push(current);
      current = '#  ';
    }
    current = `${current} ${word}`;
  }
  return [...found, current.trimEnd()];
}
