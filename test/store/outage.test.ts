import { describe, expect, test } from '@jest/globals';
import type { Instant } from '../../domain/ids.js';
import { findPostgres, startPostgres } from '../../local/postgres.js';
import { openStore, StoreUnavailable } from '../../store/index.js';

const programs = findPostgres();
const entry = (key: string) => ({
  key,
  at: '2026-11-10T06:00:00Z' as Instant,
  who: 'ada',
  action: 'write',
  subject: key,
  result: 'done' as const,
  reason: '',
});

(programs === null ? describe.skip : describe)('PostgreSQL crashes in the middle of writes', () => {
  test('each write is either there or was refused as unavailable, and the same store goes on', async () => {
    const postgres = await startPostgres(programs ?? '');
    const store = openStore({ databaseUrl: postgres.url });
    await store.migrate();

    const acknowledged: string[] = [];
    const refused: unknown[] = [];
    const writer = async (name: number) => {
      for (let index = 0; refused.length < 4; index += 1) {
        const key = `${name}/${index}`;
        await store.audit(entry(key)).then(
          () => acknowledged.push(key),
          (error: unknown) => refused.push(error),
        );
      }
    };
    const writers = [1, 2, 3, 4].map(writer);
    while (acknowledged.length < 50) await store.ping();
    await postgres.crashAndRestart();
    await Promise.all(writers);

    expect(refused.every((error) => error instanceof StoreUnavailable)).toBe(true);
    const kept = new Set((await store.auditEntries({ limit: 100_000 })).items.map(({ key }) => key));
    expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
    await store.audit(entry('afterwards'));
    await store.close();
    await postgres.close();
  }, 60_000);
});
