import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { readStackConfig } from '../config/index.js';
import { ApiClient } from '../local/api-client.js';
import { findPostgres, startPostgres } from '../local/postgres.js';
import { type Stack, startStack } from '../local/stack.js';
import { type BenchFleet, documents, fleetDescription } from './fleet.js';
import { type Usage, usageOf } from './processes.js';

/** The stack of one run: every part a process of its own on 127.0.0.1, in a folder that goes away with it. */
export interface BenchStack {
  readonly stack: Stack;
  readonly database: 'PostgreSQL' | 'PGlite';
  readonly api: ApiClient;
  /** How often the simulated AWS was called, by operation, and how often it refused for the rate. */
  calls(): Promise<readonly Calls[]>;
  /** What the database holds and has written; null where it is PGlite. */
  footprint(): Promise<Footprint | null>;
  /** By part. */
  usage(): Readonly<Record<string, Usage>>;
  stop(): Promise<void>;
}

export interface Footprint {
  /** Of all tables with their indexes, in bytes, and of the largest ones by name. */
  readonly size: number;
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly size: number }>>;
  /** Bytes of write-ahead log since the database began. */
  readonly written: number;
}

export interface Calls {
  readonly operation: string;
  readonly account: string;
  readonly region: string;
  readonly count: number;
  readonly throttled: number;
}
const callsSchema = z.array(
  z.object({
    operation: z.string(),
    account: z.string(),
    region: z.string(),
    count: z.number(),
    throttled: z.number(),
  }),
);

/** Starts PostgreSQL where its program is found, then the embedded stack on it with that fleet, and applies the plan. */
export async function startBenchStack(
  fleet: BenchFleet,
  { speed = 1, worker, environment = {} }: { speed?: number; worker?: URL; environment?: Record<string, string> } = {},
): Promise<BenchStack> {
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-bench-'));
  const description = join(folder, 'fleet.yaml');
  // JSON is YAML.
  writeFileSync(description, JSON.stringify(fleetDescription(fleet, speed)));
  const programs = findPostgres();
  const postgres = programs === null ? null : await startPostgres(programs);
  // The parts inherit this process's environment.
  Object.assign(process.env, {
    PATCHTIDE_DATA: folder,
    PATCHTIDE_PORT: '0',
    PATCHTIDE_FLEET: description,
    PATCHTIDE_FLEET_PORT: '0',
    PATCHTIDE_FLEET_SPEED: String(speed),
    PATCHTIDE_LOG_LEVEL: 'warn',
    ...(postgres === null ? {} : { DATABASE_URL: postgres.url }),
    ...environment,
  });
  const stack = await startStack(readStackConfig(), new AbortController().signal, undefined, worker);
  const admin = new ApiClient(stack.addresses.api, stack.keys.admin);
  const routes: Readonly<Record<string, string>> = {
    Account: 'accounts',
    MaintenanceWindow: 'windows',
    PatchPlan: 'plans',
  };
  for (const { kind, name, body } of documents(fleet)) await admin.put(`/v1/${routes[kind]}/${name}`, body);
  return {
    stack,
    api: new ApiClient(stack.addresses.api, stack.keys.operator),
    database: postgres === null ? 'PGlite' : 'PostgreSQL',
    calls: async () => {
      const answer = await fetch(new URL('/_fleet/calls', stack.addresses.fleet ?? ''));
      return callsSchema.parse(await answer.json());
    },
    footprint: async () => (postgres === null ? null : footprintOf(postgres.url)),
    usage: () => {
      const parts = { ...stack.pids(), ...(postgres === null ? {} : { database: postgres.pid }) };
      return Object.fromEntries(
        Object.entries(parts).flatMap(([name, pid]) => {
          const usage = pid === null ? null : usageOf(pid);
          return usage === null ? [] : [[name, usage]];
        }),
      );
    },
    stop: async () => {
      await stack.stop();
      await postgres?.close();
      delete process.env.DATABASE_URL;
      if (process.env.PATCHTIDE_BENCH_KEEP === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function footprintOf(url: string): Promise<Footprint> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('analyze');
    const { rows } = await client.query<{ name: string; rows: number; size: number }>(
      `select relname as name, reltuples::float as rows, pg_total_relation_size(oid)::float as size
       from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 3 desc`,
    );
    const log = await client.query<{ written: number }>(
      `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float as written`,
    );
    return {
      size: rows.reduce((sum, { size }) => sum + size, 0),
      tables: Object.fromEntries(rows.slice(0, 6).map(({ name, ...table }) => [name, table])),
      written: log.rows[0]?.written ?? 0,
    };
  } finally {
    await client.end();
  }
}

/** When each part of the stage ended, in milliseconds from the cycle's start, with the calls until then. */
export interface StageRun {
  readonly workflowId: string;
  readonly parts: readonly {
    readonly name: 'prepare' | 'patch' | 'harvest';
    readonly until: number;
    readonly calls: readonly Calls[];
  }[];
  readonly elapsed: number;
  readonly patched: number;
  readonly nodes: number;
}

const cycleSchema = z.object({
  id: z.string(),
  workflowId: z.string(),
  status: z.string(),
  message: z.string().nullable(),
  waitingFor: z.object({ kind: z.string(), message: z.string() }).nullable(),
  stages: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      locations: z.array(
        z.object({ waves: z.array(z.object({ nodes: z.object({ total: z.number(), patched: z.number() }) })) }),
      ),
    }),
  ),
});
const ENDS = { preparing: 'prepare', patching: 'patch', soaking: 'patch', harvesting: 'harvest' } as const;
const LOOK_EVERY = 250;

