import { randomUUID } from 'node:crypto';
import type { Instant } from '../domain/ids.js';
import { Problem } from './errors.js';
import type { Identity } from './identity.js';
import type { ApiStore } from './ports.js';
import { Refused } from './temporal/updates.js';

/** The moment, as everything here writes it. */
export const now = (): Instant => new Date().toISOString() as Instant;

/** Writes down what somebody did, or was refused. */
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

/**
 * Carries an act out and writes it down, whether it counted or was refused: a refused update leaves no trace in Temporal.
 * @throws {Problem} the refusal; and whatever else is thrown, which is written down nowhere: the request may be repeated
 */
export async function audited<Result>(
  store: Pick<ApiStore, 'audit'>,
  who: Identity,
  act: { readonly key: string; readonly action: string; readonly subject: string; readonly reason: string },
  carryOut: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await carryOut();
    await note(store, who, { ...act, result: 'done' });
    return result;
  } catch (error) {
    const refusal = asRefusal(error);
    if (!refusal) throw error;
    // A refused request may be repeated under its key and then count: each refusal is an entry of its own.
    await note(store, who, {
      ...act,
      key: `${act.key}/refused/${Date.now()}`,
      result: 'refused',
      reason: `${act.reason}; refused as ${refusal.code}: ${refusal.message}`,
    });
    throw refusal;
  }
}

const asRefusal = (error: unknown): Problem | null => {
  if (error instanceof Refused) return new Problem(error.refusal, error.message, { cause: error });
  return error instanceof Problem && error.status < 500 ? error : null;
};
