import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BAD_STARTS, type BadStart, refusalsOf } from '../../local/bad-starts.js';
import { ensureKeys } from '../../local/keys.js';
import { startProcess } from './support/running-process.js';
import { until } from './support/until.js';

const COMPILED = new URL('../../dist/local/bad-starts.js', import.meta.url);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-starts-'));
  ensureKeys(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const named = BAD_STARTS.map((start) => [told(start), start] as const);

describe('a production process refuses to start, with a line per fault and exit code 78', () => {
  test.each(named)('%s', async (_title, start) => {
    const refusals = await refusalsOf(start, join(folder, 'keys.json'), COMPILED);
    expect(refusals.length).toBe(start.process === 'both' ? 2 : 1);
    for (const { exitCode, lines } of refusals) {
      expect({ exitCode, lines }).toMatchObject({ exitCode: 78 });
      // Each line names the variable that is to be put right, and none is a stack trace.
      for (const line of lines) expect(line).toMatch(/^(PATCHTIDE|TEMPORAL|DATABASE|AWS)_[A-Z_…]+: \S/);
      if (start.secret !== undefined) expect(lines.join('\n')).not.toContain(start.secret);
    }
  });

  test('and tells all faults at once', async () => {
    const change = { DATABASE_URL: null, TEMPORAL_ADDRESS: null, PATCHTIDE_KEYS: '/nowhere/keys.json' };
    const [refusal] = await refusalsOf({ process: 'api', change }, join(folder, 'keys.json'), COMPILED);
    expect(refusal?.lines.map((line) => line.split(':')[0])).toEqual([
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
      'PATCHTIDE_KEYS',
    ]);
  });
});

describe('with nothing there that it needs', () => {
  const nothing = {
    DATABASE_URL: 'postgres://patchtide:hunter2@127.0.0.1:1/patchtide',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  };

  test.each([
    {
      name: 'the API',
      module: 'api/server.js',
      environment: () => ({ ...nothing, PATCHTIDE_PORT: '0', PATCHTIDE_KEYS: join(folder, 'keys.json') }),
      readiness: { ready: false, draining: false, temporal: 'down', store: 'down', aws: 'unknown' },
    },
    {
      name: 'the worker',
      module: 'worker/main.js',
      environment: () => ({ ...nothing, PATCHTIDE_WORKER_PORT: '0', PATCHTIDE_BUCKET: 'acme' }),
      readiness: { ready: false, polls: false, temporal: 'down', store: 'down', aws: { up: 0, down: 0 } },
    },
  ])('$name starts, lives, says what is missing, and ends well when it is asked to', async (which) => {
    const started = await startProcess(which.module, which.environment());
    const ask = (path: string) => fetch(new URL(path, started.url));
    expect((await ask('/livez')).status).toBe(200);
    const ready = await ask('/readyz');
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await ready.json()).toEqual(which.readiness);
    expect(await (await ask('/metrics')).text()).toContain('process_cpu_seconds_total');
    await until('it to say that it waits', async () => started.said().includes('The store is not ready; trying again'));
    expect(await started.end('SIGTERM')).toBe('0');
    expect(started.said()).not.toContain('hunter2');
  });
});

function told({ process: name, change }: BadStart): string {
  const changes = Object.entries(change).map(([variable, value]) =>
    value === null ? `without ${variable}` : `${variable}=${value}`,
  );
  return `${name === 'both' ? 'worker and api' : name}: ${changes.join(', ')}`;
}
