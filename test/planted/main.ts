import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED } from './bugs.js';
import { plant } from './plant.js';

/*
 * npm run planted [-- --only <part of a name>]: plants one bug after the other in a copy of the tree, runs the tests that
 * ought to notice, and tells which one did. The exit code is 0 where every bug was noticed, by a test that passes without it.
 */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEFT_OUT = new Set(['node_modules', 'dist', '.git', '.patchtide', 'docs', 'bench']);
/** A bug may well make a test wait for ever. In milliseconds. */
const PATIENCE = 10 * 60_000;

const folder = mkdtempSync(join(tmpdir(), 'patchtide-planted-'));
const tree = join(folder, 'tree');
try {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
  const bugs = PLANTED.filter(({ name }) => name.includes(values.only));
  cpSync(ROOT, tree, { recursive: true, filter: (path) => !LEFT_OUT.has(path.slice(ROOT.length)) });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));

  const sound = await verdictOf([...new Set(bugs.flatMap(({ tests }) => tests))]);
  if (sound.kind !== 'passed') throw new Error(`Without a bug the tests do not pass: ${textOf(sound)}`);
  console.log(`Without a bug the tests pass, ${sound.seconds} s.\n`);
  let caught = 0;
  for (const [index, bug] of bugs.entries()) {
    const takeOut = plant(tree, bug);
    const verdict = await verdictOf(bug.tests);
    takeOut();
    if (verdict.kind === 'failed') caught += 1;
    const number = String(index + 1).padStart(2);
    console.log(
      `${number} ${verdict.kind === 'failed' ? 'caught    ' : 'NOT CAUGHT'} ${bug.name} (${bug.file}), ${verdict.seconds} s`,
    );
    console.log(`              ${textOf(verdict)}`);
  }
  console.log(`\n${caught} of ${bugs.length} bugs caught.`);
  if (caught < bugs.length) process.exitCode = 1;
} catch (failure) {
  console.error(failure instanceof Error ? failure.message : failure);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Verdict = { readonly seconds: string } & (
  | { readonly kind: 'passed' }
  /** The first test that failed. */
  | { readonly kind: 'failed'; readonly test: string }
  /** No test failed, but they did not run to their end either: that is no proof of anything. */
  | { readonly kind: 'broke'; readonly how: string }
);

/** Runs test files of the tree until the first one fails. */
async function verdictOf(tests: readonly string[]): Promise<Verdict> {
  const began = Date.now();
  const results = join(folder, 'results.json');
  rmSync(results, { force: true });
  const jest = join(tree, 'node_modules', 'jest', 'bin', 'jest.js');
  const child = spawn(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest],
      ...['-w', '1', '--bail', '--json', `--outputFile=${results}`, '--runTestsByPath', ...tests],
    ],
    {
      cwd: tree,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
      env: { ...process.env, PATCHTIDE_TEST_BUNDLES: join(folder, 'bundles') },
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(child, 'close');
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  if (code === 0) return { kind: 'passed', seconds };
  const failed = existsSync(results) ? firstFailed(JSON.parse(readFileSync(results, 'utf8'))) : null;
  if (failed !== null) return { kind: 'failed', test: failed, seconds };
  return { kind: 'broke', how: said.trim().split('\n').slice(-15).join('\n'), seconds };
}

interface Results {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function firstFailed({ testResults }: Results): string | null {
  const failed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${name.slice(name.lastIndexOf('/test/') + 1)}: ${fullName}`),
  );
  return failed[0] ?? null;
}

function textOf(verdict: Verdict): string {
  if (verdict.kind === 'passed') return 'all of its tests pass';
  return verdict.kind === 'failed' ? verdict.test : `the tests broke: ${verdict.how}`;
}
