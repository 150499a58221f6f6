#!/usr/bin/env node
// npx patchtide …: the command line, after installing and building what is missing.
import { ensureReady } from './prepare.mjs';

await ensureReady();
await import(new URL('../dist/cli/main.js', import.meta.url).href);
