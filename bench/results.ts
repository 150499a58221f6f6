import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import type { BenchFleet } from './fleet.js';
import type { Measured } from './measure.js';

/** One bench, as it is kept under bench/results/. */
export interface Result {
  readonly bench: string;
  readonly what: string;
  readonly at: string;
  readonly machine: Machine;
  readonly fleet: BenchFleet;
  readonly speed: number;
  readonly ours: Measured;
  /** The rival, for as long; null where the bench has none. */
  readonly plain: Measured | null;
}

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Of the last minute before the bench began: what else the machine was doing. */
  readonly loadBefore: number;
}

export const machineNow = (loadBefore: number): Machine => ({
  cores: cpus().length,
  processor: cpus()[0]?.model ?? 'unknown',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
  node: process.version,
  loadBefore: Number(loadBefore.toFixed(2)),
});

export function keep(folder: string, result: Result): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.bench}.json`);
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}

/** Each figure against its budget, and the rival beside it. */
export function table({ ours, plain, fleet }: Result): string {
  const rows = new Table({ head: ['figure', 'budget', 'Patchtide', 'plain design'], style: { head: [] } });
  const figure = (name: string, budget: string, of: (measured: Measured) => string | number) =>
    rows.push([name, budget, String(of(ours)), plain === null ? '' : String(of(plain))]);
  const megabytes = (bytes: number | null | undefined) => (bytes ? `${Math.round(bytes / 1e6)} MB` : 'unknown');
  figure('nodes', '', ({ nodes }) => nodes);
  figure('elapsed', '', ({ seconds }) => `${seconds} s`);
  figure(
    'nodes a second',
    fleet.rates === 'none' && fleet.durations === 'none' ? '≥ 300' : '',
    ({ nodesPerSecond }) => nodesPerSecond,
  );
  figure('Temporal actions a node', '≤ 0.4', ({ perNode }) => perNode.actions);
  figure('history events a node', '≤ 0.7', ({ perNode }) => perNode.events);
  figure('largest history', '≤ 4,096', ({ largestHistory }) => largestHistory);
  figure('bytes of history a node', '', ({ historyBytes }) => historyBytes);
  figure('bytes a node in the database; written', '', ({ stored }) =>
    stored ? `${stored.size}; ${stored.written}` : '',
  );
  figure('state transitions a node', '', ({ perNode }) => perNode.stateTransitions);
  figure('AWS calls a node', '≤ 3.3', ({ perNode }) => perNode.awsCalls);
  for (const [purpose, budget] of Object.entries({
    prepare: '',
    control: '≤ 0.25',
    verify: '1',
    snapshot: '1',
    harvest: '1',
  }))
    figure(`  ${purpose}`, budget, ({ awsPerNode }) => awsPerNode[purpose] ?? '');
  figure('throttled share', '', ({ throttledShare }) => `${(100 * throttledShare).toFixed(2)} %`);
  figure('time over the bound of AWS’s rates', '≤ 10 %', ({ seconds, bound }) =>
    bound ? `${(100 * (seconds / bound - 1)).toFixed(1)} % over ${bound} s` : '',
  );
  figure('peak memory of the worker', '≤ 1 GB', ({ peakMemory }) => megabytes(peakMemory.worker));
  for (const part of Object.keys(ours.cpuSeconds))
    figure(`processor time of ${part}`, '', ({ cpuSeconds }) => `${cpuSeconds[part] ?? 0} s`);
  return rows.toString();
}
