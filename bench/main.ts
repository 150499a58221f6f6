import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchFleet } from './fleet.js';
import { measureOurs, measurePlain } from './measure.js';
import { plot } from './plot.js';
import { keep, machineNow, type Result, table } from './results.js';

/*
 * npm run bench [-- a b e …] [--nodes N] [--speed F]: without names all but c, which is long. `d` is the API's.
 */

interface Bench {
  readonly what: string;
  readonly fleet: BenchFleet;
  /** The factor by which durations shrink. */
  readonly speed: number;
  readonly rival: boolean;
}

const AT_ONCE = { rates: 'none', durations: 'none', zones: 2, maxUnavailable: 50 } as const;
const BENCHES: Readonly<Record<string, Bench>> = {
  a: {
    what: 'one location of 2,400 nodes, without waiting times and without rates',
    fleet: { ...AT_ONCE, nodes: 2_400, locations: 1 },
    speed: 1,
    rival: true,
  },
  'a-rates': {
    what: 'one location of 2,400 nodes, without waiting times, under AWS’s rates',
    fleet: { ...AT_ONCE, nodes: 2_400, locations: 1, rates: 'aws' },
    speed: 1,
    rival: false,
  },
  b: {
    what: '10,000 nodes over 10 locations, without waiting times and without rates',
    fleet: { ...AT_ONCE, nodes: 10_000, locations: 10 },
    speed: 1,
    rival: true,
  },
  c: {
    what: '100,000 nodes over 50 locations, all in flight at once, without waiting times and without rates',
    fleet: { ...AT_ONCE, nodes: 100_000, locations: 50, zones: 1, maxUnavailable: 100 },
    speed: 1,
    rival: true,
  },
  e: {
    what: '500 nodes at real durations: installs of 42 to 45 minutes, under AWS’s rates',
    fleet: { nodes: 500, locations: 1, zones: 1, maxUnavailable: 50, rates: 'aws', durations: 'real' },
    speed: 20,
    rival: false,
  },
  'e-location': {
    what: 'a whole location of 2,400 nodes at real durations, under AWS’s rates',
    fleet: { nodes: 2_400, locations: 1, zones: 1, maxUnavailable: 50, rates: 'aws', durations: 'real' },
    speed: 20,
    rival: false,
  },
};
const BY_DEFAULT = ['a', 'a-rates', 'b', 'e', 'd'];
const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    speed: { type: 'string' },
    'no-rival': { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);

for (const name of positionals.length > 0 ? positionals : BY_DEFAULT) {
  if (name === 'd') {
    await import('./api-command.js');
    continue;
  }
  const bench = BENCHES[name];
  if (!bench) throw new Error(`There is no bench ${name}: ${[...Object.keys(BENCHES), 'd'].join(', ')}.`);
  await run(name, bench);
}
say(`The plot: ${await plot(RESULTS)}`);

async function run(name: string, { what, fleet: planned, speed: usual, rival }: Bench): Promise<void> {
  const fleet = { ...planned, nodes: Number(values.nodes ?? planned.nodes) };
  const speed = Number(values.speed ?? usual);
  say(`\nBench ${name}: ${what}${fleet.nodes === planned.nodes ? '' : `; here with ${fleet.nodes} nodes`}`);
  const machine = machineNow(loadavg()[0] ?? 0);
  const environment: Record<string, string> = values.profile ? { BENCH_PROFILE: values.profile } : {};
  const ours = await measureOurs({ fleet, speed, environment }, say);
  const of = { bench: name, what, at: new Date().toISOString(), machine, fleet, speed, ours };
  // Kept at once: what comes after may fail.
  keep(RESULTS, { ...of, plain: null });
  const withRival = rival && !values['no-rival'];
  const plain = withRival ? await measurePlain({ fleet, speed }, ours.seconds, say) : null;
  const result: Result = { ...of, plain };
  console.log(table(result));
  say(`Kept as ${keep(RESULTS, result)}`);
}
