import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Where the stack's parts listen on 127.0.0.1, remembered in the data folder so that links stay good. */
export interface Endpoints {
  readonly temporal: number;
  readonly temporalUi: number;
  readonly database: number;
  readonly databasePassword: string;
  readonly fleet: number;
  readonly api: number;
}

const PORTS = ['temporal', 'temporalUi', 'database', 'fleet', 'api'] as const;
type PortName = (typeof PORTS)[number];

/** Below the range from which systems deal ports to outgoing connections, so that a remembered one stays free. */
const LOWEST = 20_000;
const HIGHEST = 29_999;

/**
 * The folder's endpoints: those asked for, else those of the last time, else free ones. A remembered port that somebody
 * else has taken is replaced, and said.
 * @throws Error where a port that was asked for is taken
 */
export async function chooseEndpoints(
  folder: string,
  asked: Partial<Record<PortName, number>>,
  say: (line: string) => void,
): Promise<Endpoints> {
  const file = endpointsFile(folder);
  const remembered: Partial<Endpoints> = existsSync(file) ? readEndpoints(folder) : {};
  const ports: Partial<Record<PortName, number>> = {};
  for (const name of PORTS) ports[name] = await choosePort(name, asked[name] ?? 0, remembered[name], ports, say);
  const databasePassword = remembered.databasePassword ?? randomBytes(24).toString('base64url');
  const endpoints = { ...(ports as Record<PortName, number>), databasePassword };
  writeFileSync(file, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  return endpoints;
}

export const readEndpoints = (folder: string): Endpoints => JSON.parse(readFileSync(endpointsFile(folder), 'utf8'));

const endpointsFile = (folder: string) => join(folder, 'endpoints.json');

const VARIABLES: Partial<Record<PortName, string>> = { api: 'PATCHTIDE_PORT', fleet: 'PATCHTIDE_FLEET_PORT' };

async function choosePort(
  name: PortName,
  asked: number,
  remembered: number | undefined,
  taken: Partial<Record<PortName, number>>,
  say: (line: string) => void,
): Promise<number> {
  if (asked !== 0) {
    if (await isFree(asked)) return asked;
    throw new Error(
      `Port ${asked} is taken: end what listens there, or set ${VARIABLES[name]} to another one (0: a free one).`,
    );
  }
  if (remembered !== undefined) {
    if (await isFree(remembered)) return remembered;
    say(`Port ${remembered}, which the ${name} had before, is taken; its links change.`);
  }
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (!Object.values(taken).includes(port) && (await isFree(port))) return port;
  }
}

/** So many free ports, each of its own and none of those that are spoken for. */
export async function freePorts(count: number, taken: readonly unknown[]): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (!taken.includes(port) && !ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
