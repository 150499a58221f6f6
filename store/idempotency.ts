import type { Kysely } from 'kysely';
import type { Digest } from '../domain/ids.js';
import type { Database } from './schema.js';
import { json } from './sql.js';

/** What a request with an `Idempotency-Key` is to be answered with. */
export type Claim =
  /** First seen: carry it out, then call `answered`. */
  | { readonly kind: 'fresh' }
  /** Seen before with the same content; `response` is null while (or because) nothing was answered: carry it out again. */
  | { readonly kind: 'again'; readonly response: unknown }
  /** Seen before with other content: refuse it. */
  | { readonly kind: 'conflict' };

/** Keys belong to who sent them: two people may use the same key. */
export interface Idempotency {
  claimKey(identity: string, key: string, requestDigest: Digest): Promise<Claim>;
  /** Keeps the response for repetitions; the first one stays. */
  answered(identity: string, key: string, response: unknown): Promise<void>;
}

export const idempotency = (db: Kysely<Database>): Idempotency => ({
  claimKey: async (identity, key, requestDigest) => {
    const inserted = await db
      .insertInto('idempotency')
      .values({ identity, key, request_digest: requestDigest })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst();
    if (inserted) return { kind: 'fresh' };
    const row = await db
      .selectFrom('idempotency')
      .select(['request_digest', 'response'])
      .where('identity', '=', identity)
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    return row.request_digest === requestDigest ? { kind: 'again', response: row.response } : { kind: 'conflict' };
  },
  answered: async (identity, key, response) => {
    await db
      .updateTable('idempotency')
      .set({ response: json(response) })
      .where('identity', '=', identity)
      .where('key', '=', key)
      .where('response', 'is', null)
      .execute();
  },
});
