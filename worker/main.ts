import { EXIT, readWorkerConfig, startOrRefuse } from '../config/index.js';

/* npm run worker. What it needs is loaded when its environment has been found good: a refusal comes at once. */
await startOrRefuse(async () => {
  const config = readWorkerConfig();
  const { runWorker } = await import('./run.js');
  await runWorker(config);
});
if (process.exitCode === undefined) process.exit(EXIT.asked);
