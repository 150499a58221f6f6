import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ApiKey, ROLES } from './identity.js';

const key = z.string().min(16, { error: 'is too short: expected at least 16 characters' });
const byRole = z.partialRecord(z.enum(ROLES), key);
const people = z.array(z.strictObject({ name: z.string().trim().min(1).max(100), role: z.enum(ROLES), key }));

/** Code `bad-keys`: the file of API keys cannot be used. The message names the file and what is wrong, and no key. */
export class BadKeys extends Error {
  override readonly name = 'BadKeys';
  readonly code = 'bad-keys';
}

/**
 * Reads the API keys from a JSON file: `{"operator": "<key>"}`, each role a person of that name, or
 * `[{"name": "ada", "role": "operator", "key": "<key>"}]`.
 * @throws {BadKeys}
 */
export function readKeys(file: string): readonly ApiKey[] {
  const parsed = z.union([byRole, people]).safeParse(parse(file));
  if (!parsed.success) {
    throw new BadKeys(
      `${file} is not {"<role>": "<key>"} nor [{"name": …, "role": …, "key": …}]; roles are ${ROLES.join(', ')}, a key has at least 16 characters`,
    );
  }
  const { data } = parsed;
  const keys = Array.isArray(data)
    ? data
    : ROLES.flatMap((role) => (data[role] === undefined ? [] : [{ name: role, role, key: data[role] }]));
  if (keys.length === 0) throw new BadKeys(`${file} holds no key`);
  refuseTwins(
    file,
    'key',
    keys.map((each) => each.key),
  );
  refuseTwins(
    file,
    'name',
    keys.map(({ name }) => name),
  );
  return keys;
}

/** Two people under one name could approve their own requests; two with one key are one. */
const refuseTwins = (file: string, what: string, values: readonly string[]): void => {
  if (new Set(values).size < values.length) throw new BadKeys(`${file} gives two people the same ${what}`);
};

const parse = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) throw new BadKeys(`there is no file ${file}; npm run keys makes one`);
    throw new BadKeys(`${file} cannot be read as JSON`, { cause: error });
  }
};
