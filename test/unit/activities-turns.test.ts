import { describe, expect, test } from '@jest/globals';
import { Turns } from '../../activities/turns.js';
import type { AccountId, Region } from '../../domain/ids.js';

const here = { account: '111122223333' as AccountId, region: 'eu-west-1' as Region };
const there = { ...here, region: 'us-east-1' as Region };
const never = new AbortController().signal;

const secondsFor = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

describe('turns at a rate of 2 at once and 20 a second', () => {
  const turns = () => new Turns({ capacity: 2, refill: 20 });

  test('let as many pass at once as the bucket holds, and the others one by one', async () => {
    const taken = turns();
    expect(await secondsFor(() => Promise.all([taken.take(here, never), taken.take(here, never)]))).toBeLessThan(0.04);
    const took = await secondsFor(() => Promise.all([1, 2, 3, 4].map(() => taken.take(here, never))));
    expect(took).toBeGreaterThan(0.15);
  });

  test('make all wait where AWS has refused one, in that location alone', async () => {
    const taken = turns();
    taken.refused(here);
    expect(await secondsFor(() => taken.take(here, never))).toBeGreaterThan(0.04);
    expect(await secondsFor(() => taken.take(there, never))).toBeLessThan(0.04);
  });

  test('end when the work is cancelled', async () => {
    const taken = turns();
    for (let turn = 0; turn < 2; turn++) await taken.take(here, never);
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(taken.take(here, cancelled)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
