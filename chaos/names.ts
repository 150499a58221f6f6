/*
 * Every run has a name of its own, which is its plan's, and accounts of its own: by these its calls are told from those of
 * the runs beside it. What a call or an effect is about is written without them, so that runs compare.
 */

/** `x` and a number; a plan of that name, and a cycle `x12-1` of it. */
export const runName = (number: number): string => `x${number}`;

const ACCOUNT = /\b1(\d{10})([12])\b/g;
const ALIASES: Readonly<Record<string, string>> = { '1': 'alpha', '2': 'beta' };

/** The id of a run's first or second account. */
export const accountOf = (number: number, which: 1 | 2): string => `1${String(number).padStart(10, '0')}${which}`;

/** The run that a text is about: the first that it names, by its plan, its cycle or its account. */
export function runIn(text: string): string | null {
  const plan = /(?<![\w-])x(\d+)(?=-1\b|[/"]|$|-dev\b|-prod\b)/.exec(text)?.[1];
  if (plan !== undefined) return runName(Number(plan));
  const account = /\b1(\d{10})[12]\b/.exec(text)?.[1];
  return account === undefined ? null : runName(Number(account));
}

/** The same text in every run: without the run's name, its accounts, nodes, and all that time and chance put into it. */
export const withoutRun = (text: string, nodes: ReadonlyMap<string, string>): string =>
  text
    .replace(/(?<![\w-])x\d+(?=-1\b|-dev\b|-prod\b|[/"\s]|$)/g, 'x')
    .replace(ACCOUNT, (_all, _number, which: string) => ALIASES[which] ?? which)
    .replace(/\bm?i-0[0-9a-f]{16}\b/g, (id) => nodes.get(id) ?? 'i-…')
    .replace(/\b(snap|vol|pb|mw)-0[0-9a-f]{16}\b/g, '$1-…')
    .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00(:00)?)?/g, '…')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'uuid')
    .replace(/(sha256[:-])?\b[0-9a-f]{32,64}\b/g, 'sha256')
    .replace(/-[0-9a-f]{12}\b/g, '-…');
