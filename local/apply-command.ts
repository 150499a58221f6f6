import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readStackConfig } from '../config/index.js';
import { ApiClient } from './api-client.js';
import { applyDocuments } from './documents.js';
import { readEndpoints } from './endpoints.js';
import { ensureKeys } from './keys.js';
import { reported } from './reported.js';

/* npm run apply -- <file>: writes a file's documents to the running stack of the data folder, as its admin. */
await reported(async () => {
  const [, , file] = process.argv;
  if (!file) throw new Error('npm run apply -- <file>: a YAML file of documents, such as examples/storefront.yaml');
  const { data, host } = readStackConfig();
  const api = new ApiClient(`http://${host}:${readEndpoints(data).api}`, ensureKeys(data).admin);
  const plans = await applyDocuments(api, pathToFileURL(resolve(file)));
  console.log(`Applied ${file}; plans: ${plans.join(', ') || 'none'}.`);
});
