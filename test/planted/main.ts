import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
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
let running: ChildProcess | null = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (running) endGroup(running);
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });

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

/** Runs test files of the tree until the first test fails; what it started goes with it. */
async function verdictOf(tests: readonly string[]): Promise<Verdict> {
  const began = Date.now();
  const jest = join(tree, 'node_modules', 'jest', 'bin', 'jest.js');
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const reporter = `--reporters=${join(tree, 'test', 'planted', 'reporter.mjs')}`;
  const child = spawn(process.execPath, [...node, '-w', '1', reporter, '--runTestsByPath', ...tests], {
    cwd: tree,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, with the servers that the tests start.
    detached: true,
    env: { ...process.env, PATCHTIDE_TEST_BUNDLES: join(folder, 'bundles') },
  });
  running = child;
  let said = '';
  let failed: string | null = null;
  const patience = setTimeout(() => endGroup(child), PATIENCE);
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      failed ??= /^failed\t(.+)\n/m.exec(said)?.[1] ?? null;
      if (failed !== null) endGroup(child);
    });
  const [code] = await once(child, 'close');
  clearTimeout(patience);
  endGroup(child);
  running = null;
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  if (failed !== null) return { kind: 'failed', test: failed, seconds };
  if (code === 0) return { kind: 'passed', seconds };
  return { kind: 'broke', how: said.trim().split('\n').slice(-15).join('\n'), seconds };
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

function textOf(verdict: Verdict): string {
  if (verdict.kind === 'passed') return 'all of its tests pass';
  return verdict.kind === 'failed' ? verdict.test : `the tests broke: ${verdict.how}`;
}
