import { createHash } from 'node:crypto';
import type { WorkerDeploymentOptions } from '@temporalio/worker';

/** All workers of Patchtide in a namespace are versions of this one deployment. */
export const DEPLOYMENT = 'patchtide';

/** The build that stands for a release and the very workflows in its bundle: `0.2.0-3f2a9c1b04de`. */
export const buildOf = (version: string, bundle: string): string =>
  `${version}-${createHash('sha256').update(bundle).digest('hex').slice(0, 12)}`;

/**
 * A worker as one version of the deployment. It gets no work before its version is made the current one, and after that
 * what is pinned to it until that has ended. Workflows move on to the current version; which are pinned they say themselves.
 */
export const versionOf = (buildId: string): WorkerDeploymentOptions => ({
  version: { deploymentName: DEPLOYMENT, buildId },
  useWorkerVersioning: true,
  defaultVersioningBehavior: 'AUTO_UPGRADE',
});
