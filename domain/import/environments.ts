/** Environments from the first to be patched to the last, by the words that name them. */
const LADDER = [
  ['dev', 'develop', 'development', 'sandbox', 'sbx'],
  ['int', 'integration'],
  ['test', 'tst', 'testing'],
  ['qa', 'quality'],
  ['uat', 'acceptance', 'acc'],
  ['staging', 'stage', 'stg', 'preprod', 'preproduction', 'ppd'],
  ['prod', 'production', 'prd', 'live'],
] as const;

/** Names of stages, in the order in which they are patched. */
export const ENVIRONMENTS: readonly string[] = LADDER.map(([name]) => name);

/** The environment that a text names; null where it names none or several. */
export function environmentIn(text: string): string | null {
  const words = text
    .toLowerCase()
    .replace(/pre-prod(uction)?/g, 'preprod')
    .split(/[^a-z0-9]+/);
  const found = LADDER.filter((names) => words.some((word) => (names as readonly string[]).includes(word)));
  return found.length === 1 ? (found[0]?.[0] ?? null) : null;
}
