import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const README = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
/** Made by the tools, and not part of what is read. */
const MADE = new Set(['dist', 'node_modules']);

describe('the README', () => {
  test('names every command', () => {
    const commands = Object.keys(scripts).map((name) =>
      name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`,
    );
    expect(commands.filter((command) => !README.includes(command))).toEqual([]);
  });

  test('names every folder', () => {
    const folders = readdirSync('.', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !MADE.has(entry.name))
      .map(({ name }) => `[\`${name}/\`](${name})`);
    expect(folders.filter((folder) => !README.includes(folder))).toEqual([]);
  });
});
