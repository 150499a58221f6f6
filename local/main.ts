import { once } from 'node:events';
import { readStackConfig, requestToEnd } from '../config/index.js';
import { linksOf } from './links.js';
import { reported } from './reported.js';
import { type Stack, startStack } from './stack.js';

/** What makes the demo fleet be patched, to be pasted into another terminal. */
const firstSteps = ({ addresses, config }: Stack): string => `To patch the demo fleet:
  PATCHTIDE_DATA=${config.data} npm run apply -- examples/storefront.yaml
  KEY=$(node -p 'require("${config.data}/keys.json").operator')
  curl -X POST ${addresses.api}/v1/cycles -H "Authorization: Bearer $KEY" \\
    -H 'Content-Type: application/json' -d '{"plan": "storefront", "reason": "First try"}'`;

/* npm start: the embedded stack as a service, until Ctrl-C. */
await reported(async () => {
  const config = readStackConfig();
  const request = requestToEnd();
  const began = Date.now();
  const stack = await startStack(config, request);
  console.log(`Patchtide is ready after ${((Date.now() - began) / 1000).toFixed(1)} s.\n\n${linksOf(stack)}\n`);
  if (config.fleet?.description === 'demo') console.log(`${firstSteps(stack)}\n`);
  console.log('Ctrl-C ends it; the next start goes on where it was.');
  if (!request.aborted) await once(request, 'abort');
  console.log('Ending …');
  await stack.stop();
});
