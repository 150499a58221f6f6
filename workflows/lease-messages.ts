import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { LeaseBook, LeaseRequest } from '../domain/leases.js';

/*
 * What waves and their location say to each other; the location's workflow id is in domain/ids.ts. All are signals: a
 * wave that asks twice has asked once, and one that gives back twice has given back once.
 */

/** From a wave, before a batch begins: these nodes, and room for their snapshots. */
export const lease = defineSignal<[LeaseMessage]>('lease');
export interface LeaseMessage extends LeaseRequest {
  /** How many snapshots may be pending in the location at the same time; the newest word counts. */
  readonly quota: number;
}
/** To a wave: the batch may begin. */
export const leased = defineSignal<[Leased]>('leased');
export interface Leased {
  readonly batch: number;
}
/** From a wave: the snapshots of the batch are no longer pending. */
export const snapshotted = defineSignal<[OfBatch]>('snapshotted');
/** From a wave: the batch has ended, or will not begin. */
export const release = defineSignal<[OfBatch]>('release');
/** From a wave: AWS asked it to slow down. */
export const throttled = defineSignal<[{ readonly owner: string }]>('throttled');
export interface OfBatch {
  readonly owner: string;
  readonly batch: number;
}

/** Who has which nodes, and who waits for some. */
export const leases = defineQuery<LocationState>('leases');
export interface LocationState extends LeaseBook {
  readonly quota: number;
  /** Milliseconds between two grants while AWS wants it slower; 0 when it does not. */
  readonly gap: number;
}