/** Starts a cycle over the API and follows its first stage to its end; then the cycle is cancelled. */
export async function runStage(bench: BenchStack, say: (line: string) => void): Promise<StageRun> {
  const began = performance.now();
  const request = { plan: 'bench', mode: 'standard', reason: 'A bench', reference: 'BENCH' };
  const { id } = await bench.api.post('/v1/cycles', z.object({ id: z.string() }), request, `bench-${Date.now()}`);
  const parts: StageRun['parts'][number][] = [];
  let current: keyof typeof ENDS = 'preparing';
  let said = 0;
  for (;;) {
    const cycle = await bench.api.get(`/v1/cycles/${id}`, cycleSchema);
    const stage = cycle.stages[0];
    const until = performance.now() - began;
    const waves = (stage?.locations ?? []).flatMap((location) => location.waves);
    const patched = waves.reduce((sum, { nodes }) => sum + nodes.patched, 0);
    const nodes = waves.reduce((sum, wave) => sum + wave.nodes.total, 0);
    const status = stage?.status ?? 'pending';
    if (until - said > 5_000) {
      said = until;
      say(
        `  ${(until / 1000).toFixed(0)} s: ${status}, ${patched} of ${nodes} patched${cycle.waitingFor ? `, waits for ${cycle.waitingFor.kind}` : ''}`,
      );
    }
    const ended = !(status in ENDS) && status !== 'pending' && status !== 'waiting';
    if (status !== current && (status in ENDS || ended)) {
      const name = ENDS[current];
      const last = parts.findIndex((part) => part.name === name);
      if (last !== -1) parts.splice(last, 1);
      parts.push({ name, until, calls: await bench.calls() });
      if (status in ENDS) current = status as keyof typeof ENDS;
    }
    if (ended) {
      if (!cycle.status.startsWith('completed'))
        await bench.api
          .post(`/v1/cycles/${id}/cancel`, z.unknown(), { reason: 'Measured' }, `cancel-${id}`)
          .catch(() => undefined);
      if (!status.startsWith('completed')) throw new Error(`Stage ended ${status}: ${cycle.message}`);
      return { workflowId: cycle.workflowId, parts, elapsed: until, patched, nodes };
    }
    if (cycle.status !== 'running') throw new Error(`The cycle is ${cycle.status}: ${cycle.message}`);
    await delay(LOOK_EVERY);
  }
}
