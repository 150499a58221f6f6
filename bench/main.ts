import { underOf, workflowCosts } from '../local/costs.js';
import { STAGE } from './fleet.js';
import { runStage, startBenchStack } from './stage.js';

const say = (line: string) => process.stderr.write(`${line}\n`);
const nodes = Number(process.argv[2] ?? 200);
const rates = process.argv[3] === 'aws' ? 'aws' : 'none';
const bench = await startBenchStack(
  { nodes, locations: Number(process.argv[4] ?? 1), zones: 1, maxUnavailable: 100, rates, durations: 'none' },
  {
    worker: new URL('./worker.js', import.meta.url),
    environment: process.env.BENCH_PROFILE ? { BENCH_PROFILE: process.env.BENCH_PROFILE } : {},
  },
);
try {
  const before = bench.usage();
  const run = await runStage(bench, say);
  const after = bench.usage();
  console.log(run.elapsed, run.patched, run.nodes);
  for (const part of run.parts)
    console.log(
      part.name,
      Math.round(part.until),
      Object.fromEntries(part.calls.map((c) => [c.operation, c.count + (c.throttled ? ` (${c.throttled})` : '')])),
    );
  for (const [name, usage] of Object.entries(after))
    console.log(
      name,
      (usage.cpuSeconds - (before[name]?.cpuSeconds ?? 0)).toFixed(1),
      's CPU',
      Math.round((usage.peakMemory ?? 0) / 1e6),
      'MB',
    );
  if (process.env.BENCH_TRACE) {
    const { Connection } = await import('@temporalio/client');
    const { temporal } = bench.stack.addresses;
    const c = await Connection.connect(temporal.connection);
    const listed = await c.workflowService.listWorkflowExecutions({
      namespace: temporal.namespace,
      query: underOf(`${run.workflowId}/${STAGE}`),
    });
    for (const { execution, type } of listed.executions ?? []) {
      if (!type?.name?.match(/patchWave|scanLocation|patchStage/)) continue;
      const { history } = await c.workflowService.getWorkflowExecutionHistory({
        namespace: temporal.namespace,
        ...(execution ? { execution } : {}),
      });
      const t = (e: { eventTime?: { seconds?: unknown; nanos?: unknown } | null }) =>
        Number(e.eventTime?.seconds) + Number(e.eventTime?.nanos) / 1e9;
      const events = history?.events ?? [];
      const t0 = t(events[0] ?? {});
      console.log('==', type.name, execution?.workflowId);
      const byId = new Map(events.map((e) => [String(e.eventId), e]));
      for (const e of events) {
        const done = e.activityTaskCompletedEventAttributes;
        if (!done) continue;
        const sch = byId.get(String(done.scheduledEventId));
        const st = byId.get(String(done.startedEventId));
        const name = sch?.activityTaskScheduledEventAttributes?.activityType?.name;
        const sum = sch?.userMetadata?.summary?.data
          ? Buffer.from(sch.userMetadata.summary.data as Uint8Array).toString()
          : '';
        console.log(
          `${(t(sch ?? {}) - t0).toFixed(2)} +${(t(st ?? {}) - t(sch ?? {})).toFixed(2)} took ${(t(e) - t(st ?? {})).toFixed(2)} x${st?.activityTaskStartedEventAttributes?.attempt} ${name} ${sum}`,
        );
      }
    }
    await c.close();
  }
  const costs = await workflowCosts(underOf(`${run.workflowId}/${STAGE}`), bench.stack.addresses.temporal);
  console.log(costs, costs.actions / nodes, costs.events / nodes);
} finally {
  await bench.stop();
}
