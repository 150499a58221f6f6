import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/**
 * Bundles the workflows of a source tree as workers run them, from TypeScript, in about a second. The build writes the
 * result to `dist/workflow-bundle.js`; tests and benches bundle with the same options, so that what they prove holds.
 */
export async function bundleWorkflows(sources: URL): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('workflows/index.ts', sources)),
    payloadConverterPath: fileURLToPath(new URL('workflows/payload-converter.ts', sources)),
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
