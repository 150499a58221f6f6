import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { reported, requestToEnd } from '../local/shutdown.js';
import { isBad, sweep, sweepText } from './sweep/sweep.js';

const USAGE = `npm run chaos -- --sweep [--only PART] [--sample N] [--seed S] [--reads N] [--quick]
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
    },
  });
  if (!values.sweep) throw new Error(USAGE);
  const options = {
    only: values.only ?? null,
    sample: values.sample === undefined ? null : Number(values.sample),
    seed: values.seed,
    reads: Number(values.reads),
    quick: values.quick,
    lanes: Number(values.lanes),
    together: Number(values.together),
    log: values.log ?? null,
  };
  const say = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
  const result = await sweep(options, say, requestToEnd());
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${sweepText(result)}\n`);
  if (result.verdicts.some(isBad)) process.exitCode = 1;
}

await reported(main);
