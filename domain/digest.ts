import { createHash } from 'node:crypto';
import type { Digest } from './ids.js';
import { compareText } from './order.js';

/**
 * SHA-256 over the value's canonical JSON: the same content has the same digest, whatever the order of its keys.
 * Not for workflow code (it needs `node:crypto`).
 *
 * @throws TypeError for what JSON cannot carry (see {@link canonicalJson}).
 */
export const digestOf = (value: unknown): Digest =>
  `sha256:${createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex')}` as Digest;

/**
 * JSON in the manner of RFC 8785: keys in the order of their UTF-16 code units, no white space, numbers and strings
 * as ECMAScript writes them. A key whose value is undefined is left out.
 *
 * @throws TypeError for numbers that are not finite, undefined outside an object, functions, symbols, big integers
 * and objects that are neither plain nor arrays: two of them could not be told apart by what JSON would make of them.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`;
  if (isPlainObject(value)) {
    const entries = Object.entries(value).filter(([, member]) => member !== undefined);
    entries.sort(([a], [b]) => compareText(a, b));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw new TypeError(`A digest covers JSON values only, not ${describe(value)}.`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The prototype of an object from another realm (a test runner's, a worker's) is not our Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `an object of ${value.constructor.name}` : String(value);
