import { z } from 'zod';
import { Problem } from './errors.js';

/** Where a list goes on, as text that means nothing to the client. */
export const writeCursor = (position: unknown): string | null =>
  position === null ? null : Buffer.from(JSON.stringify(position)).toString('base64url');

/** @throws {Problem} invalid-input, for what no list of this kind has handed out */
export function readCursor<Position>(cursor: string | undefined, schema: z.ZodType<Position>): Position | undefined {
  if (cursor === undefined) return undefined;
  const read = z.safeParse(schema, parse(cursor));
  if (read.success) return read.data;
  throw new Problem('invalid-input', 'The cursor is none that this list has handed out.', {
    faults: [{ path: 'query cursor', message: 'is no cursor of this list', expected: 'the `next` of the part before' }],
  });
}

const parse = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
};
