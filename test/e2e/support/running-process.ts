import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

/** A production process by itself, with nothing around it but what its environment names. */
export interface RunningProcess {
  /** Where it listens, as its log says. */
  readonly url: string;
  said(): string;
  /** Sends a signal and waits for the end: the exit code, or the signal's name. */
  end(signal: NodeJS.Signals): Promise<string>;
}

export async function startProcess(
  module: string,
  environment: Readonly<Record<string, string>>,
): Promise<RunningProcess> {
  const path = fileURLToPath(new URL(`../../../dist/${module}`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk));
  const url = await until(`${module} to listen`, async () => {
    if (child.exitCode !== null) throw new Error(`${module} ended: ${said}`);
    return / at (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
  });
  return {
    url,
    said: () => said,
    end: async (signal) => {
      child.kill(signal);
      const [code, by] = await exit;
      return String(by ?? code);
    },
  };
}
