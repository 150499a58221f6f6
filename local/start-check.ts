import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BAD_STARTS, refusalsOf } from './bad-starts.js';
import { ensureKeys } from './keys.js';
import { reported } from './reported.js';

/* npm run start-check: what the production processes say to each bad environment, and how they end, as a Markdown table. */
await reported(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'patchtide-start-check-'));
  ensureKeys(folder);
  console.log('| environment | process | exit code | printed |\n|---|---|---|---|');
  for (const start of BAD_STARTS) {
    const changed = Object.entries(start.change).map(([name, value]) =>
      value === null ? `no \`${name}\`` : `\`${name}=${value}\``,
    );
    const rows = new Map<string, string[]>();
    for (const { process: name, exitCode, lines } of await refusalsOf(start, join(folder, 'keys.json'))) {
      const said = `${exitCode} | ${lines.map((line) => `\`${line}\``).join('<br>')}`;
      rows.set(said, [...(rows.get(said) ?? []), name]);
      if (exitCode !== 78) process.exitCode = 1;
    }
    for (const [said, names] of rows) console.log(`| ${changed.join(', ')} | ${names.join(', ')} | ${said} |`);
  }
  rmSync(folder, { recursive: true });
});
