import { underOf, workflowCosts } from '../local/costs.js';
import { startBenchStack, runStage } from './stage.js';
import { STAGE } from './fleet.js';

const say = (line: string) => process.stderr.write(`${line}\n`);
const nodes = Number(process.argv[2] ?? 200);
const rates = process.argv[3] === 'aws' ? 'aws' : 'none';
const bench = await startBenchStack({ nodes, locations: Number(process.argv[4] ?? 1), zones: 1, maxUnavailable: 100, rates, durations: 'none' });
try {
  const before = bench.usage();
  const run = await runStage(bench, say);
  const after = bench.usage();
  console.log(run.elapsed, run.patched, run.nodes);
  for (const part of run.parts) console.log(part.name, Math.round(part.until), Object.fromEntries(part.calls.map((c) => [c.operation, c.count + (c.throttled ? ` (${c.throttled})` : '')])));
  for (const [name, usage] of Object.entries(after)) console.log(name, (usage.cpuSeconds - (before[name]?.cpuSeconds ?? 0)).toFixed(1), 's CPU', Math.round((usage.peakMemory ?? 0) / 1e6), 'MB');
  const costs = await workflowCosts(underOf(`${run.workflowId}/${STAGE}`), bench.stack.addresses.temporal);
  console.log(costs, costs.actions / nodes, costs.events / nodes);
} finally {
  await bench.stop();
}
