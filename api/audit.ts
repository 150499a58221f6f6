import { randomUUID } from 'node:crypto';
import type { Instant } from '../domain/ids.js';
import type { Identity } from './identity.js';
import type { ApiStore } from './ports.js';

/** The moment, as everything here writes it. */
export const now = (): Instant => new Date().toISOString() as Instant;

/** Writes down what somebody did, or was refused: a refused update leaves no trace in Temporal. */
export const note = (
  store: Pick<ApiStore, 'audit'>,
  who: Identity,
  entry: {
    readonly action: string;
    readonly subject: string;
    readonly result: 'done' | 'refused';
    readonly reason: string;
    /** The same key is the same entry; without it every entry is its own. */
    readonly key?: string;
  },
): Promise<void> =>
  store.audit({
    key: entry.key ?? randomUUID(),
    at: now(),
    who: who.name,
    action: entry.action,
    subject: entry.subject,
    result: entry.result,
    reason: entry.reason,
  });
