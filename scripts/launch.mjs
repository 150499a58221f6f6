// node scripts/launch.mjs <module of dist> [arguments]: runs it, after installing and building what is missing.
import { join } from 'node:path';
import { ensureReady, exitCodeOf, root } from './prepare.mjs';

const [module, ...args] = process.argv.slice(2);
await ensureReady();
process.exitCode = await exitCodeOf(process.execPath, ['--enable-source-maps', join(root, 'dist', module), ...args]);
