import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodeId } from '../../domain/ids.js';
import {
  ask,
  EMPTY_BOOK,
  grant,
  type LeaseBook,
  type LeaseRequest,
  release,
  releaseAll,
  snapshotsEnded,
} from '../../domain/leases.js';

const QUOTA = 100;
const request = (owner: string, nodes: readonly string[], snapshots = 0, batch = 1): LeaseRequest => ({
  owner,
  batch,
  nodes: nodes as readonly NodeId[],
  snapshots,
});
const bookOf = (...requests: LeaseRequest[]): LeaseBook => requests.reduce(ask, EMPTY_BOOK);
const ownersOf = (requests: readonly LeaseRequest[]) => requests.map(({ owner }) => owner);

describe('leases of nodes', () => {
  test('a node belongs to one batch until it is given back', () => {
    const first = grant(bookOf(request('a', ['i-1', 'i-2']), request('b', ['i-2', 'i-3'])), QUOTA);
    expect(ownersOf(first.granted)).toEqual(['a']);
    expect(first.blocked).toMatchObject([{ request: { owner: 'b' }, by: 'nodes', owners: ['a'] }]);

    const second = grant(release(first.book, { owner: 'a', batch: 1 }), QUOTA);
    expect(ownersOf(second.granted)).toEqual(['b']);
    expect(second.blocked).toEqual([]);
  });

  test('who waits for nodes lets others pass, but nobody who wants the same nodes', () => {
    const held = grant(bookOf(request('a', ['i-1'])), QUOTA).book;
    const asked = [request('b', ['i-1', 'i-2']), request('c', ['i-2']), request('d', ['i-9'])].reduce(ask, held);
    const { granted, blocked } = grant(asked, QUOTA);
    expect(ownersOf(granted)).toEqual(['d']);
    expect(blocked.map(({ request: { owner }, owners }) => [owner, owners])).toEqual([
      ['b', ['a']],
      ['c', ['b']],
    ]);
  });

  test('asking twice is asking once, before and after the grant', () => {
    const twice = bookOf(request('a', ['i-1']), request('a', ['i-1']));
    expect(twice.waiting).toHaveLength(1);
    const { book } = grant(twice, QUOTA);
    expect(ask(book, request('a', ['i-1']))).toEqual(book);
  });

  test('an owner that has ended without a word gives back all it has and wants', () => {
    const { book } = grant(bookOf(request('a', ['i-1']), request('a', ['i-1'], 0, 2), request('b', ['i-1'])), QUOTA);
    const { granted, book: after } = grant(releaseAll(book, 'a'), QUOTA);
    expect(ownersOf(granted)).toEqual(['b']);
    expect(after.waiting).toEqual([]);
  });
});

describe('pending snapshots', () => {
  test('stay within the quota over all owners', () => {
    const asked = bookOf(request('a', ['i-1'], 60), request('b', ['i-2'], 60), request('c', ['i-3'], 40));
    const first = grant(asked, QUOTA);
    expect(ownersOf(first.granted)).toEqual(['a']);
    // The smaller one would fit, and does not overtake: the larger one would never have its turn.
    expect(first.blocked).toMatchObject([
      { by: 'snapshots', owners: ['a'] },
      { by: 'snapshots', owners: ['a'] },
    ]);
    const second = grant(snapshotsEnded(first.book, { owner: 'a', batch: 1 }), QUOTA);
    expect(ownersOf(second.granted)).toEqual(['b', 'c']);
  });

  test('do not hold back batches that take none', () => {
    const asked = bookOf(request('a', ['i-1'], 100), request('b', ['i-2'], 1), request('c', ['i-3']));
    expect(ownersOf(grant(asked, QUOTA).granted)).toEqual(['a', 'c']);
  });

  test('let a batch through that is larger than the quota, alone', () => {
    expect(ownersOf(grant(bookOf(request('a', ['i-1'], 150), request('b', ['i-2'], 1)), QUOTA).granted)).toEqual(['a']);
  });
});

describe('any order of asking and giving back', () => {
  const action = fc.record({
    kind: fc.constantFrom('ask', 'release', 'snapshotted', 'died'),
    owner: fc.constantFrom('a', 'b', 'c', 'd'),
    batch: fc.integer({ min: 1, max: 3 }),
    nodes: fc.uniqueArray(fc.constantFrom('i-1', 'i-2', 'i-3', 'i-4', 'i-5'), { minLength: 1 }),
    snapshots: fc.integer({ min: 0, max: 10 }),
  });

  test('never gives a node to two, never exceeds the quota, and in the end serves all', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const quota = 12;
        let book = EMPTY_BOOK;
        const granting = () => {
          book = grant(book, quota).book;
          const nodes = book.leases.flatMap((lease) => lease.nodes);
          expect(new Set(nodes).size).toBe(nodes.length);
          expect(book.leases.reduce((sum, lease) => sum + lease.pending, 0)).toBeLessThanOrEqual(quota);
        };
        for (const { kind, owner, batch, nodes, snapshots } of actions) {
          if (kind === 'ask') book = ask(book, request(owner, nodes, snapshots, batch));
          else if (kind === 'release') book = release(book, { owner, batch });
          else if (kind === 'snapshotted') book = snapshotsEnded(book, { owner, batch });
          else book = releaseAll(book, owner);
          granting();
        }
        for (let round = 0; book.leases.length > 0 && round < 100; round++) {
          for (const lease of book.leases) book = release(book, lease);
          granting();
        }
        expect(book).toEqual(EMPTY_BOOK);
      }),
    );
  });
});
