import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { overrideList, overrideListObject } from '../../domain/override-list.js';

const OPENSSL = { id: 'openssl.x86_64', title: 'openssl.x86_64:1:1.0.2k-24.amzn2.0.10' };
const BASH = { id: 'bash.x86_64', title: 'bash.x86_64:0:4.2.46-34.amzn2' };

test('pins Linux packages by id and title, in the order of their ids', () => {
  expect(overrideList([OPENSSL, BASH])).toBe(
    [
      'patches:',
      '  - id: "bash.x86_64"',
      '    title: "bash.x86_64:0:4.2.46-34.amzn2"',
      '  - id: "openssl.x86_64"',
      '    title: "openssl.x86_64:1:1.0.2k-24.amzn2.0.10"',
      '',
    ].join('\n'),
  );
});

test('pins Windows updates by their id alone', () => {
  expect(overrideList([{ id: 'KB5034441', title: '2024-01 Security Update' }])).toBe('patches:\n  - id: "KB5034441"\n');
});

test('is stored under the digest of its content', () => {
  const object = overrideListObject([OPENSSL, BASH]);
  expect(object).toEqual(overrideListObject([BASH, OPENSSL]));
  expect(object.name).toMatch(/^install-lists\/[0-9a-f]{64}\.yaml$/);
  expect(object.name).not.toBe(overrideListObject([BASH]).name);
});

test('reads back as it was, however long or odd the titles', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          id: fc.string({ minLength: 9 }).map((id) => `x${id}`),
          title: fc.string({ minLength: 1, maxLength: 300 }),
        }),
      ),
      (patches) => {
        const text = parse(overrideList(patches)) as { patches: unknown[] };
        expect(text.patches).toHaveLength(patches.length);
        for (const patch of patches) expect(text.patches).toContainEqual(patch);
      },
    ),
  );
});
