import { createServer } from 'node:net';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

/**
 * Makes Temporal's SDK log as we do, and measure where that is wanted. It ends no worker by itself: that is ours to do.
 * @returns its measurements as text for Prometheus; empty where none are wanted
 */
export async function installRuntime(log: Logger, measures: boolean): Promise<() => Promise<string>> {
  // The SDK measures on a port of its own; it is for this process alone, which passes it on with what it measures itself.
  const port = measures ? await freePort() : 0;
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => log[levelOf(level)](meta ?? {}, message)),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(measures && { metrics: { prometheus: { bindAddress: `127.0.0.1:${port}` } } }),
    },
  });
  if (!measures) return async () => '';
  return async () => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
    } catch {
      return '';
    }
  };
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

function levelOf(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  switch (level) {
    case 'TRACE':
      return 'trace';
    case 'DEBUG':
      return 'debug';
    case 'WARN':
      return 'warn';
    case 'ERROR':
      return 'error';
    default:
      return 'info';
  }
}
