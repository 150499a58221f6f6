// Runs jest on native ES modules and reads what it found.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, exitCodeOf, root } from './prepare.mjs';

/** Installs, builds and fetches what the tests need. */
export async function prepareTests() {
  await ensureInstalled();
  await ensureBuilt();
  const { temporalCli, temporalTestServer } = await import(new URL('../dist/local/binaries.js', import.meta.url).href);
  await Promise.all([temporalCli(), temporalTestServer()]);
}

/** Jest's exit code, and its results as `--json` gives them: null where it did not get that far. */
export async function runJest(args, environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-jest-'));
  const results = join(folder, 'results.json');
  const options = [process.env.NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  try {
    const code = await exitCodeOf(
      process.execPath,
      [
        join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
        ...['--json', `--outputFile=${results}`, `--maxWorkers=${Math.max(2, availableParallelism() - 1)}`],
        ...args,
      ],
      { env: { ...process.env, ...environment, NODE_OPTIONS: options.filter(Boolean).join(' ') } },
    );
    return { code, results: existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
