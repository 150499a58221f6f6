import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { keysFile, startOrRefuse } from '../config/index.js';
import { type ApiKey, ROLES, type Role } from './identity.js';
import { readKeys } from './keys.js';

const USAGE = `npm run keys -- <name>:<role> …
  Makes an API key for each person, adds them to the file of API keys (PATCHTIDE_KEYS, else keys.json in
  PATCHTIDE_DATA), readable by its owner only, and prints each key once. Roles are ${ROLES.join(', ')}.
  -- --missing <name>:<role> …  leaves a file alone that is there already
The API reads the file at its start.`;

/* npm run keys: whoever may write the file decides who may call. */
await startOrRefuse(async () => {
  const args = process.argv.slice(2);
  const onlyMissing = args.includes('--missing');
  const people = args.filter((arg) => arg !== '--missing').map(personOf);
  if (people.length === 0 || people.includes(null)) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 64;
    return;
  }
  const file = keysFile();
  if (onlyMissing && existsSync(file)) {
    process.stdout.write(`${file} is there.\n`);
    return;
  }
  const made = people.filter((person) => person !== null);
  const keys = [...(existsSync(file) ? readKeys(file) : []), ...made];
  writeFileSync(`${file}.new`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  // Read back before it counts: two people of one name, and the API would refuse to start.
  readKeys(`${file}.new`);
  renameSync(`${file}.new`, file);
  for (const { name, role, key } of made) process.stdout.write(`${name} ${role} ${key}\n`);
});

function personOf(argument: string): ApiKey | null {
  const [, name, role] = /^(.+):(\w+)$/.exec(argument) ?? [];
  const known = ROLES.find((each): each is Role => each === role);
  return name && known ? { name, role: known, key: randomBytes(32).toString('base64url') } : null;
}
