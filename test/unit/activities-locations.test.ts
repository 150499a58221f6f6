import { expect, test } from '@jest/globals';
import { allOf, sideBySide } from '../../activities/locations.js';

test('items are worked through some at a time, and answered in their order', async () => {
  let [underWay, most] = [0, 0];
  const work = async (item: number) => {
    underWay += 1;
    most = Math.max(most, underWay);
    for (let turn = item; turn < 6; turn++) await Promise.resolve();
    underWay -= 1;
    return item * 10;
  };
  expect(await sideBySide([1, 2, 3, 4, 5], work, 2)).toEqual([10, 20, 30, 40, 50]);
  expect(most).toBe(2);
});

test('the first error is thrown, and nothing more is begun', async () => {
  const begun: number[] = [];
  let go = (): void => {};
  const others = new Promise<void>((resolve) => {
    go = resolve;
  });
  const work = async (item: number) => {
    begun.push(item);
    if (item === 1) throw new Error('broke');
    await others;
  };
  await expect(sideBySide([1, 2, 3, 4, 5], work, 2)).rejects.toThrow('broke');
  go();
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([1, 2]);
});

test('where all are to be tried, the first error is thrown when all have been', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 1) throw new Error('broke');
  };
  await expect(allOf([1, 2, 3], work)).rejects.toThrow('broke');
  expect(begun).toEqual([1, 2, 3]);
});
