import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { PROBLEMS } from '../../api/errors.js';
import { FINDINGS as OF_THE_DOCTOR } from '../../domain/doctor/findings.js';
import { FINDINGS as OF_AN_IMPORT } from '../../domain/import/findings.js';
import { REFUSALS } from '../../workflows/messages.js';

const rows = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => /^\| `([\w-]+)` \|/.exec(line)?.[1] ?? []);

it('documents every code of an error once', () => {
  expect(rows.length).toBe(new Set(rows).size);
  expect(rows).toEqual(expect.arrayContaining([...Object.keys(PROBLEMS), ...REFUSALS]));
});

it('says of every problem of the API what the API says', () => {
  const reference = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  for (const [code, { status, title, advice }] of Object.entries(PROBLEMS))
    expect(reference).toContain(`| \`${code}\` | ${status} | ${title} | ${advice} |`);
});

it('says of every finding of the doctor and of an import what they say', () => {
  const reference = readFileSync(new URL('../../docs/findings.md', import.meta.url), 'utf8');
  const listed = reference.split('\n').filter((line) => line.startsWith('| `'));
  expect(listed).toEqual([
    ...Object.entries(OF_THE_DOCTOR).map(([code, { severity, advice }]) => `| \`${code}\` | ${severity} | ${advice} |`),
    ...Object.entries(OF_AN_IMPORT).map(
      ([code, { consequence, advice }]) => `| \`${code}\` | ${consequence} | ${advice} |`,
    ),
  ]);
});
