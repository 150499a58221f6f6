import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readKeys } from '../../api/keys.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patchtide-keys-'));
  file = join(folder, 'keys.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const PROGRAM = fileURLToPath(new URL('../../dist/api/create-keys.js', import.meta.url));
const keys = (...args: string[]): Promise<{ exitCode: number; printed: string; refused: string }> =>
  new Promise((resolve) => {
    const env = { PATH: process.env.PATH, PATCHTIDE_KEYS: file };
    const child = execFile(process.execPath, [PROGRAM, ...args], { env }, (_error, printed, refused) =>
      resolve({ exitCode: child.exitCode ?? -1, printed, refused }),
    );
  });

test('npm run keys makes a key for each person, readable by the owner alone, and adds to those that are there', async () => {
  const { exitCode, printed } = await keys('ada:operator', 'grace:approver');
  expect(exitCode).toBe(0);
  await keys('mary:admin');
  const people = readKeys(file);
  expect(people.map(({ name, role }) => `${name}:${role}`)).toEqual(['ada:operator', 'grace:approver', 'mary:admin']);
  expect(printed).toContain(`ada operator ${people[0]?.key}`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a name that is taken is refused in one line, and the file stays as it was', async () => {
  await keys('ada:operator');
  const before = readFileSync(file, 'utf8');
  const { exitCode, refused } = await keys('grace:approver', 'ada:admin');
  expect({ exitCode, refused }).toEqual({
    exitCode: 78,
    refused: `PATCHTIDE_KEYS: ${file} would give two people the name ada; nothing was written\n`,
  });
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('--missing leaves a file alone that is there', async () => {
  await keys('--missing', 'ada:operator');
  await keys('--missing', 'grace:approver');
  expect(readKeys(file).map(({ name }) => name)).toEqual(['ada']);
});

test('a role that nobody has is told with the roles that there are', async () => {
  const { exitCode, refused } = await keys('ada:king');
  expect(exitCode).toBe(64);
  expect(refused).toContain('viewer, operator, approver, admin');
});
