import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Instant } from '../../domain/ids.js';
import { dueAt } from '../../domain/snapshot-retention.js';

const DAY = 86_400_000;
const at = (day: number) => new Date(Date.UTC(2026, 0, 1) + day * DAY).toISOString() as Instant;
const snapshot = (taken: number, keep = 14) => ({ takenAt: at(taken), keepFor: keep * DAY });
const day = fc.integer({ min: 0, max: 800 });

describe('a snapshot is due', () => {
  test('so long after the soak of its stage as the plan keeps it', () => {
    expect(dueAt(snapshot(1), { since: at(8), rollbackRuns: false })).toBe(at(22));
  });

  test('so long after itself where it was taken later, or where nobody knows its stage any more', () => {
    expect(dueAt(snapshot(30), { since: at(8), rollbackRuns: false })).toBe(at(44));
    expect(dueAt(snapshot(3), null)).toBe(at(17));
  });

  test('never while its stage goes on, or while a rollback of its cycle is at work', () => {
    fc.assert(
      fc.property(day, day, day, (taken, keep, since) => {
        expect(dueAt(snapshot(taken, keep), { since: null, rollbackRuns: false })).toBeNull();
        expect(dueAt(snapshot(taken, keep), { since: at(since), rollbackRuns: true })).toBeNull();
      }),
    );
  });

  test('never before its retention is over, counted from the snapshot and from the end of the soak', () => {
    fc.assert(
      fc.property(day, day, fc.option(day), (taken, keep, since) => {
        const end = since === null ? null : { since: at(since), rollbackRuns: false };
        const due = Date.parse(dueAt(snapshot(taken, keep), end) ?? '');
        expect(due - Date.parse(at(taken))).toBeGreaterThanOrEqual(keep * DAY);
        if (since !== null) expect(due - Date.parse(at(since))).toBeGreaterThanOrEqual(keep * DAY);
      }),
    );
  });
});
