import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Halt, type HaltState, heard, NEVER_HALTED } from '../../domain/halt.js';
import type { Instant } from '../../domain/ids.js';

const halt = (number: number): Halt => ({
  number,
  by: 'olga',
  reason: 'A bad patch is out',
  at: '2026-11-10T06:00:00Z' as Instant,
});
const given = (number: number): HaltState => ({ halt: halt(number), lifted: number - 1 });
const lifted = (number: number): HaltState => ({ halt: null, lifted: number });

describe('What is known of halts', () => {
  test('is the one that was given until it is lifted', () => {
    expect(heard(NEVER_HALTED, given(1))).toEqual(given(1));
    expect(heard(given(1), lifted(1))).toEqual(lifted(1));
    expect(heard(lifted(1), given(2))).toEqual(given(2));
  });

  test('is not changed by a halt that comes after its own end, nor by an end that belongs to an earlier one', () => {
    expect(heard(lifted(1), given(1))).toEqual(lifted(1));
    expect(heard(given(2), lifted(1))).toEqual(given(2));
  });

  test('is the same in whatever order it is heard', () => {
    const news = fc.integer({ min: 1, max: 5 }).chain((number) => fc.constantFrom(given(number), lifted(number)));
    const inOrders = fc
      .array(news)
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(inOrders, ([one, other]) => {
        expect(other.reduce(heard, NEVER_HALTED)).toEqual(one.reduce(heard, NEVER_HALTED));
      }),
    );
  });
});
