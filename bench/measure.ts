import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { underOf, type WorkflowCosts, workflowCosts } from '../local/costs.js';
import { TASK_QUEUE } from '../workflows/messages.js';
import { type BenchFleet, locationsOf, PLAN, STAGE } from './fleet.js';
import type { Usage } from './processes.js';
import { type BenchStack, type Calls, type Footprint, runStage, startBenchStack } from './stage.js';

/** What one stage cost, in all and for each of its nodes. */
export interface Measured {
  readonly nodes: number;
  readonly seconds: number;
  readonly nodesPerSecond: number;
  /** Until each part of the stage was done. */
  readonly partSeconds: Readonly<Record<string, number>>;
  readonly perNode: {
    readonly actions: number;
    readonly events: number;
    readonly stateTransitions: number;
    readonly awsCalls: number;
  };
  /** AWS calls for each node by what they are for. */
  readonly awsPerNode: Readonly<Record<string, number>>;
  readonly awsCalls: Readonly<Record<string, number>>;
  readonly throttledShare: number;
  readonly workflows: number;
  readonly largestHistory: number;
  /** Seconds that AWS's rates take in any case; null without rates. */
  readonly bound: number | null;
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly peakMemory: Readonly<Record<string, number | null>>;
  readonly database: string;
  /** Bytes of history a node. */
  readonly historyBytes: number;
  /** What the stage added to the database, in bytes a node, and its largest tables; null where it is PGlite. */
  readonly stored: {
    readonly size: number;
    readonly written: number;
    readonly tables: Footprint['tables'];
  } | null;
}

export interface Run {
  readonly fleet: BenchFleet;
  readonly speed: number;
  /** The worker's module; by default the one of bench/worker.ts. */
  readonly environment?: Record<string, string>;
}

/** Where everything ends at once, looks follow each other quickly: a tenth of a second and more. */
const WITHOUT_WAITING = 10;
const WITHOUT_RATES = 1_000_000;

/** One stage of our own. */
export async function measureOurs(
  { fleet, speed, environment = {} }: Run,
  say: (line: string) => void,
): Promise<Measured> {
  const worker = new URL('./worker.js', import.meta.url);
  const bench = await startBenchStack(fleet, {
    speed,
    worker,
    environment: {
      BENCH_LOOKS: String(fleet.durations === 'none' ? WITHOUT_WAITING : speed),
      BENCH_RATES: String(fleet.rates === 'none' ? WITHOUT_RATES : speed),
      ...environment,
    },
  });
  try {
    const [before, empty] = [bench.usage(), await bench.footprint()];
    const run = await runStage(bench, say);
    const [after, full] = [bench.usage(), await bench.footprint()];
    if (run.patched !== fleet.nodes) say(`  only ${run.patched} of ${fleet.nodes} were patched`);
    const last = run.parts.at(-1)?.calls ?? [];
    const costs = await workflowCosts(underOf(`${run.workflowId}/${STAGE}`), bench.stack.addresses.temporal, speed);
    return {
      ...measured(run.elapsed / 1000, fleet.nodes, costs, last, before, after, bench),
      partSeconds: Object.fromEntries(run.parts.map(({ name, until }) => [name, rounded(until / 1000)])),
      awsPerNode: byPurpose(run.parts, fleet.nodes),
      stored: empty &&
        full && {
          size: Math.round((full.size - empty.size) / fleet.nodes),
          written: Math.round((full.written - empty.written) / fleet.nodes),
          tables: full.tables,
        },
      bound: fleet.rates === 'none' || fleet.durations === 'real' ? null : rounded(rateBound(fleet, last)),
    };
  } finally {
    await bench.stop();
  }
}

const AT_ONCE = 100;
/** More children would not fit into the history of one parent. */
const MOST = 5_000;

/** The rival, for as long as ours took, on the nodes that it manages. */
export async function measurePlain(
  { fleet, speed }: Run,
  seconds: number,
  say: (line: string) => void,
): Promise<Measured> {
  const worker = new URL('./plain/worker.js', import.meta.url);
  const bench = await startBenchStack(fleet, { speed, worker });
  const { connection: options, namespace } = bench.stack.addresses.temporal;
  const connection = await Connection.connect(options);
  try {
    const client = new Client({ connection, namespace });
    const before = bench.usage();
    const began = performance.now();
    const handle = await client.workflow.start('plainStage', {
      workflowId: 'plain',
      taskQueue: TASK_QUEUE,
      args: [
        { locations: locationsOf(fleet), tags: { 'Patch Group': `${PLAN}-${STAGE}` }, atOnce: AT_ONCE, most: MOST },
      ],
    });
    const ended = handle.result().then(() => true);
    await Promise.race([ended, delay(seconds * 1000)]);
    const elapsed = (performance.now() - began) / 1000;
    const after = bench.usage();
    const calls = await bench.calls();
    const done = 'WorkflowType = "plainNode" AND ExecutionStatus = "Completed"';
    // Visibility follows with a delay.
    await delay(2_000);
    const nodes = (await client.workflow.count(done)).count;
    const costs = await workflowCosts(done, bench.stack.addresses.temporal, speed);
    const parent = await workflowCosts('WorkflowId = "plain"', bench.stack.addresses.temporal, speed);
    ended.catch(() => undefined);
    await handle.terminate('Measured').catch(() => undefined);
    say(`  the plain design: ${nodes} nodes in ${elapsed.toFixed(1)} s`);
    const all = { ...costs, largestHistory: Math.max(costs.largestHistory, parent.largestHistory) };
    return {
      ...measured(elapsed, nodes, all, calls, before, after, bench),
      partSeconds: {},
      stored: null,
      awsPerNode: {},
      bound: null,
    };
  } finally {
    await connection.close();
    await bench.stop();
  }
}

