// npm run check: format, lint, types and import direction, side by side; prints what failed and nothing of the rest.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, root } from './prepare.mjs';

const module = (...path) => join(root, 'node_modules', ...path);
const checks = {
  'format and lint (biome)': [module('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'],
  'promises and import direction (oxlint)': [module('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings', '.'],
  'types (tsc)': [module('typescript', 'bin', 'tsc'), '-p', 'tsconfig.check.json'],
};

await ensureInstalled();
const results = await Promise.all(Object.entries(checks).map(([name, args]) => outcome(name, args)));
for (const { name, passed, seconds, output } of results) {
  if (!passed) process.stdout.write(`\n${output.trim()}\n\n`);
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name}, ${seconds} s\n`);
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

function outcome(name, args) {
  return new Promise((resolve) => {
    const began = Date.now();
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const end = (passed) => resolve({ name, passed, seconds: ((Date.now() - began) / 1000).toFixed(1), output });
    child.on('error', (failure) => {
      output += failure.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}
