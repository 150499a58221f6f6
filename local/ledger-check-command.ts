import { findingsText } from './findings.js';
import { checkLedger } from './ledger-check.js';
import { reportSchema } from './ledger-shapes.js';
import { reported } from './reported.js';
import { readFleet, readReport, SOURCES } from './sources.js';

const USAGE = `npm run ledger-check -- <fleet> <cycle>\n${SOURCES}`;

/* npm run ledger-check: what the fleet's ledger says was done, held against what the cycle was allowed to do. */
async function main(): Promise<void> {
  const [, , fleet, cycle] = process.argv;
  if (!fleet || !cycle) throw new Error(USAGE);
  const { ledger, nodes } = await readFleet(fleet);
  const report = await readReport(cycle, reportSchema);
  const findings = checkLedger(ledger, nodes, report);
  console.log(`Cycle ${report.cycle.id}, ${ledger.length} effects in the ledger:\n${findingsText(findings)}`);
  if (findings.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

await reported(main);
