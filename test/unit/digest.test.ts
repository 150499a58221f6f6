import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, digestOf } from '../../domain/digest.js';

describe('canonical JSON', () => {
  test('sorts keys by their code units, writes no white space and no undefined', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { d: undefined, c: true }, '€': 0, Z: 1e21 })).toBe(
      '{"Z":1e+21,"a":{"c":true},"b":[1,"x",null],"€":0}',
    );
  });

  test('reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    ['a number that is not finite', Number.NaN],
    ['undefined in a list', [undefined]],
    ['a date', new Date(0)],
    ['a map', { of: new Map() }],
    ['a big integer', 1n],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});

describe('a digest', () => {
  test('is the SHA-256 of the canonical JSON', () => {
    expect(digestOf({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(digestOf(reversed)).toBe(digestOf(value));
      }),
    );
  });

  test('differs where the content does', () => {
    expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
    expect(digestOf({ a: '1' })).not.toBe(digestOf({ a: 1 }));
  });
});
