// npm run check:deploy: checks the CloudFormation templates with cfn-lint, which is fetched by pip when it is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '1.58.0';
const TEMPLATES = fileURLToPath(new URL('../deploy/aws/', import.meta.url));
/** cfn-lint's package has no __main__. */
const RUN = 'import sys; from cfnlint.runner import main; sys.argv[0] = "cfn-lint"; sys.exit(main())';

const python = (args, environment = {}) =>
  spawnSync('python3', args, { encoding: 'utf8', env: { ...process.env, ...environment } });

const templates = () =>
  readdirSync(TEMPLATES)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(TEMPLATES, name));

/** Outside of the clone, so that `npm ci` and a fresh clone do not cost it; see local/binaries.ts. */
const folder = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'patchtide', `cfn-lint-${VERSION}`);

/** Why cfn-lint cannot be had; null where it is there. */
function missing() {
  if (existsSync(folder())) return null;
  if (python(['--version']).status !== 0) return 'python3 is not on the PATH';
  if (python(['-m', 'pip', '--version']).status !== 0) return 'python3 has no pip';
  mkdirSync(join(folder(), '..'), { recursive: true });
  const workshop = mkdtempSync(join(folder(), '..', 'fetching-'));
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', workshop];
  try {
    const { status, stderr } = python([...pip, `cfn-lint==${VERSION}`]);
    if (status !== 0) return `cfn-lint ${VERSION} could not be fetched: ${stderr.trim().split('\n').at(-1)}`;
    // Whoever else fetches at the same time: what is there is whole.
    if (!existsSync(folder())) renameSync(workshop, folder());
    return null;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

const skipped = missing();
if (skipped) {
  console.log(`Not checked: ${skipped}.`);
} else {
  const { status, stdout, stderr } = python(['-c', RUN, ...templates()], { PYTHONPATH: folder() });
  const output = `${stdout}${stderr}`.trim();
  console.log(output || `cfn-lint ${VERSION}: the templates are well.`);
  process.exitCode = status === 0 ? 0 : 1;
}
