import type { Digest } from '../domain/ids.js';
import type { Records } from './ports.js';

/** Manifests and selections of a hundred thousand nodes are tens of megabytes each: few of them, and the last used. */
const KEPT = 8;

/**
 * The same records, with the manifests, selections and patch sets that were read last kept at hand. Every step of every
 * batch reads its manifest, and what lies under a digest never changes. The readers share one object: it must not be written to.
 */
export function withImmutablesAtHand(records: Records): Records {
  const manifest = keeping((digest) => records.manifest(digest));
  const selection = keeping((digest) => records.selection(digest));
  const patchSet = keeping((digest) => records.patchSet(digest));
  const kept: Pick<Records, 'manifest' | 'selection' | 'patchSet'> = { manifest, selection, patchSet };
  return new Proxy(records, {
    get: (target, name) => (Object.hasOwn(kept, name) ? Reflect.get(kept, name) : Reflect.get(target, name)),
  });
}

/** Reads each digest once, also for those who ask at the same time; what could not be read is read again. */
function keeping<Value>(read: (digest: Digest) => Promise<Value>, most = KEPT): (digest: Digest) => Promise<Value> {
  const byDigest = new Map<Digest, Promise<Value>>();
  return (digest) => {
    const known = byDigest.get(digest);
    const value = known ?? read(digest);
    // The map keeps its order: the one that was asked for last goes to the end, and the first is dropped.
    byDigest.delete(digest);
    byDigest.set(digest, value);
    const [oldest] = byDigest.keys();
    if (byDigest.size > most && oldest !== undefined) byDigest.delete(oldest);
    if (!known) {
      value.catch(() => {
        if (byDigest.get(digest) === value) byDigest.delete(digest);
      });
    }
    return value;
  };
}
