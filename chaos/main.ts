import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { requestToEnd } from '../config/index.js';
import { reported } from '../local/reported.js';
import { storm } from './storm/storm.js';
import { isWell, stormText } from './storm/storm-text.js';
import { isBad, sweep, sweepText } from './sweep/sweep.js';

const USAGE = `npm run chaos -- --minutes M [--seed S] [--plans N] [--speed N] [--log FILE]
  A storm: cycles of N plans at a time, while processes are killed, AWS fails and people change their minds,
  all drawn from the seed; then calm, and the ledger is held against the rules.

npm run chaos -- --sweep [--only PART] [--sample N] [--seed S] [--reads N] [--quick]
                         [--lanes N] [--together N] [--log FILE] [--json]
  Runs a small cycle once for every call that it makes × everything that can go wrong with it.
  --only PART    only trials whose name ("ssm:SendCommand … #1 × killed-after") has this part
  --sample N     only N of them, drawn by the seed
  --seed S       what is drawn, and in which order (1)
  --reads N      how many trials of reads are drawn beside those of effects (100)
  --quick        only trials from which a cycle recovers within seconds
  --lanes N      workers that are killed, each with one cycle at a time
  --together N   cycles at a time on the worker that is not`;

/* npm run chaos: what crashes and faults do to cycles, held against the fleet's ledger. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sweep: { type: 'boolean' },
      only: { type: 'string' },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      reads: { type: 'string', default: '100' },
      quick: { type: 'boolean', default: false },
      lanes: { type: 'string', default: String(3 * availableParallelism()) },
      together: { type: 'string', default: String(3 * availableParallelism()) },
      log: { type: 'string' },
      json: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      plans: { type: 'string', default: '4' },
      speed: { type: 'string', default: '60' },
    },
  });
  const say = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  const print = (result: object, text: string) =>
    process.stdout.write(`${values.json ? JSON.stringify(result) : text}\n`);
  const { seed, log = null } = values;
  if (values.sweep) {
    const { only = null, quick } = values;
    const sample = values.sample === undefined ? null : numberOf('sample', values.sample);
    const numbers = { reads: numberOf('reads', values.reads), lanes: numberOf('lanes', values.lanes) };
    const together = numberOf('together', values.together);
    const result = await sweep({ only, sample, seed, quick, ...numbers, together, log }, say, requestToEnd());
    print(result, sweepText(result));
    if (result.verdicts.some(isBad)) process.exitCode = 1;
  } else if (values.minutes !== undefined) {
    const options = {
      minutes: numberOf('minutes', values.minutes),
      seed,
      plans: numberOf('plans', values.plans),
      speed: numberOf('speed', values.speed),
      log: log ?? join(tmpdir(), `patchtide-storm-${seed}.ndjson`),
    };
    const result = await storm(options, say, requestToEnd());
    print(result, stormText(options, result));
    if (!isWell(result)) process.exitCode = 1;
  } else throw new Error(USAGE);
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0)
    throw new Error(`--${option} takes a number, such as 3; it got "${text}".`);
  return number;
}

await reported(main);
