import { expect, test } from '@jest/globals';
import { withImmutablesAtHand } from '../../activities/immutable.js';
import type { Records } from '../../activities/ports.js';
import type { Digest } from '../../domain/ids.js';

const digest = (number: number) => `sha256:${number}` as Digest;

/** Records that tell which manifests were read from them. */
function counting(fail: () => boolean = () => false) {
  const read: Digest[] = [];
  const records = {
    manifest: async (wanted: Digest) => {
      read.push(wanted);
      if (fail()) throw new Error('the store is away');
      return { stage: wanted };
    },
    baseline: async (name: string) => ({ name }),
  };
  return { read, records: withImmutablesAtHand(records as unknown as Records) };
}

test('what lies under a digest is read once, also by those who ask at the same time', async () => {
  const { read, records } = counting();
  await Promise.all([records.manifest(digest(1)), records.manifest(digest(1))]);
  expect(await records.manifest(digest(1))).toEqual({ stage: digest(1) });
  expect(read).toEqual([digest(1)]);
});

test('what was used last is kept, and what was not is dropped', async () => {
  const { read, records } = counting();
  for (let number = 1; number <= 9; number++) {
    await records.manifest(digest(number));
    await records.manifest(digest(1));
  }
  expect(read).toHaveLength(9);
  await records.manifest(digest(2));
  expect(read).toHaveLength(10);
});

test('what could not be read is read again, and everything else is the records’ own', async () => {
  let away = true;
  const { read, records } = counting(() => away);
  await expect(records.manifest(digest(1))).rejects.toThrow('away');
  away = false;
  await records.manifest(digest(1));
  expect(read).toHaveLength(2);
  expect(await records.baseline('everything')).toEqual({ name: 'everything' });
});
