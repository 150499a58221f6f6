import { keepTrying } from '../config/index.js';
import { type Store, StoreOfNewerRelease, StoreUnavailable } from '../store/index.js';

/**
 * A store that says StoreUnavailable until its schema is this release's, and the bringing about of that: the API listens
 * from the start and says that it is not ready.
 * @returns `migrated` rejects with StoreOfNewerRelease, or with the signal's reason when it is aborted
 */
export function storeAtStart(
  store: Store,
  tell: (failure: unknown, seconds: number) => void,
  signal: AbortSignal,
): { readonly store: Store; readonly migrated: Promise<void> } {
  let ready = false;
  const bringAbout = async () => {
    await keepTrying(
      () => store.migrate(),
      tell,
      signal,
      (failure) => failure instanceof StoreOfNewerRelease,
    );
    ready = true;
  };
  const early = async () => {
    throw new StoreUnavailable('The database is not ready: its schema has not been brought to this release yet.');
  };
  const guarded = new Proxy(store, {
    get: (target, name, receiver) => (ready ? Reflect.get(target, name, receiver) : early),
  });
  return { store: guarded, migrated: bringAbout() };
}
