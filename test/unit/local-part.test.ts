import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { endOrphan, Part } from '../../local/part.js';
import { identityOf, isRunning } from '../../local/process-identity.js';

let folder: string;
let parts: Part[] = [];
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-part-'));
  parts = [];
  said = [];
});
afterEach(async () => {
  await Promise.all(parts.map((part) => part.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;
const say = (line: string) => void said.push(line);

/** A part that runs a line of JavaScript, which says that it is ready by writing to a file. */
const part = (script: string): Part => {
  const ready = join(folder, 'ready');
  const created = new Part(
    {
      name: 'worker',
      run: { program: process.execPath },
      args: ['-e', `require('fs').appendFileSync(${JSON.stringify(ready)}, process.pid + '\\n'); ${script}`],
      environment: {},
      isReady: async () => existsSync(ready),
      grace: 5_000,
    },
    folder,
    say,
  );
  parts.push(created);
  return created;
};
const starts = (): number[] => readFileSync(join(folder, 'ready'), 'utf8').trim().split('\n').map(Number);

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};
const identityIn = (name: string) => JSON.parse(readFileSync(join(folder, 'run', name), 'utf8'));

describe('a part of the stack', () => {
  test('that is killed is started again, and said to be', async () => {
    const worker = part('setInterval(() => {}, 1000)');
    await worker.start(never);
    process.kill(Number(worker.pid), 'SIGKILL');
    await until(() => starts().length === 2);
    expect(worker.pid).toBe(starts()[1]);
    expect(said).toEqual(['The worker ended (SIGKILL); starting it again.']);
  });

  test('that is stopped ends gracefully and is not started again', async () => {
    const worker = part(
      `process.on('SIGTERM', () => { console.log('goodbye'); process.exit(0); }); setInterval(() => {}, 1000)`,
    );
    await worker.start(never);
    await worker.stop();
    expect(identityOf(Number(worker.pid))).toBeNull();
    expect(readFileSync(join(folder, 'logs', 'worker.log'), 'utf8')).toContain('goodbye');
    expect(starts()).toHaveLength(1);
    expect(said).toEqual([]);
    expect(existsSync(join(folder, 'run', 'worker.json'))).toBe(false);
  });

  test('that does not start tells why, with the end of its log', async () => {
    const broken = new Part(
      {
        name: 'api',
        run: { program: process.execPath },
        args: ['-e', `console.error('DATABASE_URL: is not set'); process.exit(3)`],
        environment: {},
        isReady: async () => false,
        grace: 1_000,
      },
      folder,
      say,
    );
    await expect(broken.start(never)).rejects.toThrow(/The api ended \(exit code 3\)[\s\S]*DATABASE_URL: is not set/);
  });

  test('left behind by a killed stack is ended by the next one', async () => {
    const orphan = part('setInterval(() => {}, 1000)');
    await orphan.start(never);
    const identity = identityIn('worker.json');
    parts = [];
    // The part would be started again by this process, which in truth would be dead.
    const stopped = until(() => !isRunning(identity)).then(() => orphan.stop());
    await endOrphan(folder, 'worker', say);
    await stopped;
    expect(isRunning(identity)).toBe(false);
    expect(said[0]).toContain(`process ${identity.pid}`);
  });

  test('whose number now belongs to somebody else is left alone', async () => {
    const stranger = part('setInterval(() => {}, 1000)');
    await stranger.start(never);
    const identity = identityIn('worker.json');
    writeFileSync(join(folder, 'run', 'worker.json'), JSON.stringify({ ...identity, started: 'another boot/1' }));
    await endOrphan(folder, 'worker', say);
    expect(isRunning(identity)).toBe(true);
    expect(said).toEqual([]);
  });
});
