import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findPostgres } from '../../local/postgres.js';
import { Topology } from '../../local/topology.js';
import type { FleetDescriptionInput } from '../../simulator/index.js';
import { type Postgres, preparePostgres } from '../postgres.js';

/** What a storm rages over: a cluster's processes, with PostgreSQL where its program is found and PGlite where not. */
export class StormGround {
  readonly topology: Topology;
  readonly #postgres: Postgres | null;
  readonly #returns = new Set<Promise<void>>();

  private constructor(topology: Topology, postgres: Postgres | null) {
    this.topology = topology;
    this.#postgres = postgres;
  }

  static async start(folder: string, description: FleetDescriptionInput, speed: number): Promise<StormGround> {
    const fleet = join(folder, 'fleet-description.json');
    await writeFile(fleet, JSON.stringify(description));
    const programs = findPostgres();
    const postgres = programs === null ? null : await preparePostgres(programs, join(folder, 'postgres.log'));
    try {
      await postgres?.program.start();
      const databaseUrl = postgres?.url ?? null;
      return new StormGround(
        await Topology.start({ folder, databaseUrl, fleet, speed, workers: 2, apis: 2 }),
        postgres,
      );
    } catch (failure) {
      await postgres?.close();
      throw failure;
    }
  }

  /** `PostgreSQL` or `PGlite`. */
  get database(): string {
    return this.#postgres ? 'PostgreSQL' : 'PGlite';
  }

  get #names(): string[] {
    return [...this.topology.names, ...(this.#postgres ? ['database'] : [])];
  }

  /** SIGKILL; the process starts again after so many milliseconds. False where it is down already. */
  kill(name: string, downFor: number): boolean {
    const pid = this.#pid(name);
    if (pid === null) return false;
    const returned = this.#killAndReturn(name, downFor).finally(() => this.#returns.delete(returned));
    this.#returns.add(returned);
    return true;
  }

  /** Resolves when everything that was killed runs again. */
  async allUp(): Promise<void> {
    while (this.#returns.size > 0) await Promise.all(this.#returns);
  }

  /** Resident memory of each process, in MiB. */
  memory(): Record<string, number> {
    return Object.fromEntries(
      this.#names.flatMap((name) => {
        const pid = this.#pid(name);
        const megabytes = pid === null ? null : memoryOf(pid);
        return megabytes === null ? [] : [[name, megabytes]];
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#returns);
    await this.topology.stop();
    await this.#postgres?.close();
  }

  #pid(name: string): number | null {
    if (name === 'database' && this.#postgres) return this.#postgres.program.pid;
    try {
      return this.topology.pid(name);
    } catch {
      return null;
    }
  }

  async #killAndReturn(name: string, downFor: number): Promise<void> {
    if (name === 'database' && this.#postgres) {
      this.#postgres.program.kill(false);
      await pause(downFor);
      await this.#postgres.program.start();
      return;
    }
    await this.topology.end(name, 'SIGKILL').catch(() => undefined);
    await pause(downFor);
    // What it needs may be down itself: then it is tried again.
    for (let attempt = 1; attempt <= 20; attempt++) {
      const isUp = await this.topology.startOne(name).then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await this.topology.end(name, 'SIGKILL').catch(() => undefined);
      await pause(500);
    }
    throw new Error(`The ${name} did not come back:\n${this.topology.log(name).slice(-2_000)}`);
  }
}

/** Null where it cannot be told. */
function memoryOf(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}
