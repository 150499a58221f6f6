// npm run coverage: how much of domain/ and workflows/ the tests run, as a table and a figure.
//
// domain/ is measured by jest. Workflows run in Temporal's sandbox, in threads of their own and out of one bundle, where
// jest does not look: Node itself writes down what V8 counted there, and the bundle's source map leads back to the sources.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { prepareTests, runJest } from './jest.mjs';
import { root } from './prepare.mjs';

// Jest's own libraries for it, in the versions that jest brings.
const ofJest = () => createRequire(createRequire(import.meta.url).resolve('@jest/reporters'));
const MEASURED = /^(domain|workflows)\/.*\.ts$/;

const folder = mkdtempSync(join(tmpdir(), 'patchtide-coverage-'));
try {
  await prepareTests();
  const [counts, bundles] = [join(folder, 'counts'), join(folder, 'bundles')];
  const { code } = await runJest(
    [
      ...['--selectProjects', 'unit', 'workflow', 'replay', '--coverage', '--coverageProvider=v8'],
      ...['--coverageReporters=json', `--coverageDirectory=${folder}`],
      ...['--collectCoverageFrom=domain/**/*.ts', '--collectCoverageFrom=workflows/**/*.ts'],
      ...process.argv.slice(2),
    ],
    { NODE_V8_COVERAGE: counts, PATCHTIDE_TEST_BUNDLES: bundles },
  );
  report(await merged(counts, bundles));
  process.exitCode = code;
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function merged(counts, bundles) {
  const { createCoverageMap } = ofJest()('istanbul-lib-coverage');
  const map = createCoverageMap({});
  const merge = (coverage) => {
    for (const [path, file] of Object.entries(coverage)) if (isMeasured(path)) map.merge({ [path]: file });
  };
  merge(JSON.parse(readFileSync(join(folder, 'coverage-final.json'), 'utf8')));
  for (const coverage of await inSandbox(counts, bundles)) merge(coverage);
  return map;
}

/** A file of types alone has nothing to run, and is left out. */
function isMeasured(path) {
  if (!MEASURED.test(relative(root, path).replaceAll('\\', '/'))) return false;
  const parser = { syntax: 'typescript' };
  const { code } = createRequire(import.meta.url)('@swc/core').transformSync(readFileSync(path, 'utf8'), {
    jsc: { parser, target: 'es2023', preserveAllComments: false, minify: { format: { comments: false } } },
  });
  return code.replace(/^(export \{ *\};|import '[^']*';|\/\/.*|\/\*[\s\S]*?\*\/|\s)*$/, '') !== '';
}

/** What V8 counted in each thread that ran the bundle, by source file. */
async function inSandbox(counts, bundles) {
  const v8ToIstanbul = ofJest()('v8-to-istanbul');
  const [bundle] = readdirSync(bundles);
  const source = readFileSync(join(bundles, bundle), 'utf8');
  const sourcemap = JSON.parse(Buffer.from(/sourceMappingURL=data:[^,]+,([\w+/=]+)\s*$/.exec(source)[1], 'base64'));
  const all = [];
  for (const file of readdirSync(counts)) {
    const { result } = JSON.parse(readFileSync(join(counts, file), 'utf8'));
    for (const { functions } of result.filter(({ url }) => /\/workflow-bundle-[0-9a-f]+\.js$/.test(url))) {
      const converter = v8ToIstanbul(join(bundles, bundle), 0, { source, sourceMap: { sourcemap } });
      await converter.load();
      converter.applyCoverage(functions);
      all.push(converter.toIstanbul());
    }
  }
  return all;
}

function report(coverageMap) {
  const { createContext } = ofJest()('istanbul-lib-report');
  const context = createContext({ dir: folder, coverageMap, defaultSummarizer: 'pkg' });
  ofJest()('istanbul-reports').create('text').execute(context);
  for (const part of ['domain', 'workflows']) {
    const files = coverageMap.files().filter((path) => relative(root, path).startsWith(part));
    const summary = files.map((path) => coverageMap.fileCoverageFor(path).toSummary().lines);
    const [covered, total] = ['covered', 'total'].map((what) => summary.reduce((sum, lines) => sum + lines[what], 0));
    process.stdout.write(`${part}: ${((100 * covered) / total).toFixed(1)} % of ${total} lines\n`);
  }
}
