import type { NodeId } from './ids.js';

/*
 * Workflow code: replayed, so a change here needs the same care as a change to a workflow.
 */

/** What a wave asks of its location before it begins a batch. */
export interface LeaseRequest {
  /** The workflow id of the wave: who is looked at before a lease is broken. */
  readonly owner: string;
  readonly batch: number;
  readonly nodes: readonly NodeId[];
  /** How many snapshots the batch will have pending at most; 0 where it takes none. */
  readonly snapshots: number;
}

/** Nodes that belong to one batch, and to nobody else until it gives them back. */
export interface Lease extends LeaseRequest {
  /** Of `snapshots`, how many may still be pending. */
  readonly pending: number;
}

/** Who has which nodes of a location, and who waits for some, in the order in which they asked. */
export interface LeaseBook {
  readonly leases: readonly Lease[];
  readonly waiting: readonly LeaseRequest[];
}

export const EMPTY_BOOK: LeaseBook = { leases: [], waiting: [] };

/** Why a request waits. `owners` have what it wants. */
export interface Blocked {
  readonly request: LeaseRequest;
  readonly by: 'nodes' | 'snapshots';
  readonly owners: readonly string[];
}

export interface Granted {
  readonly book: LeaseBook;
  readonly granted: readonly LeaseRequest[];
  readonly blocked: readonly Blocked[];
}

const isOf =
  ({ owner, batch }: Pick<LeaseRequest, 'owner' | 'batch'>) =>
  (other: LeaseRequest): boolean =>
    other.owner === owner && other.batch === batch;

/** Adds a request at the end of the queue; one that is known already, waiting or granted, changes nothing. */
export function ask(book: LeaseBook, request: LeaseRequest): LeaseBook {
  const known = [...book.leases, ...book.waiting].some(isOf(request));
  return known ? book : { ...book, waiting: [...book.waiting, request] };
}

/** The batch has ended, or needs its lease no longer. */
export function release(book: LeaseBook, of: Pick<LeaseRequest, 'owner' | 'batch'>): LeaseBook {
  const isOther = (request: LeaseRequest) => !isOf(of)(request);
  return { leases: book.leases.filter(isOther), waiting: book.waiting.filter(isOther) };
}

/** The batch's snapshots are no longer pending; it keeps its nodes. */
export const snapshotsEnded = (book: LeaseBook, of: Pick<LeaseRequest, 'owner' | 'batch'>): LeaseBook => ({
  ...book,
  leases: book.leases.map((lease) => (isOf(of)(lease) ? { ...lease, pending: 0 } : lease)),
});

/** Gives back all that an owner has and wants: it has ended without saying so. */
export const releaseAll = (book: LeaseBook, owner: string): LeaseBook => ({
  leases: book.leases.filter((lease) => lease.owner !== owner),
  waiting: book.waiting.filter((request) => request.owner !== owner),
});

/**
 * Grants what can be granted, first come first served, at most `atMost` requests.
 *
 * A request gets all of its nodes or none, so that no two batches wait for each other. One that waits for nodes lets
 * others pass, but nobody who wants the same nodes. One that waits for room among the pending snapshots lets only those
 * pass that take none, so that a large batch has its turn. A batch that is larger than the whole quota is let through
 * when nothing else is pending: it could never begin otherwise.
 */
export function grant(book: LeaseBook, quota: number, atMost = Number.POSITIVE_INFINITY): Granted {
  const holders = new Map<NodeId, string>();
  for (const { nodes, owner } of book.leases) for (const node of nodes) holders.set(node, owner);
  let pending = book.leases.reduce((sum, lease) => sum + lease.pending, 0);
  const snapshotting = book.leases.filter((lease) => lease.pending > 0);
  let full = false;
  const granted: LeaseRequest[] = [];
  const blocked: Blocked[] = [];
  const waiting: LeaseRequest[] = [];

  for (const request of book.waiting) {
    const owners = [...new Set(request.nodes.flatMap((node) => holders.get(node) ?? []))];
    const room = request.snapshots === 0 || (!full && (pending === 0 || pending + request.snapshots <= quota));
    if (owners.length === 0 && room && granted.length < atMost) {
      granted.push(request);
      pending += request.snapshots;
    } else {
      waiting.push(request);
      if (owners.length > 0) blocked.push({ request, by: 'nodes', owners });
      else if (!room) {
        full = true;
        const asking = granted.filter(({ snapshots }) => snapshots > 0);
        blocked.push({ request, by: 'snapshots', owners: ownersOf([...snapshotting, ...asking]) });
      }
    }
    for (const node of request.nodes) if (!holders.has(node)) holders.set(node, request.owner);
  }
  const leases = [...book.leases, ...granted.map((request) => ({ ...request, pending: request.snapshots }))];
  return { book: { leases, waiting }, granted, blocked };
}

const ownersOf = (requests: readonly LeaseRequest[]): string[] => [...new Set(requests.map(({ owner }) => owner))];
