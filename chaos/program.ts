import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** How a program is started. */
export interface ProgramDescription {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly log: string;
  /** Whom it runs as, where not as we do. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Whether it talks to us over Node's channel, which ends it when we are gone. */
  readonly watched: boolean;
  /** Asked again and again until it is true. */
  readonly isReady: () => Promise<boolean>;
}

const STARTUP = 60_000;
const POLL = 50;
const running = new Set<ChildProcess>();

// Whatever ends this process ends the programs too.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program that can be killed and started again. One that ends without being told to is started again after a moment. */
export class Program {
  readonly name: string;
  readonly #description: ProgramDescription;
  #child: ChildProcess | null = null;
  #wanted = false;
  /** How often it has been started. */
  starts = 0;

  constructor(description: ProgramDescription) {
    this.#description = description;
    this.name = description.name;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when it is ready; rejects with the end of its log where that takes too long. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#spawn();
    await this.ready();
  }

  async ready(): Promise<void> {
    for (
      const deadline = Date.now() + STARTUP;
      !(await this.#description.isReady().catch(() => false));
      await pause(POLL)
    )
      if (Date.now() > deadline || !this.#wanted)
        throw new Error(`${this.name} did not get ready:\n${this.#endOfLog()}`);
  }

  /** SIGKILL, at once; it stays down until `start`, or comes back by itself where `comesBack`. */
  kill(comesBack: boolean): void {
    this.#wanted = comesBack;
    this.#child?.kill('SIGKILL');
  }

  /** Asks it to end, and makes it where that takes longer than `grace` milliseconds. */
  async stop(grace = 10_000): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), grace);
    await ended;
    clearTimeout(timer);
  }

  /** Resident memory in MiB; null where that cannot be told. */
  get memory(): number | null {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      const kilobytes = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
      return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
    } catch {
      return null;
    }
  }

  #spawn(): void {
    const { command, args, environment, log, user, watched } = this.#description;
    const file = openSync(log, 'a');
    const child = spawn(command, args, {
      env: environment,
      ...user,
      stdio: ['ignore', file, file, ...(watched ? (['ipc'] as const) : [])],
    });
    closeSync(file);
    running.add(child);
    this.#child = child;
    this.starts += 1;
    const spawnedAt = Date.now();
    const ended = () => {
      running.delete(child);
      if (this.#child !== child) return;
      this.#child = null;
      if (!this.#wanted) return;
      // One that cannot start must not be started in a loop.
      const wait = Date.now() - spawnedAt < 1_000 ? 500 : 0;
      setTimeout(() => this.#wanted && this.#child === null && this.#spawn(), wait);
    };
    child.once('error', ended);
    child.once('exit', ended);
  }

  #endOfLog(): string {
    return readFileSync(this.#description.log, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}

/** A module of ours as a program that ends when we are gone. */
export const ourProgram = (
  name: string,
  module: URL,
  environment: NodeJS.ProcessEnv,
  log: string,
  isReady: () => Promise<boolean>,
): Program =>
  new Program({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', '--import', new URL('../local/watchdog.js', import.meta.url).href, module.pathname],
    environment,
    log,
    watched: true,
    isReady,
  });
