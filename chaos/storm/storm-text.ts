import { findingsText } from '../../local/findings.js';
import type { StormOptions, StormResult } from './storm.js';

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `${what} ${count}`)
    .join(', ') || 'none';

export const isWell = ({ calm, findings }: StormResult): boolean =>
  calm !== null && findings.every(({ violations }) => violations.length === 0);

/** What a storm did, and what it left. */
export function stormText(options: StormOptions, result: StormResult): string {
  const { start, end } = result.memory;
  const memory = Object.keys(start).map((name) => `  ${name.padEnd(10)} ${start[name]} → ${end[name] ?? '-'}`);
  const calm =
    result.calm === null
      ? 'NOT all cycles had ended after 5 min of calm'
      : `all cycles had ended after ${(result.calm / 1000).toFixed(0)} s of calm`;
  return [
    `${options.minutes} min, seed ${options.seed}, on ${result.database}`,
    `kills   ${sum(result.kills)}: ${list(result.kills)}`,
    `faults  ${sum(result.faults)}: ${list(result.faults)}`,
    `people  ${sum(result.acts)}: ${list(result.acts)}`,
    `cycles  ${sum(result.cycles)}: ${list(result.cycles)}; ${calm}`,
    `nodes   ${sum(result.nodes)} outcomes: ${list(result.nodes)}`,
    'memory (MiB) at the start and at the end:',
    ...memory,
    'the ledger:',
    findingsText(result.findings),
    isWell(result)
      ? 'Nothing lost, nothing twice, nothing unexplained.'
      : `NOT as it should be. What was written lies in ${result.folder}. Repeat: npm run chaos -- --minutes ${options.minutes} --seed ${options.seed}`,
  ].join('\n');
}
