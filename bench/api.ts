import { loadavg } from 'node:os';
import { type LoadRequest, type LoadResult, load } from './api-load.js';
import { FILLING, fillStore } from './api-store.js';
import { type ApiTopology, startApiTopology } from './api-topology.js';
import { type Machine, machineNow } from './results.js';

/** One operation at its fixed rate, beside Fastify alone answering with the same body at the same rate. */
export interface ApiBenchRow {
  readonly operation: Operation;
  readonly route: string;
  /** Requests a second, evenly spaced. */
  readonly rate: number;
  readonly api: LoadResult;
  readonly bare: LoadResult;
}
type Operation = 'list' | 'one' | 'start';

/** Bench (d): what the API takes for one request. Times in milliseconds. */
export interface ApiBenchResult {
  readonly bench: 'd';
  /** When it began, in UTC. */
  readonly at: string;
  readonly machine: Machine;
  readonly database: ApiTopology['database'];
  readonly store: typeof FILLING;
  /** Each measured phase, after a shorter one that is not measured. */
  readonly seconds: number;
  readonly rows: readonly ApiBenchRow[];
}

export interface ApiBenchOptions {
  readonly seconds?: number;
  readonly warmUpSeconds?: number;
  /** Requests a second; the standard ones leave two cores idle for most of the time, so that nothing queues. */
  readonly rates?: Readonly<Record<Operation, number>>;
  readonly say?: (line: string) => void;
}

const RATES = { list: 100, one: 100, start: 20 } as const;
const ONE = `filler-${FILLING.plans / 2}-${FILLING.cycles / FILLING.plans / 2}`;
/** The plan whose copies are started. */
const PLAN = { apiVersion: 'patchtide/v1', kind: 'PatchPlan', metadata: { name: 'bench', owner: 'bench' } };

/**
 * Starts an API with all that it needs, fills its store, and measures list, one and start, each beside Fastify alone.
 * Takes about two and a half minutes; everything is ended and removed afterwards.
 */
export async function benchApi(options: ApiBenchOptions = {}): Promise<ApiBenchResult> {
  const { seconds = 15, warmUpSeconds = 5, rates = RATES, say = () => undefined } = options;
  const at = new Date().toISOString();
  const machine = machineNow(loadavg()[0] ?? 0);
  const topology = await startApiTopology();
  try {
    await topology.call('admin', 'PUT', '/v1/plans/bench', { ...PLAN, spec: { stages: ['dev', 'test', 'prod'] } });
    await fillStore(topology.databaseUrl, rates.start * (seconds + warmUpSeconds) + 2 * rates.start);
    let started = 0;
    const operations = [
      { operation: 'list', method: 'GET', route: 'GET /v1/cycles', path: '/v1/cycles' },
      { operation: 'one', method: 'GET', route: 'GET /v1/cycles/{id}', path: `/v1/cycles/${ONE}` },
      {
        operation: 'start',
        method: 'POST',
        route: 'POST /v1/cycles',
        path: '/v1/cycles',
        // A plan has one running cycle at a time.
        body: () => ({ plan: `bench-${started++}`, reason: 'bench' }),
      },
    ] as const;

    const bodies: Partial<Record<Operation, unknown>> = {};
    for (const { operation, method, path, ...more } of operations)
      bodies[operation] = await topology.call('operator', method, path, 'body' in more ? more.body() : undefined);
    const bareUrl = await topology.startBare(bodies);

    const rows: ApiBenchRow[] = [];
    for (const { operation, method, route, path, ...more } of operations) {
      const rate = rates[operation];
      const measure = async (url: string, body?: () => object): Promise<LoadResult> => {
        const headers = { authorization: `Bearer ${topology.keys.operator}` };
        const request: LoadRequest = body
          ? {
              method,
              headers: { ...headers, 'content-type': 'application/json' },
              body: () => JSON.stringify(body()),
            }
          : { method, headers };
        await load(url, rate, warmUpSeconds, request);
        return load(url, rate, seconds, request);
      };
      const body = 'body' in more ? more.body : undefined;
      say(`${route} at ${rate} a second for ${seconds} s, and Fastify alone`);
      const api = await measure(`${topology.api}${path}`, body);
      const bare = await measure(`${bareUrl}/${operation}`, body && (() => ({ plan: 'bench', reason: 'bench' })));
      rows.push({ operation, route, rate, api, bare });
    }
    return { bench: 'd', at, machine, database: topology.database, store: FILLING, seconds, rows };
  } finally {
    await topology.close();
  }
}

/** The result as a Markdown table. */
export const apiTable = ({ rows }: ApiBenchResult): string =>
  [
    '| request | a second | requests | p50 ms | p99 ms | max ms | failed | Fastify alone: p50 ms | p99 ms |',
    '| --- | --: | --: | --: | --: | --: | --: | --: | --: |',
    ...rows.map(({ route, rate, api, bare }) =>
      ['', `\`${route}\``, rate, api.requests, api.p50, api.p99, api.max, api.failed, bare.p50, bare.p99, '']
        .join(' | ')
        .trim(),
    ),
  ].join('\n');
