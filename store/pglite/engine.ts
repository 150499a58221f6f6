import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { openGateway } from './gateway.js';

export interface PgliteOptions {
  /** Where the data lies; null: in memory. One process at a time: PGlite takes no lock of its own, the caller must. */
  readonly folder: string | null;
  /** The port on 127.0.0.1; 0 for a free one. */
  readonly port: number;
  readonly password: string;
}

export interface PgliteServer {
  /** What `DATABASE_URL` is set to, in this process or another one. */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens PGlite in this thread, which it blocks while a query runs, and serves it to PostgreSQL clients. */
export const servePglite = async (options: PgliteOptions): Promise<PgliteServer> => {
  if (options.folder !== null) await mkdir(options.folder, { recursive: true });
  const engine = await PGlite.create(options.folder ?? 'memory://');
  const gateway = await openGateway(engine, options);
  return {
    url: `postgres://patchtide:${encodeURIComponent(options.password)}@127.0.0.1:${gateway.port}/postgres`,
    close: async () => {
      await gateway.close();
      await engine.close();
    },
  };
};
