import { expect, test } from '@jest/globals';
import type { StageName } from '../../domain/ids.js';
import { targetJump } from '../../domain/target-jump.js';

const asks = (before: number | null, now: number) => targetJump('prod' as StageName, before, now) !== null;

test.each([
  [100, 151, true],
  [100, 150, false],
  [100, 49, true],
  [100, 50, false],
  [4, 14, false],
  [4, 15, true],
  [11, 0, true],
  [10, 0, false],
  [0, 11, true],
])('from %i nodes to %i: a question is %s', (before, now, expected) => {
  expect(asks(before, now)).toBe(expected);
});

test('the first cycle of a plan asks nothing', () => {
  expect(asks(null, 5_000)).toBe(false);
});

test('the question says both numbers', () => {
  expect(targetJump('prod' as StageName, 60, 600)).toBe(
    'The plan selects 600 nodes for stage prod; in its last cycle it was 60. Nothing has been touched yet.',
  );
});
