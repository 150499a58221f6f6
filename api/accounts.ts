import { Problem } from './errors.js';
import type { ApiStore } from './ports.js';

/**
 * A name that nothing bears is a slip of the pen: who asks about it is not told that all is well.
 * @throws {Problem} not-found
 */
export async function refuseUnknownAccounts(
  store: Pick<ApiStore, 'documents'>,
  names: readonly string[] | null,
): Promise<void> {
  if (names === null) return;
  const known = new Set((await store.documents('account')).map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw new Problem('not-found', `There is no account ${unknown}.`);
}
