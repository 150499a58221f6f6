import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { SweepResult } from '../../chaos/sweep/sweep.js';

const MAIN = fileURLToPath(new URL('../../dist/chaos/main.js', import.meta.url));
/** All of the sweep is `npm run chaos -- --sweep`; its seed makes these the same trials each time. */
const SAMPLE = ['--sweep', '--quick', '--sample', '3', '--seed', '1', '--lanes', '1', '--together', '2', '--json'];

test('crashes and faults at a seeded sample of its calls lose nothing of a cycle, and do nothing twice', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--enable-source-maps', MAIN, ...SAMPLE]);
  const { trials, verdicts, seconds } = JSON.parse(stdout) as SweepResult;
  process.stderr.write(`${trials} trials of the crash-point sweep in ${seconds.toFixed(1)} s\n`);
  expect(verdicts).toHaveLength(3);
  for (const { lost, twice, unexplained } of verdicts)
    expect({ lost, twice, unexplained }).toEqual({ lost: [], twice: [], unexplained: null });
}, 180_000);
