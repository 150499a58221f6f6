import type { Instant } from '../../../domain/ids.js';
import { openStore, StoreUnavailable } from '../../../store/index.js';

/*
 * Writes to the database named by its arguments from many connections at once; tells each write that was acknowledged.
 * Exits with 1 when the database goes away.
 */
const [databaseUrl = '', name = '', count = '0'] = process.argv.slice(2);
const store = openStore({ databaseUrl });
const writes = Array.from({ length: Number(count) }, async (_, index) => {
  const key = `${name}/${index}`;
  if (index % 2 === 0) {
    const at = '2026-11-10T06:00:00Z' as Instant;
    await store.audit({ key, at, who: name, action: 'write', subject: key, result: 'done', reason: '' });
  } else {
    const resolved = { name: key, rules: [], approved: [], rejected: [] };
    await store.putDocument('baseline', key, { written: { key }, resolved }, name);
  }
  process.send?.(key);
});
await Promise.all(writes).catch((error: unknown) => {
  if (!(error instanceof StoreUnavailable)) throw error;
  process.exit(1);
});
await store.close();
process.disconnect();
