import { expect, test } from '@jest/globals';
import { Gate } from '../../aws/gate.js';

test('a gate lets so many run at once, the others in their order, and goes on where one fails', async () => {
  const gate = new Gate(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const works = [1, 2, 3, 4].map((number) =>
    gate.run(async () => {
      began.push(number);
      await new Promise<void>((end) => ends.push(end));
      if (number === 1) throw new Error('broke');
    }),
  );
  works[0]?.catch(() => undefined);
  expect(began).toEqual([1, 2]);
  ends[0]?.();
  await expect(works[0]).rejects.toThrow('broke');
  expect(began).toEqual([1, 2, 3]);
  ends[1]?.();
  await works[1];
  expect(began).toEqual([1, 2, 3, 4]);
  ends[2]?.();
  ends[3]?.();
  await Promise.all([works[2], works[3]]);
});
