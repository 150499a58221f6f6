import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../api/app.js';
import { ApiClient } from '../../local/api-client.js';
import { ROLES, type Role } from '../../local/keys.js';
import type { Call, Fault, Gate, ServiceProxy } from '../faults.js';
import type { Calls } from '../points.js';
import { ourProgram, type Program } from '../program.js';
import { openAwsProxy, type RunFleet } from '../proxies/aws.js';
import { openStoreProxy } from '../proxies/store.js';
import { openTemporalProxy } from '../proxies/temporal.js';
import type { Ground } from './ground.js';

const keyOf = (role: string): string => `the-${role}-of-the-sweep`;

/** A run that a lane carries: its calls are counted here, its effects are in this fleet. */
export interface Carried {
  readonly calls: Calls;
  readonly fleet: RunFleet;
}

/** A worker of its own, `node dist/worker/main.js` and nothing else, in a namespace of its own, behind a proxy for each service. */
export class Lane implements Gate {
  readonly name: string;
  readonly #runs = new Map<string, Carried>();
  readonly #closing: (() => Promise<unknown>)[] = [];
  #worker: Program | null = null;
  #api = '';
  #polls = 0;

  private constructor(name: string) {
    this.name = name;
  }

  static async open(name: string, ground: Ground): Promise<Lane> {
    const lane = new Lane(name);
    try {
      await lane.#open(ground);
      return lane;
    } catch (failure) {
      await lane.close();
      throw failure;
    }
  }

  as(role: Role): ApiClient {
    return new ApiClient(this.#api, keyOf(role));
  }

  carry(run: string, carried: Carried): void {
    this.#runs.set(run, carried);
  }

  drop(run: string): void {
    this.#runs.delete(run);
  }

  pass(run: string, call: Call): Fault | null {
    return this.#runs.get(run)?.calls.pass(call) ?? null;
  }

  kill(): void {
    this.#worker?.kill(true);
  }

  /** Another worker in its place, gracefully: one that has served many runs holds connections to all of their accounts. */
  async renew(): Promise<void> {
    await this.#worker?.stop();
    this.#polls = 0;
    await this.#worker?.start();
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }

  async #open(ground: Ground): Promise<void> {
    const own = <P extends ServiceProxy>(proxy: P): P => {
      this.#closing.push(() => proxy.close());
      return proxy;
    };
    const nodesOf = (run: string) => this.#runs.get(run)?.fleet.nodes ?? new Map<string, string>();
    const aws = own(await openAwsProxy({ fleetOf: (run) => this.#runs.get(run)?.fleet ?? null }, this));
    const store = own(await openStoreProxy(ground.database, nodesOf, this));
    const temporal = own(await openTemporalProxy(ground.temporalAddress, this, () => void this.#polls++));
    await this.#openApi(ground);

    const folder = join(ground.folder, this.name);
    mkdirSync(folder, { recursive: true });
    const worker = ourProgram(
      'worker',
      new URL('../../worker/main.js', import.meta.url),
      {
        ...withoutOurs(process.env),
        PATCHTIDE_BUCKET: 'patchtide-{region}',
        PATCHTIDE_LOG_LEVEL: 'warn',
        DATABASE_URL: `postgres://${ground.databaseUser}@127.0.0.1:${store.port}/postgres`,
        TEMPORAL_ADDRESS: `127.0.0.1:${temporal.port}`,
        TEMPORAL_NAMESPACE: this.name,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${aws.port}`,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'SIMULATED',
        AWS_SECRET_ACCESS_KEY: 'simulated',
      },
      join(folder, 'worker.log'),
      async () => this.#polls > 0,
    );
    this.#worker = worker;
    this.#closing.push(() => worker.stop(2_000));
    await worker.start();
  }

  /** What starts, decides on and looks at cycles; nothing goes wrong with it here. */
  async #openApi(ground: Ground): Promise<void> {
    const connection = await Connection.connect({ address: ground.temporalAddress });
    this.#closing.push(() => connection.close());
    const app: FastifyInstance = await buildApp({
      store: ground.store,
      temporal: new Client({ connection, namespace: this.name }),
      keys: ROLES.map((role) => ({ name: role, role, key: keyOf(role) })),
      logger: null,
      temporalUi: null,
      requestsPerMinute: 1_000_000,
    });
    this.#closing.push(() => app.close());
    this.#api = await app.listen({ host: '127.0.0.1', port: 0 });
  }
}

const OURS = /^(PATCHTIDE_|TEMPORAL_|AWS_|DATABASE_URL$|NODE_OPTIONS$)/;
export const withoutOurs = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !OURS.test(name)));
