import { createHash } from 'node:crypto';

/**
 * Chance without a state: the same seed and key always give the same value, so a restarted fleet draws
 * what it would have drawn, whatever was asked of it in between.
 */
export class Chance {
  readonly #seed: string;

  constructor(seed: number) {
    this.#seed = String(seed);
  }

  /** `length` hexadecimal digits (at most 40) that belong to `key`. */
  hex(length: number, ...key: (string | number)[]): string {
    return createHash('sha1')
      .update([this.#seed, ...key].join('\u0000'))
      .digest('hex')
      .slice(0, length);
  }

  /** A number in [0, 1) that belongs to `key`. */
  fraction(...key: (string | number)[]): number {
    return Number.parseInt(this.hex(12, ...key), 16) / 2 ** 48;
  }

  /** A number between `low` and `high` that belongs to `key`. */
  between(low: number, high: number, ...key: (string | number)[]): number {
    return low + (high - low) * this.fraction(...key);
  }

  /** A version 4 UUID that belongs to `key`. */
  uuid(...key: (string | number)[]): string {
    const digits = this.hex(32, ...key);
    const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) % 4);
    return [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `${variant}${digits.slice(17, 20)}`,
      digits.slice(20, 32),
    ].join('-');
  }
}
