import { parentPort, workerData } from 'node:worker_threads';
import { type PgliteOptions, servePglite } from './engine.js';

/* The entry of PGlite's own thread: says its URL when it is ready, and closes when it is told anything. */
const server = await servePglite(workerData as PgliteOptions);
parentPort?.once('message', () => {
  void server.close().then(() => parentPort?.close());
});
parentPort?.postMessage(server.url);
