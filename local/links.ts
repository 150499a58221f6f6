import type { Stack } from './stack.js';

/** Where people find the stack, and its data, a line each. */
export function linksOf({ config, addresses }: Stack): string {
  const lines: [string, string | null][] = [
    ['API', addresses.api],
    ['API reference', `${addresses.api}/docs`],
    ['Temporal UI', addresses.temporalUi],
    ['Fleet ledger', addresses.fleet && `${addresses.fleet}/_fleet/ledger`],
    ['Data folder', config.data],
    ['API keys', `${config.data}/keys.json`],
  ];
  const table = lines.flatMap(([name, where]) => (where ? [`  ${name.padEnd(14)} ${where}`] : []));
  if (config.databaseUrl === null)
    table.push(
      '',
      '  The embedded database survives the end of any process, but not a power cut: it does not wait for the disk.',
      '  With DATABASE_URL the stack uses PostgreSQL.',
    );
  return table.join('\n');
}
