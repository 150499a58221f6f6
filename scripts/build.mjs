// npm run build: dist/ and the workflow bundle, whether or not anything changed.
import { build, ensureInstalled, timed } from './prepare.mjs';

try {
  await ensureInstalled();
  await timed('Building', build);
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = 1;
}