function measured(
  seconds: number,
  nodes: number,
  costs: WorkflowCosts,
  calls: readonly Calls[],
  before: Readonly<Record<string, Usage>>,
  after: Readonly<Record<string, Usage>>,
  { database }: BenchStack,
): Omit<Measured, 'partSeconds' | 'awsPerNode' | 'bound' | 'stored'> {
  const all = calls.reduce((sum, { count }) => sum + count, 0);
  const throttled = calls.reduce((sum, call) => sum + call.throttled, 0);
  const each = (count: number) => rounded(count / Math.max(1, nodes), 4);
  return {
    nodes,
    seconds: rounded(seconds),
    nodesPerSecond: rounded(nodes / seconds),
    perNode: {
      actions: each(costs.actions),
      events: each(costs.events),
      stateTransitions: each(costs.stateTransitions),
      awsCalls: each(all),
    },
    awsCalls: counts(calls),
    throttledShare: rounded(throttled / Math.max(1, all), 4),
    workflows: costs.workflows,
    historyBytes: Math.round(costs.historySize / Math.max(1, nodes)),
    largestHistory: costs.largestHistory,
    cpuSeconds: mapped(after, (usage, name) => rounded(usage.cpuSeconds - (before[name]?.cpuSeconds ?? 0))),
    peakMemory: mapped(after, ({ peakMemory }) => peakMemory),
    database,
  };
}

/** A refused call has reached AWS, but is no call that the stage needs. */
const counts = (calls: readonly Calls[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { operation, count } of calls) sums[operation] = (sums[operation] ?? 0) + count;
  return sums;
};

/** The budget's names: what the preparation and the harvest cost, one read each to verify and to snapshot, and control for the rest. */
function byPurpose(
  parts: readonly { readonly name: string; readonly calls: readonly Calls[] }[],
  nodes: number,
): Record<string, number> {
  const until = (name: string) => counts(parts.find((part) => part.name === name)?.calls ?? []);
  const [prepared, patched, harvested] = [until('prepare'), until('patch'), until('harvest')];
  const all = (sums: Record<string, number>) => Object.values(sums).reduce((sum, count) => sum + count, 0);
  const during = (operation: string) => (patched[operation] ?? 0) - (prepared[operation] ?? 0);
  const verify = during('DescribeInstancePatches') + during('DescribeInstancePatchStates');
  const snapshot = during('CreateSnapshots');
  const purposes = {
    prepare: all(prepared),
    control: all(patched) - all(prepared) - verify - snapshot,
    verify,
    snapshot,
    harvest: all(harvested) - all(patched),
  };
  return mapped(purposes, (count) => rounded(count / nodes, 4));
}

/** AWS's published rates as the simulator has them (simulator/limits.ts): what is in a bucket at first, and its refill a second. */
const RATES = {
  snapshots: { capacity: 100, refill: 5, operations: ['CreateSnapshots'] },
  describe: {
    capacity: 100,
    refill: 20,
    operations: ['DescribeInstances', 'DescribeSnapshots', 'DescribeAvailabilityZones'],
  },
  ssm: {
    capacity: 200,
    refill: 60,
    operations: [
      'DescribeInstancePatches',
      'DescribeInstancePatchStates',
      'SendCommand',
      'ListCommands',
      'ListCommandInvocations',
      'DescribeInstanceInformation',
    ],
  },
} as const;

/**
 * The least time in which the calls of the slowest location fit under its rates. Preparing ends before the first snapshot
 * and the harvest begins after the last: their reads come on top of whatever takes longest between them.
 */
function rateBound(fleet: BenchFleet, calls: readonly Calls[]): number {
  const least = (count: number, { capacity, refill }: { capacity: number; refill: number }) =>
    Math.max(0, count - capacity) / refill;
  const nodes = Math.ceil(fleet.nodes / fleet.locations);
  const bySsm = calls.filter(({ operation }) => (RATES.ssm.operations as readonly string[]).includes(operation));
  const reads = bySsm.reduce((sum, { count, throttled }) => sum + count - throttled, 0) / fleet.locations / 3;
  return 2 * least(reads, RATES.ssm) + Math.max(least(nodes, RATES.snapshots), least(reads, RATES.ssm));
}

const mapped = <Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, name: string) => Result,
): Record<string, Result> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
