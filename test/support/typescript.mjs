import { register } from 'node:module';

/* `node --import ./test/support/typescript.mjs program.ts`: runs our TypeScript in a process of its own, threads included. */
register('./typescript-hooks.mjs', import.meta.url);
