// node scripts/launch.mjs <module of dist> [arguments]: runs it, after installing and building what is missing.
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, exitCodeOf, root } from './prepare.mjs';

const [module, ...args] = process.argv.slice(2);
try {
  await ensureInstalled();
  await ensureBuilt();
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.exit(1);
}
process.exitCode = await exitCodeOf(process.execPath, ['--enable-source-maps', join(root, 'dist', module), ...args]);
