// npm run planted: bugs planted one by one in a copy of the tree, and the tests that notice (test/planted).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepareTests } from './jest.mjs';
import { exitCodeOf, root } from './prepare.mjs';

try {
  await prepareTests();
  const typescript = pathToFileURL(join(root, 'test', 'support', 'typescript.mjs')).href;
  const main = join(root, 'test', 'planted', 'main.ts');
  process.exitCode = await exitCodeOf(process.execPath, ['--import', typescript, main, ...process.argv.slice(2)]);
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = 1;
}
