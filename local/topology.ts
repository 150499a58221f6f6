import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.js';
import { temporalCli } from './binaries.js';
import { chooseEndpoints, type Endpoints, freePorts } from './endpoints.js';
import { ensureKeys, type Keys } from './keys.js';
import { hasEnded } from './process-identity.js';
import { allStarted, answersOk, listens } from './readiness.js';
import { surroundings } from './surroundings.js';

export interface TopologyOptions {
  /** Everything that is written goes there: state, keys, logs. */
  readonly folder: string;
  /** PostgreSQL's; null: a PGlite of its own. */
  readonly databaseUrl: string | null;
  /** A fleet's description, or a file that holds one. */
  readonly fleet: string;
  readonly speed: number;
  readonly workers: number;
  readonly apis: number;
  /** A module of the folder in which compiled code of `local/` lies. */
  readonly compiled?: string | URL;
}

/** One process that was ended and started again. */
export interface Replacement {
  readonly name: string;
  readonly signal: NodeJS.Signals;
  readonly pid: number;
  /** How the old one ended: a number, or the signal's name. */
  readonly ended: string;
  /** Of its successor. */
  readonly successor: number;
  /** Milliseconds from the signal to its end, and from there until the successor was ready. */
  readonly ending: number;
  readonly starting: number;
}

interface Plan {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly isReady: () => Promise<boolean>;
}

/**
 * What a cluster runs, as plain processes on one machine: Temporal's server on a file, a database, the simulated fleet, and
 * as many workers and APIs as are wanted, configured by environment alone. Nothing is started again by itself: a process
 * that is gone stays gone until somebody replaces it, so that it can be seen what the others do.
 */
export class Topology {
  readonly folder: string;
  readonly keys: Keys;
  readonly endpoints: Endpoints;
  readonly #plans = new Map<string, Plan>();
  readonly #running = new Map<string, ChildProcess>();
  readonly #apiPorts: readonly number[];

