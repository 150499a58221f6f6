import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { ROLES, type Role } from './routes.js';
import type { Terminal } from './terminal.js';

/** Where the API is, and as whom it is called. */
export interface Connection {
  readonly url: string;
  readonly key: string;
  /** How the key was found, where it was not given: for people. */
  readonly chosen: string | null;
}

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
const keysOfFolder = z.partialRecord(z.enum(ROLES), z.string());
const endpointsOfFolder = z.object({ api: z.int() });

/**
 * The options, else PATCHTIDE_URL and PATCHTIDE_API_KEY. Where no key is given and no address either, the stack on this
 * machine whose data lies in PATCHTIDE_DATA (`.patchtide`): its address, and its key for the role that the command takes. A
 * key of that stack is never sent to an address that was given.
 * @throws CommandError where there is no key
 */
export function connectionFor(
  role: Role,
  options: ConnectionOptions,
  environment: Terminal['environment'],
): Connection {
  const url = options.url ?? (environment.PATCHTIDE_URL || undefined);
  const key = options.apiKey ?? (environment.PATCHTIDE_API_KEY || undefined);
  const folder = environment.PATCHTIDE_DATA || '.patchtide';
  if (key !== undefined)
    return { url: checked(url ?? urlOfStack(folder, environment) ?? DEFAULT_URL), key, chosen: null };
  const keys = url === undefined ? readJson(join(folder, 'keys.json'), keysOfFolder) : null;
  const own = keys?.[role];
  if (own === undefined) {
    throw new CommandError(
      url === undefined ? 'There is no API key.' : `There is no API key for ${url}.`,
      `Set PATCHTIDE_URL and PATCHTIDE_API_KEY; or start a stack here with npm start, whose keys lie in ${join(folder, 'keys.json')}.`,
      EXIT.notAllowed,
    );
  }
  const address = checked(urlOfStack(folder, environment) ?? DEFAULT_URL);
  return { url: address, key: own, chosen: `as ${role}, by ${join(folder, 'keys.json')}` };
}

const urlOfStack = (folder: string, { PATCHTIDE_HOST }: Terminal['environment']): string | null => {
  const endpoints = readJson(join(folder, 'endpoints.json'), endpointsOfFolder);
  return endpoints && `http://${PATCHTIDE_HOST || '127.0.0.1'}:${endpoints.api}`;
};

const checked = (url: string): string => {
  const protocol = URL.canParse(url) ? new URL(url).protocol : null;
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '');
  throw new CommandError(`"${url}" is not an address.`, `Give one such as ${DEFAULT_URL}.`, EXIT.usage);
};

function readJson<T>(file: string, shape: z.ZodType<T>): T | null {
  if (!existsSync(file)) return null;
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new CommandError(`${file} cannot be read.`, 'Set PATCHTIDE_URL and PATCHTIDE_API_KEY.', EXIT.fault, cause);
  }
}
