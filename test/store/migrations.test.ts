import { expect, test } from '@jest/globals';
import { onEveryDatabase } from '../support/databases.js';

onEveryDatabase('migrations', (on) => {
  test('run once, however many processes start together', async () => {
    expect(await on.store.migrate()).toEqual([]);
    await Promise.all([on.another(), on.another(), on.another()].map((store) => store.migrate()));
    await on.store.ping();
  });
});
