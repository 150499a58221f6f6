import { mkdir, writeFile } from 'node:fs/promises';
import { apiTable, benchApi } from './api.js';

/* Bench (d) alone: prints its table and writes bench/results/api.json. */
const result = await benchApi({ say: (line) => process.stderr.write(`${line}\n`) });
await mkdir('bench/results', { recursive: true });
await writeFile('bench/results/api.json', `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${apiTable(result)}\n`);
