import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findingsText } from '../findings.js';
import { reported } from '../reported.js';
import { readFleet, readReport, SOURCES } from '../sources.js';
import { checkTrack, mostOf } from './checks.js';
import { draw } from './draw.js';
import { stageReportSchema, trackOf } from './facts.js';
import { play } from './play.js';

const USAGE = `npm run picture -- [<fleet> <cycle>] [--stage <name>] [--out <file.svg>]
Draws a stage (the last one) over time, as the fleet's ledger tells it. Without a fleet and a cycle it plays
examples/short-windows.yaml first, which takes about eight minutes.
${SOURCES}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stage: { type: 'string' }, out: { type: 'string', default: 'stage.svg' } },
  });
  if (positionals.length !== 0 && positionals.length !== 2) throw new Error(USAGE);
  const [fleet, cycle] = positionals;
  const from = fleet && cycle ? { fleet, cycle } : await play((line) => console.log(line));

  const { ledger } = await readFleet(from.fleet);
  const report = await readReport(from.cycle, stageReportSchema);
  const track = trackOf(ledger, report, values.stage ?? report.cycle.stages.at(-1)?.name ?? '');
  const findings = checkTrack(track);
  const out = resolve(values.out);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, draw(track, findings));

  console.log(`Stage ${track.stage} of ${track.cycle}, by the ledger:\n${findingsText(findings)}`);
  for (const zone of track.zones)
    console.log(
      `  ${zone.region} ${zone.zone}: at most ${mostOf(zone)} of ${zone.budget} allowed, ${zone.nodes.length} nodes`,
    );
  console.log(`\nThe picture is in ${out}; what it was drawn of in ${from.fleet} and ${from.cycle}.`);
  if (findings.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

await reported(main);
