import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { JsonText } from './schema.js';

/** PostgreSQL's jsonb cannot hold the character NUL, which command output may contain. */
const withoutNul = (_key: string, value: unknown): unknown =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '') : value;

/** A value as jsonb; arrays too, which the driver would otherwise send as PostgreSQL arrays. */
export const json = (value: unknown): RawBuilder<JsonText> =>
  sql<JsonText>`${JSON.stringify(value ?? null, withoutNul)}::jsonb`;

/** Text without NUL, which PostgreSQL's text cannot hold. */
export const text = (value: string): string => value.replaceAll('\0', '');

/** One parameter for a list of any length. */
export const anyOf = (column: string, values: readonly string[]): RawBuilder<SqlBool> =>
  sql<SqlBool>`${sql.ref(column)} = any(${[...values]}::text[])`;
