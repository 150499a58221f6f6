import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_PENDING_SNAPSHOTS, roomFor } from '../../domain/snapshot-room.js';

const room = (wanted: number, least: number, taken: number, quota: number | null = 100) =>
  roomFor({ wanted, least }, { quota, taken });

describe('room for pending snapshots', () => {
  test('is for all volumes of a batch, or for none of them', () => {
    expect(room(40, 2, 60)).toBe(40);
    expect(room(40, 2, 61)).toBe(0);
  });

  test('is what there is where a batch wants more than the quota, if it helps', () => {
    expect(room(150, 3, 0)).toBe(100);
    expect(room(150, 3, 97)).toBe(3);
    expect(room(150, 3, 98)).toBe(0);
  });

  test('is for one node with more volumes than the quota once nobody else has any', () => {
    expect(room(12, 12, 1, 10)).toBe(0);
    expect(room(12, 12, 0, 10)).toBe(12);
  });

  test('is the default quota of AWS where the account does not say', () => {
    expect(room(150, 3, 0, null)).toBe(DEFAULT_PENDING_SNAPSHOTS);
  });

  /** Batches whose nodes have so many volumes each; each takes what it gets, and gives it back when it has been snapshotted. */
  const batches = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 12 }), { minLength: 1 });

  test('is never more than the quota together, and in the end everybody has had theirs', () => {
    fc.assert(
      fc.property(batches, fc.integer({ min: 6, max: 40 }), fc.infiniteStream(fc.nat(1_000)), (nodes, quota, luck) => {
        const open = nodes.map((sizes) => ({ sizes: [...sizes], has: 0 }));
        for (let turn = 0; turn < 10_000 && open.length > 0; turn++) {
          const batch = open[(luck.next().value ?? 0) % open.length];
          if (!batch) break;
          // Whoever has room is snapshotted with what fits into it; whoever has none asks.
          if (batch.has > 0) batch.has = 0;
          else {
            const taken = open.reduce((sum, { has }) => sum + has, 0);
            const wanted = batch.sizes.reduce((sum, size) => sum + size, 0);
            const granted = roomFor({ wanted, least: batch.sizes[0] ?? 0 }, { quota, taken });
            expect(taken + granted).toBeLessThanOrEqual(quota);
            while (batch.sizes[0] !== undefined && batch.has + batch.sizes[0] <= granted)
              batch.has += batch.sizes.shift() ?? 0;
          }
          for (const [index, { sizes, has }] of open.entries())
            if (sizes.length === 0 && has === 0) open.splice(index, 1);
        }
        expect(open).toEqual([]);
      }),
    );
  });
});
