import { expect, test } from '@jest/globals';
import pg from 'pg';
import { onEveryDatabase } from '../support/databases.js';

onEveryDatabase('migrations', (on) => {
  test('run once, however many processes start together', async () => {
    expect(await on.store.migrate()).toEqual([]);
    await Promise.all([on.another(), on.another(), on.another()].map((store) => store.migrate()));
    await on.store.ping();
  });

  test('refuse a database of a newer release', async () => {
    const client = new pg.Client({ connectionString: on.url });
    await client.connect();
    await client.query("insert into migrations (number, name) values (999, 'from the future')");
    await client.end();
    await expect(on.store.migrate()).rejects.toThrow(/has migration 999/);
  });
});
