import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { ConfigurationError, keysFile, startOrRefuse } from '../config/index.js';
import { type ApiKey, ROLES, type Role } from './identity.js';
import { BadKeys, readKeys } from './keys.js';

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
  try {
    const there = existsSync(file) ? readKeys(file) : [];
    const taken = made.find(({ name }, index) =>
      [...there, ...made.slice(0, index)].some((each) => each.name === name),
    );
    if (taken) throw new BadKeys(`${file} would give two people the name ${taken.name}; nothing was written`);
    writeFileSync(`${file}.new`, `${JSON.stringify([...there, ...made], null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (failure) {
    throw new ConfigurationError([`PATCHTIDE_KEYS: ${failure instanceof Error ? failure.message : String(failure)}`]);
  }
  for (const { name, role, key } of made) process.stdout.write(`${name} ${role} ${key}\n`);
});

function personOf(argument: string): ApiKey | null {
  const [, name, role] = /^(.+):(\w+)$/.exec(argument) ?? [];
  const known = ROLES.find((each): each is Role => each === role);
  return name && known ? { name, role: known, key: randomBytes(32).toString('base64url') } : null;
}
