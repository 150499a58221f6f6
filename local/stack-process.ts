import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Endpoints, readEndpoints } from './endpoints.js';
import type { Keys } from './keys.js';
import type { PART_NAMES } from './parts.js';
import { surroundings } from './surroundings.js';

export type PartName = (typeof PART_NAMES)[number];

/** How a start ended that did not come to be: its exit code, and what it said. */
export class StackRefused extends Error {
  override readonly name = 'StackRefused';
  readonly code = 'stack-refused';
  readonly exitCode: number | null;
  constructor(exitCode: number | null, said: string) {
    super(said.trim());
    this.exitCode = exitCode;
  }
}

/** `npm start` as a process that can be killed, with all that belongs to it: what a crash is tried out on. */
export class StackProcess {
  readonly folder: string;
  readonly #main: URL;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;

  /**
   * @param main the compiled local/main.js
   * @param environment what it gets beside the environment of this process, of which it gets nothing that configures us
   */
  constructor(
    folder: string,
    environment: Readonly<Record<string, string>>,
    main = new URL('./main.js', import.meta.url),
  ) {
    this.folder = folder;
    this.#main = main;
    this.#environment = {
      ...surroundings(),
      PATCHTIDE_DATA: folder,
      PATCHTIDE_PORT: '0',
      PATCHTIDE_FLEET_PORT: '0',
      ...environment,
    };
  }

  /**
   * Resolves when the stack is ready. It ends by itself when this process is gone.
   * @throws StackRefused where it ends before
   */
  async start(): Promise<void> {
    const watchdog = new URL('./watchdog.js', this.#main);
    const child = spawn(process.execPath, ['--import', watchdog.href, fileURLToPath(this.#main)], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let said = '';
    const ready = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes(READY)) resolve();
        });
    });
    const ended = once(child, 'close').then(([exitCode]) => {
      throw new StackRefused(exitCode, said);
    });
    // A stack that is ready ends later, and then nobody waits for it here.
    ended.catch(() => undefined);
    await Promise.race([ready, ended]);
    this.#child = child;
  }

  get keys(): Keys {
    return JSON.parse(readFileSync(join(this.folder, 'keys.json'), 'utf8'));
  }

  get endpoints(): Endpoints {
    return readEndpoints(this.folder);
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.endpoints.api}`;
  }

  get fleetUrl(): string {
    return `http://127.0.0.1:${this.endpoints.fleet}`;
  }

  /** `kill -9` of one part; its process id. */
  kill(part: PartName): number {
    const pid = this.#pidOf(part);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** `kill -9` of the stack and of all its parts, the stack first, so that it starts none of them again; their process ids. */
  async killEverything(): Promise<number[]> {
    const child = this.#child;
    if (!child?.pid) throw new Error('The stack does not run.');
    const parts = readdirSync(join(this.folder, 'run')).map((file) => this.#pidOf(file.replace('.json', '')));
    const ended = once(child, 'exit');
    const pids = [child.pid, ...parts];
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await ended;
    this.#child = null;
    return pids;
  }

  /** Ends it gracefully, as Ctrl-C does. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  #pidOf(part: string): number {
    const file = join(this.folder, 'run', `${part}.json`);
    if (!existsSync(file)) throw new Error(`The ${part} does not run.`);
    return JSON.parse(readFileSync(file, 'utf8')).pid;
  }
}

const READY = 'Patchtide is ready';
