import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { PLANTED } from '../planted/bugs.js';
import { withBug } from '../planted/plant.js';

/* `npm run planted` plants them one by one and runs their tests; here it is held that it still can. */
describe('a planted bug', () => {
  test.each(PLANTED.map((bug) => [bug.name, bug] as const))('still has its place: %s', (_name, bug) => {
    const source = readFileSync(bug.file, 'utf8');
    expect(withBug(source, bug)).not.toBe(source);
    expect(bug.tests.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('is one of at least twenty, each with a name of its own', () => {
    expect(new Set(PLANTED.map(({ name }) => name)).size).toBe(PLANTED.length);
    expect(PLANTED.length).toBeGreaterThanOrEqual(20);
  });

  test('is refused where its place is not there, or not the only one', () => {
    const bug = { file: 'a.ts', find: 'one', replace: 'two' };
    expect(withBug('one', bug)).toBe('two');
    expect(() => withBug('nothing', bug)).toThrow('0 times');
    expect(() => withBug('one and one', bug)).toThrow('2 times');
  });
});
