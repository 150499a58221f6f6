import { startPglite } from '../../../store/pglite/start.js';

/* Serves the folder named by its argument from a thread, says where, and stays until it is told to close, or killed. */
const server = await startPglite(process.argv[2] ?? null);
process.once('message', () => {
  void server.close().then(() => process.disconnect());
});
process.send?.(server.url);
