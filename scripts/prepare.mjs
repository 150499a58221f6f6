// What a clone needs before anything of it can run. Plain JavaScript without dependencies: it runs before `npm ci`.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...path) => join(root, ...path);

/** Installs the locked dependencies where they are missing or not those of package-lock.json. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  await alone(async () => {
    if (isInstalled()) return;
    await timed('Installing dependencies (npm ci)', () => npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']));
    writeFileSync(at('node_modules', '.patchtide-lock'), lockDigest());
  });
}

/** Compiles and bundles the workflows where a source is newer than what was built. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await alone(async () => {
    if (isBuilt()) return;
    await timed('Building', build);
  });
}

/** Installs and builds what is missing; what does not work out is said in a sentence, and ends this process. */
export async function ensureReady() {
  try {
    await ensureInstalled();
    await ensureBuilt();
  } catch (failure) {
    process.stderr.write(`${failure.message}\n`);
    process.exit(1);
  }
}

/** Compiles to dist/, and bundles the workflows to dist/workflow-bundle.js. */
export async function build() {
  const sources = sourcesDigest();
  rmSync(at('dist', '.sources'), { force: true });
  await run(process.execPath, [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', at('tsconfig.json')]);
  const { bundleWorkflows } = await import(new URL('../dist/worker/bundle.js', import.meta.url).href);
  writeFileSync(at('dist', 'workflow-bundle.js'), await bundleWorkflows(new URL('../', import.meta.url)));
  writeFileSync(at('dist', '.sources'), sources);
}

/**
 * Runs a program to its end, with our standard streams, and passes our signals on.
 * Resolves to its exit code; 128 and the number of the signal where one ended it.
 */
export function exitCodeOf(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const watch = onParentGone(() => forward('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      clearInterval(watch);
      resolve(code ?? { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal] ?? 137);
    });
  });
}

/** npm passes a signal on to the shell between itself and us, and the shell ends without telling: its end is our signal. */
function onParentGone(act) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.env.npm_lifecycle_event === undefined || process.ppid === parent) return;
    clearInterval(watch);
    act();
  }, 500);
  return watch;
}

export async function run(command, args, options) {
  const code = await exitCodeOf(command, args, options);
  if (code !== 0)
    throw new Error(`${[command, ...args].map((part) => part.replace(root, '')).join(' ')} ended with ${code}`);
}

/** Runs npm, through the npm that runs us where there is one: `npm` alone is not a program on Windows. */
export const npm = (args) =>
  process.env.npm_execpath?.endsWith('.js')
    ? run(process.execPath, [process.env.npm_execpath, ...args])
    : run('npm', args, { shell: process.platform === 'win32' });

export async function timed(what, work) {
  process.stderr.write(`${what} …\n`);
  const began = Date.now();
  await work();
  process.stderr.write(`${what}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

function isInstalled() {
  const mark = at('node_modules', '.patchtide-lock');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lockDigest()) return true;
  if (!agreesWithLock()) return false;
  writeFileSync(mark, lockDigest());
  return true;
}

const lockDigest = () =>
  createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');

/** True where npm itself installed just what the lock names; optional packages for other platforms may be absent. */
function agreesWithLock() {
  const installed = at('node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const found = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { integrity, optional }]) =>
    path === '' ? true : found[path] ? found[path].integrity === integrity : optional === true,
  );
}

function isBuilt() {
  const mark = at('dist', '.sources');
  return (
    existsSync(mark) && existsSync(at('dist', 'workflow-bundle.js')) && readFileSync(mark, 'utf8') === sourcesDigest()
  );
}

/** Changes when a source is written, appears or goes away. */
function sourcesDigest() {
  const { include } = JSON.parse(readFileSync(at('tsconfig.json'), 'utf8'));
  const files = include
    .filter((folder) => existsSync(at(folder)))
    .flatMap((folder) => readdirSync(at(folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.ts'));
  const hash = createHash('sha256');
  for (const file of [...files.sort(), 'tsconfig.json', 'package-lock.json']) {
    const { mtimeMs, size } = statSync(at(file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

/** One process at a time prepares a clone; a mark left by one that is dead does not count. */
async function alone(work) {
  const mark = at('.preparing');
  for (let first = true; ; first = false) {
    try {
      const file = openSync(mark, 'wx');
      writeFileSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (failure) {
      if (failure.code !== 'EEXIST') throw failure;
      if (!(await isHeld(mark))) rmSync(mark, { force: true });
      else if (first) process.stderr.write('Another process is preparing this clone; waiting for it …\n');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    await work();
  } finally {
    rmSync(mark, { force: true });
  }
}

async function isHeld(mark) {
  try {
    process.kill(Number(readFileSync(mark, 'utf8')) || process.pid, 0);
    return true;
  } catch (failure) {
    return failure.code === 'EPERM';
  }
}
