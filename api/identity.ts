import { createHash, timingSafeEqual } from 'node:crypto';
import { ROLES, type Role } from '../domain/roles.js';

export { ROLES, type Role };

/** What a route lets its callers do. */
export type Permission = 'read' | 'steer' | 'decide' | 'write' | 'examine';

/**
 * Duties are separated: who writes plans does not start cycles, and who starts a cycle does not decide on it. Who decides
 * on a stage is said by its plan (approvers, where it says nothing), so the route looks there.
 */
const MAY: Readonly<Record<Permission, readonly Role[]>> = {
  read: ROLES,
  steer: ['operator'],
  decide: ROLES,
  write: ['admin'],
  examine: ['operator', 'admin'],
};

/** Who sends a request. `name` is what the audit trail and the four-eyes rule go by. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
}

export interface ApiKey extends Identity {
  readonly key: string;
}

export const may = (identity: Identity, permission: Permission): boolean => MAY[permission].includes(identity.role);
export const rolesThatMay = (permission: Permission): readonly Role[] => MAY[permission];

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The API keys, kept as digests. */
export class KeyRing {
  readonly #keys: readonly { readonly digest: Buffer; readonly identity: Identity }[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ key, name, role }) => ({ digest: digest(key), identity: { name, role } }));
  }

  /** Whose key this is, or null. Every key is compared, each in constant time, so that the time tells nothing. */
  identify(key: string): Identity | null {
    const asked = digest(key);
    let found: Identity | null = null;
    for (const entry of this.#keys) if (timingSafeEqual(entry.digest, asked)) found = entry.identity;
    return found;
  }
}
