import { once } from 'node:events';
import { readStackConfig } from '../config/index.js';
import { linksOf } from './links.js';
import { reported, requestToEnd } from './shutdown.js';
import { startStack } from './stack.js';

/* npm start: the embedded stack as a service, until Ctrl-C. */
await reported(async () => {
  const config = readStackConfig();
  const request = requestToEnd();
  const began = Date.now();
  const stack = await startStack(config, request);
  console.log(`Patchtide is ready after ${((Date.now() - began) / 1000).toFixed(1)} s.\n\n${linksOf(stack)}\n`);
  if (config.fleet?.description === 'demo')
    console.log('To patch the demo fleet, apply examples/storefront.yaml and start a cycle: see README.md.\n');
  console.log('Ctrl-C ends it; the next start goes on where it was.');
  if (!request.aborted) await once(request, 'abort');
  console.log('Ending …');
  await stack.stop();
});
