import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PgliteOptions, PgliteServer } from './engine.js';

/**
 * Starts PGlite in a thread of its own and serves it on 127.0.0.1, so that this and other processes reach it by its URL
 * with an ordinary PostgreSQL client. The password is a random one unless one is given.
 * A failure of the thread after its start ends this process: a database that is gone must not go unnoticed.
 */
export const startPglite = async (
  folder: string | null,
  options: { port?: number; password?: string } = {},
): Promise<PgliteServer> => {
  const password = options.password ?? randomBytes(24).toString('base64url');
  const workerData: PgliteOptions = { folder, port: options.port ?? 0, password };
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData });
  const [url] = (await once(thread, 'message')) as [string];
  return {
    url,
    close: async () => {
      const ended = once(thread, 'exit');
      thread.postMessage('close');
      await ended;
    },
  };
};