  private constructor(options: TopologyOptions, cli: string, endpoints: Endpoints, ports: readonly number[]) {
    const { folder, databaseUrl, fleet, speed, workers, apis, compiled = import.meta.url } = options;
    this.folder = folder;
    this.keys = ensureKeys(folder);
    this.endpoints = endpoints;
    this.#apiPorts = ports.slice(0, apis);
    const module = (path: string) => fileURLToPath(new URL(path, compiled));
    const watchdog = new URL('./watchdog.js', compiled).href;
    const plan = (name: string, path: string, args: readonly string[], more: NodeJS.ProcessEnv, url: string | number) =>
      this.#plans.set(name, {
        name,
        program: process.execPath,
        args: ['--enable-source-maps', '--import', watchdog, module(path), ...args],
        environment: { ...surroundings(), ...more },
        isReady: () => (typeof url === 'number' ? listens(url) : answersOk(url)),
      });

    this.#plans.set('temporal', {
      name: 'temporal',
      program: cli,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--headless', '--log-level', 'warn'],
        ...['--port', String(endpoints.temporal), '--db-filename', join(folder, 'temporal.sqlite')],
        ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ],
      environment: surroundings(),
      isReady: () => listens(endpoints.temporal),
    });
    if (databaseUrl === null) plan('database', './database.js', [folder], {}, endpoints.database);
    const fleetSettings = { PATCHTIDE_DATA: folder, PATCHTIDE_FLEET: fleet, PATCHTIDE_FLEET_SPEED: String(speed) };
    const fleetPort = { PATCHTIDE_FLEET_PORT: String(endpoints.fleet) };
    plan('fleet', '../simulator/main.js', [], { ...fleetSettings, ...fleetPort }, `${this.fleetUrl}/_fleet`);

    const services = {
      DATABASE_URL:
        databaseUrl ?? `postgres://patchtide:${endpoints.databasePassword}@127.0.0.1:${endpoints.database}/postgres`,
      TEMPORAL_ADDRESS: `127.0.0.1:${endpoints.temporal}`,
    };
    for (let number = 1; number <= workers; number++) {
      const port = ports[apis + number - 1] ?? 0;
      const settings = {
        ...services,
        PATCHTIDE_BUCKET: 'patchtide-{region}',
        PATCHTIDE_WORKER_PORT: String(port),
        AWS_ENDPOINT_URL: this.fleetUrl,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'SIMULATED',
        AWS_SECRET_ACCESS_KEY: 'simulated',
      };
      plan(`worker-${number}`, '../worker/main.js', [], settings, `http://127.0.0.1:${port}/readyz`);
    }
    for (const [index, port] of this.#apiPorts.entries()) {
      const settings = { ...services, PATCHTIDE_KEYS: join(folder, 'keys.json'), PATCHTIDE_PORT: String(port) };
      plan(`api-${index + 1}`, '../api/server.js', [], settings, `http://127.0.0.1:${port}/readyz`);
    }
  }

  /** Resolves when all of it is ready; rejects, with everything ended again, where something is not. */
  static async start(options: TopologyOptions): Promise<Topology> {
    mkdirSync(join(options.folder, 'logs'), { recursive: true });
    const cli = await temporalCli();
    const endpoints = await chooseEndpoints(options.folder, {}, () => undefined);
    const ports = await freePorts(options.apis + options.workers, Object.values(endpoints));
    const topology = new Topology(options, cli, endpoints, ports);
    try {
      const isService = (name: string) => /^(worker|api)-/.test(name);
      const names = [...topology.#plans.keys()];
      await allStarted(names.filter((name) => !isService(name)).map((name) => topology.startOne(name)));
      await allStarted(names.filter(isService).map((name) => topology.startOne(name)));
      return topology;
    } catch (failure) {
      await topology.stop();
      throw failure;
    }
  }

  get names(): string[] {
    return [...this.#plans.keys()];
  }

  get fleetUrl(): string {
    return `http://127.0.0.1:${this.endpoints.fleet}`;
  }

  /** Of each API, in order. */
  get apiUrls(): string[] {
    return this.#apiPorts.map((port) => `http://127.0.0.1:${port}`);
  }

  pid(name: string): number {
    const pid = this.#running.get(name)?.pid;
    if (pid === undefined) throw new Error(`The ${name} does not run.`);
    return pid;
  }

  /** Starts what does not run, and resolves when it is ready. */
  async startOne(name: string): Promise<void> {
    const plan = this.#plans.get(name);
    if (!plan) throw new Error(`There is no ${name}.`);
    const log = openSync(join(this.folder, 'logs', `${name}.log`), 'a');
    const child = spawn(plan.program, [...plan.args], {
      env: plan.environment,
      stdio: ['ignore', log, log, ...(plan.program === process.execPath ? (['ipc'] as const) : [])],
    });
    closeSync(log);
    this.#running.set(name, child);
    for (const deadline = Date.now() + START_LIMIT; ; await delay(50)) {
      if (await plan.isReady().catch(() => false)) return;
      if (hasEnded(child) || Date.now() > deadline)
        throw new Error(`The ${name} did not get ready:\n${this.log(name).slice(-3_000)}`);
    }
  }

  /** Sends a signal and waits for the end; how it ended, and after how many milliseconds. */
  async end(name: string, signal: NodeJS.Signals): Promise<{ ended: string; ending: number }> {
    const child = this.#running.get(name);
    if (!child || hasEnded(child)) throw new Error(`The ${name} does not run.`);
    const exit = once(child, 'exit');
    const since = Date.now();
    child.kill(signal);
    const [code, by] = await exit;
    return { ended: String(by ?? code), ending: Date.now() - since };
  }

  /** Ends a process by a signal, and starts its successor when it has ended. */
  async replace(name: string, signal: NodeJS.Signals): Promise<Replacement> {
    const pid = this.pid(name);
    const { ended, ending } = await this.end(name, signal);
    const since = Date.now();
    await this.startOne(name);
    return { name, signal, pid, ended, successor: this.pid(name), ending, starting: Date.now() - since };
  }

  log(name: string): string {
    return readFileSync(join(this.folder, 'logs', `${name}.log`), 'utf8');
  }

  /** Ends everything, those first that need the others. */
  async stop(): Promise<void> {
    for (const name of this.names.reverse()) {
      const child = this.#running.get(name);
      if (!child || hasEnded(child)) continue;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
      await exit;
      clearTimeout(forced);
    }
  }
}

const START_LIMIT = 60_000;
const STOP_LIMIT = 30_000;
