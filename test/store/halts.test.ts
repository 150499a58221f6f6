import { expect, test } from '@jest/globals';
import { onEveryDatabase } from '../support/databases.js';
import { LATER, NOW, PLAN, planBody, reservation, startedCycle } from './examples.js';

const olga = { by: 'olga', reason: 'A bad patch is out', at: NOW };
const otto = { by: 'otto', reason: 'I do not trust it either', at: LATER };

onEveryDatabase('a halt', (on) => {
  test('stands until it is lifted, under a number of its own', async () => {
    const { store } = on;
    expect(await store.halted()).toEqual({ halt: null, lifted: 0 });
    expect(await store.halt(olga)).toEqual({ number: 1, ...olga });
    expect(await store.halted()).toEqual({ halt: { number: 1, ...olga }, lifted: 0 });
    expect(await store.unhalt(LATER)).toBe(1);
    expect(await store.halted()).toEqual({ halt: null, lifted: 1 });
    expect(await store.halt(otto)).toEqual({ number: 2, ...otto });
    expect(await store.halted()).toEqual({ halt: { number: 2, ...otto }, lifted: 1 });
  });

  test('that stands already stays that of who gave it first', async () => {
    const { store } = on;
    await store.halt(olga);
    expect(await store.halt(otto)).toEqual({ number: 1, ...olga });
  });

  test('that is lifted again is lifted', async () => {
    const { store } = on;
    expect(await store.unhalt(LATER)).toBe(0);
    await store.halt(olga);
    await store.unhalt(LATER);
    expect(await store.unhalt(LATER)).toBe(1);
  });

  test('given by many at once, through many connections, is one', async () => {
    const stores = [on.store, on.another(), on.another()];
    const given = await Promise.all(
      Array.from({ length: 12 }, (_, index) => stores[index % 3]?.halt({ ...olga, by: `operator-${index}` })),
    );
    expect(new Set(given.map((halt) => halt?.by)).size).toBe(1);
    expect(given.map((halt) => halt?.number)).toEqual(Array(12).fill(1));
  });

  test('keeps cycles from being reserved, but for one that is already', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.halt(olga);
    expect(await store.reserveCycle(reservation('first'))).toMatchObject({ kind: 'again', request: { cycle } });
    expect(await store.reserveCycle(reservation('second'))).toMatchObject({ kind: 'halted', halt: olga });
    await store.unhalt(LATER);
    expect(await store.reserveCycle(reservation('second'))).toEqual({ kind: 'busy', cycle });
  });

  test('does not hide that a plan is not there', async () => {
    const { store } = on;
    await store.halt(olga);
    expect(await store.reserveCycle(reservation('a'))).toEqual({ kind: 'no-plan' });
    await store.putDocument('plan', PLAN, planBody(), 'ada');
    expect(await store.reserveCycle(reservation('a'))).toMatchObject({ kind: 'halted' });
  });
});
