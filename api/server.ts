import { all, ConfigurationError, keysFile, readApiConfig, startOrRefuse } from '../config/index.js';
import type { ApiKey } from './identity.js';
import { BadKeys, readKeys } from './keys.js';

/* npm run api. What it needs is loaded when its environment has been found good: a refusal comes at once. */
await startOrRefuse(async () => {
  const [config, keys] = all(
    () => readApiConfig(),
    () => keysOf(keysFile()),
  );
  const { runApi } = await import('./run.js');
  await runApi(config, keys);
});

/** A file of keys that cannot be used is one more fault of the environment. */
function keysOf(file: string): readonly ApiKey[] {
  try {
    return readKeys(file);
  } catch (failure) {
    throw failure instanceof BadKeys ? new ConfigurationError([`PATCHTIDE_KEYS: ${failure.message}`]) : failure;
  }
}
