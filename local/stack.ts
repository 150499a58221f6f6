import type { StackConfig } from '../config/index.js';
import { temporalCli } from './binaries.js';
import { chooseEndpoints } from './endpoints.js';
import { lockFolder } from './folder-lock.js';
import { ensureKeys, type Keys } from './keys.js';
import { endOrphan, Part } from './part.js';
import { type Addresses, addressesOf, PART_NAMES, partsOf } from './parts.js';
import { allStarted } from './readiness.js';

/** The embedded stack, running. */
export interface Stack {
  readonly config: StackConfig;
  readonly addresses: Addresses;
  readonly keys: Keys;
  /** The process ids of its parts as they are now, by name. */
  pids(): Readonly<Record<string, number | null>>;
  /** Ends its parts in order, gracefully, and releases the folder. */
  stop(): Promise<void>;
}

/**
 * Starts all that is not given by the environment: Temporal with its UI, the database, the simulated fleet, a worker and
 * the API, each in a process of its own that is started again when it dies. What an earlier stack left running on the
 * folder is ended first: no two servers on one file.
 *
 * Resolves when the API is ready. Rejects, with everything ended again, where a part does not start.
 * @param signal gives up the start
 * @param worker a module in place of the worker's, for benches
 * @throws FolderInUseError where another stack runs on the folder
 */
export async function startStack(
  config: StackConfig,
  signal: AbortSignal,
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
  worker?: URL,
): Promise<Stack> {
  const release = lockFolder(config.data);
  const running: Part[] = [];
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop();
    release();
  };
  try {
    for (const name of PART_NAMES.toReversed()) await endOrphan(config.data, name, say);
    const cli = config.temporal === null ? await temporalCli({ environment: process.env, say }) : null;
    const asked = { api: config.port, fleet: config.fleet?.port ?? 0 };
    const endpoints = await chooseEndpoints(config.data, asked, say);
    const keys = ensureKeys(config.data);
    const addresses = addressesOf(config, endpoints, process.env.TEMPORAL_NAMESPACE || 'default');
    for (const together of partsOf(config, endpoints, addresses, cli, worker)) {
      signal.throwIfAborted();
      const parts = together.map((description) => new Part(description, config.data, say));
      running.push(...parts);
      await allStarted(parts.map((part) => part.start(signal)));
    }
    return {
      config,
      addresses,
      keys,
      stop,
      pids: () => Object.fromEntries(running.map(({ name, pid }) => [name, pid])),
    };
  } catch (failure) {
    await stop();
    throw failure;
  }
}
