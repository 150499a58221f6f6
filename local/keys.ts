import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLES, type Role } from '../domain/roles.js';

export { ROLES, type Role };

/** Each role of the embedded stack is a person of its own, so that nobody approves what they asked for. */
export type Keys = Readonly<Record<Role, string>>;

/** The API keys of the folder, made at its first start, readable by their owner only. */
export function ensureKeys(folder: string): Keys {
  const file = join(folder, 'keys.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const keys = Object.fromEntries(ROLES.map((role) => [role, randomBytes(32).toString('base64url')])) as Keys;
  writeFileSync(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}
