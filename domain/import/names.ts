import { compareText } from '../order.js';

/** A lower-case name as documents bear it, from any text; `fallback` where nothing of it is left. */
export const slug = (text: string, most: number, fallback: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, most)
    .replace(/^-+|-+$/g, '') || fallback;

/** Something that is to become a document. */
export interface Candidate {
  readonly base: string;
  /** What tells it from others of the same name, tried in order. */
  readonly marks: readonly string[];
  /** Candidates with the same name and content are one document. */
  readonly content: string;
}

/**
 * A name for each candidate, in their order: the base where all candidates of that base have the same content, else with as
 * many marks as it takes, at last a number. Deterministic, whatever the order of the candidates.
 */
export function nameAll(candidates: readonly Candidate[], most: number): string[] {
  const depth = Math.max(0, ...candidates.map(({ marks }) => marks.length));
  const names = candidates.map(({ base }) => base);
  for (let level = 0; level < depth; level += 1) {
    const crowded = ambiguous(candidates, names);
    for (const [index, { base, marks }] of candidates.entries())
      if (crowded.has(names[index] ?? '')) names[index] = joined(base, marks.slice(0, level + 1), most);
  }
  for (const name of ambiguous(candidates, names)) {
    const indices = candidates.flatMap((_candidate, index) => (names[index] === name ? [index] : []));
    const contents = [...new Set(indices.map((index) => candidates[index]?.content ?? ''))].sort(compareText);
    for (const index of indices) {
      const number = contents.indexOf(candidates[index]?.content ?? '') + 1;
      if (number > 1) names[index] = joined(name, [String(number)], most);
    }
  }
  return names;
}

/** The names that stand for more than one content. */
function ambiguous(candidates: readonly Candidate[], names: readonly string[]): ReadonlySet<string> {
  const contents = new Map<string, string>();
  const found = new Set<string>();
  for (const [index, { content }] of candidates.entries()) {
    const name = names[index] ?? '';
    const other = contents.get(name);
    if (other !== undefined && other !== content) found.add(name);
    contents.set(name, content);
  }
  return found;
}

/** The base is shortened, never a mark. */
function joined(base: string, marks: readonly string[], most: number): string {
  const tail = marks
    .map((mark) => `-${slug(mark, 30, 'x')}`)
    .join('')
    .slice(-(most - 1));
  return `${base.slice(0, most - tail.length).replace(/-+$/, '')}${tail}`.replace(/^-+/, '');
}
