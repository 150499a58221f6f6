import { Counter, type Registry } from 'prom-client';
import type { CallRecord } from '../aws/index.js';
import type { Instant } from '../domain/ids.js';
import type { AwsCall, AwsReach, Store } from '../store/index.js';

const WRITE_EVERY = 5_000;
/** What is older tells nothing about now: a wave that waits for AWS asks again every five minutes at least. */
const OF_LATE = 15 * 60_000;
const TROUBLED = new Set(['denied', 'unreachable']);

/**
 * What this worker's calls to AWS tell: counted for Prometheus, and the latest of each kind kept in the store, where the
 * API reads whether AWS is in reach.
 */
export class AwsCallLog {
  readonly #latest = new Map<string, AwsCall>();
  readonly #unwritten = new Set<string>();
  readonly #records: Pick<Store, 'awsCalled'>;
  readonly #counter: Counter<'account' | 'region' | 'service' | 'operation' | 'outcome'>;
  readonly #timer: NodeJS.Timeout;

  constructor(records: Pick<Store, 'awsCalled'>, registry: Registry) {
    this.#records = records;
    this.#counter = new Counter({
      name: 'patchtide_aws_calls_total',
      help: 'Requests to AWS, each attempt by itself',
      labelNames: ['account', 'region', 'service', 'operation', 'outcome'],
      registers: [registry],
    });
    this.#timer = setInterval(() => void this.write(), WRITE_EVERY).unref();
  }

  /** To be given to the fleet as its observer. */
  readonly onCall = ({ location, service, operation, outcome }: CallRecord): void => {
    const { account, region } = location;
    this.#counter.inc({ account, region, service, operation, outcome });
    if (outcome === 'aborted') return;
    const key = [account, region, service, operation].join('/');
    const at = new Date().toISOString() as Instant;
    this.#latest.set(key, { account, region, service, operation, outcome, at });
    this.#unwritten.add(key);
  };

  /** How AWS answers this worker of late. */
  reach(): AwsReach {
    const since = new Date(Date.now() - OF_LATE).toISOString();
    const troubled = new Map<string, boolean>();
    for (const { account, region, outcome, at } of this.#latest.values()) {
      if (at < since) continue;
      const place = `${account}/${region}`;
      troubled.set(place, (troubled.get(place) ?? false) || TROUBLED.has(outcome));
    }
    const down = [...troubled.values()].filter(Boolean).length;
    return { up: troubled.size - down, down };
  }

  /** Writes what is new; what cannot be written now is written with the next. */
  async write(): Promise<void> {
    // In one order, so that two workers never wait for each other's rows.
    const keys = [...this.#unwritten].sort();
    this.#unwritten.clear();
    try {
      await this.#records.awsCalled(keys.flatMap((key) => this.#latest.get(key) ?? []));
    } catch {
      for (const key of keys) this.#unwritten.add(key);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
