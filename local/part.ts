import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endProcess, hasEnded, identityOf, type ProcessIdentity } from './process-identity.js';

/** A process of the stack: how it is started, when it is ready, how long it may take to end. */
export interface PartDescription {
  /** One word: `temporal`, `database`, `fleet`, `worker`, `api`. */
  readonly name: string;
  /** A program, or a module of ours, which ends by itself when this process dies. */
  readonly run: { readonly program: string } | { readonly module: URL };
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Asked again and again until it is true. */
  readonly isReady: () => Promise<boolean>;
  /** Milliseconds from the request to end until it is made to. */
  readonly grace: number;
}

const WATCHDOG = new URL('./watchdog.js', import.meta.url);
const STARTUP_LIMIT = 90_000;
const LONGEST_PAUSE = 30_000;
const STEADY_AFTER = 60_000;
const LOG_LIMIT = 10_000_000;

/**
 * Keeps one process of the stack running until it is told to stop. One that dies is started again, at once the first time
 * and then after growing pauses. Its number is written down, so that the next stack on the folder can end it if this
 * process is killed; its output goes to `logs/<name>.log` in the folder.
 */
export class Part {
  readonly #description: PartDescription;
  readonly #pidFile: string;
  readonly #logFile: string;
  readonly #say: (line: string) => void;
  readonly #stop = new AbortController();
  #child: ChildProcess | null = null;
  #identity: ProcessIdentity | null = null;
  #restarting: Promise<void> = Promise.resolve();

  constructor(description: PartDescription, folder: string, say: (line: string) => void) {
    this.#description = description;
    this.#say = say;
    mkdirSync(join(folder, 'run'), { recursive: true });
    mkdirSync(join(folder, 'logs'), { recursive: true });
    this.#pidFile = join(folder, 'run', `${description.name}.json`);
    this.#logFile = join(folder, 'logs', `${description.name}.log`);
  }

  get name(): string {
    return this.#description.name;
  }

  get pid(): number | null {
    return this.#identity?.pid ?? null;
  }

  /** Resolves when it is ready; rejects with the end of its log where it ends first, or takes too long. */
  async start(signal: AbortSignal): Promise<void> {
    const child = this.#spawn();
    const deadline = Date.now() + STARTUP_LIMIT;
    while (!(await this.#description.isReady().catch(() => false))) {
      signal.throwIfAborted();
      if (hasEnded(child) || Date.now() > deadline) {
        await this.stop();
        const what = hasEnded(child) ? `ended (${ending(child)})` : 'was not ready in time';
        throw new Error(`The ${this.name} ${what}. The end of ${this.#logFile}:\n${this.#endOfLog()}`);
      }
      await delay(50);
    }
    this.#keepAlive(child, Date.now());
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#restarting;
    if (this.#identity) await endProcess(this.#identity, this.#description.grace);
    rmSync(this.#pidFile, { force: true });
  }

  #spawn(): ChildProcess {
    const { run, args, environment } = this.#description;
    const ours = 'module' in run;
    const command = ours ? process.execPath : run.program;
    const ourArgs = ours ? ['--enable-source-maps', '--import', WATCHDOG.href, fileURLToPath(run.module)] : [];
    if (existsSync(this.#logFile) && statSync(this.#logFile).size > LOG_LIMIT)
      renameSync(this.#logFile, `${this.#logFile}.old`);
    const log = openSync(this.#logFile, 'a');
    // In a group of its own, so that Ctrl-C reaches this process alone, which ends the parts in order.
    const child = spawn(command, [...ourArgs, ...args], {
      env: environment,
      detached: true,
      stdio: ['ignore', log, log, ...(ours ? (['ipc'] as const) : [])],
    });
    closeSync(log);
    child.on('error', () => undefined);
    this.#child = child;
    this.#identity = child.pid === undefined ? null : identityOf(child.pid);
    if (this.#identity) writeFileSync(this.#pidFile, JSON.stringify(this.#identity));
    return child;
  }

  #keepAlive(child: ChildProcess, since: number, failures = 0): void {
    const again = () => {
      if (this.#stop.signal.aborted || child !== this.#child) return;
      const failed = Date.now() - since > STEADY_AFTER ? 0 : failures;
      const pause = failed === 0 ? 0 : Math.min(LONGEST_PAUSE, 500 * 2 ** failed);
      this.#say(`The ${this.name} ended (${ending(child)}); starting it again${pause ? ` in ${pause / 1000} s` : ''}.`);
      this.#restarting = delay(pause, undefined, { signal: this.#stop.signal }).then(
        () => this.#keepAlive(this.#spawn(), Date.now(), failed + 1),
        () => undefined,
      );
    };
    if (hasEnded(child)) again();
    else {
      child.once('exit', again);
      child.once('error', again);
    }
  }

  #endOfLog(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}

/** Ends what a killed stack has left running, by the numbers that it wrote down. */
export async function endOrphan(folder: string, name: string, say: (line: string) => void): Promise<void> {
  const pidFile = join(folder, 'run', `${name}.json`);
  if (!existsSync(pidFile)) return;
  const identity = parseIdentity(readFileSync(pidFile, 'utf8'));
  if (identity && identityOf(identity.pid)?.started === identity.started) {
    say(`Ending the ${name} that an earlier stack has left behind (process ${identity.pid}).`);
    await endProcess(identity, 10_000);
  }
  rmSync(pidFile, { force: true });
}

const ending = (child: ChildProcess): string =>
  child.pid === undefined ? 'could not be started' : (child.signalCode ?? `exit code ${child.exitCode}`);

function parseIdentity(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
