#!/usr/bin/env node
// npx patchtide …: the command line, after installing and building what is missing.
import { ensureBuilt, ensureInstalled } from './prepare.mjs';

try {
  await ensureInstalled();
  await ensureBuilt();
} catch (failure) {
  process.stderr.write(`${failure.message}\n`);
  process.exit(1);
}
await import(new URL('../dist/cli/main.js', import.meta.url).href);
