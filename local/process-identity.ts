import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process and no other: its number is given to others after it, so the moment of its start belongs to it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same start only. */
  readonly started: string;
}

/** The running process of that number, or null where there is none (a dead one that nobody has waited for is none). */
export function identityOf(pid: number): ProcessIdentity | null {
  try {
    const started = startOf(pid);
    return started ? { pid, started } : null;
  } catch {
    return null;
  }
}

export const isRunning = (identity: ProcessIdentity): boolean => identityOf(identity.pid)?.started === identity.started;

/** Whether a child of ours has ended, or never began. */
export const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** Asks a process to end, and after `grace` milliseconds makes it; resolves when it has ended. Does nothing to a stranger. */
export async function endProcess(identity: ProcessIdentity, grace: number): Promise<void> {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (isRunning(identity)) process.kill(identity.pid, name);
    } catch {
      // It ended between the question and the signal.
    }
  };
  signal('SIGTERM');
  for (const deadline = Date.now() + grace; Date.now() < deadline; await delay(20)) if (!isRunning(identity)) return;
  signal('SIGKILL');
  while (isRunning(identity)) await delay(20);
}

function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold anything; state is the first field behind it, the start the twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ended = fields[0] === 'Z' || fields[0] === 'X';
    return ended ? null : `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  }
  const [command, args] =
    process.platform === 'win32'
      ? (['powershell', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`]] as const)
      : (['ps', ['-o', 'lstart=', '-p', String(pid)]] as const);
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
}
