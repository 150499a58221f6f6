import { closest, distance } from 'fastest-levenshtein';

/** The candidate that was probably meant, or null where none is near enough to be worth a suggestion. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const lower = word.toLowerCase();
  const same = candidates.find((candidate) => candidate.toLowerCase() === lower);
  if (same !== undefined) return same;
  if (candidates.length === 0 || word.length > 100) return null;
  const best = closest(
    lower,
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  if (distance(lower, best) > Math.max(2, Math.floor(word.length * 0.4))) return null;
  return candidates.find((candidate) => candidate.toLowerCase() === best) ?? null;
}

/** Like nearest, and a name's last part alone will do: London for Europe/London. */
export function nearestPath(word: string, candidates: readonly string[]): string | null {
  const tail = word.toLowerCase().replaceAll(' ', '_').split('/').at(-1);
  return (
    nearest(word, candidates) ??
    candidates.find((candidate) => candidate.toLowerCase().split('/').at(-1) === tail) ??
    null
  );
}
