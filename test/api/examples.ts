import type { LightMyRequestResponse } from 'fastify';
import type { Service } from './service.js';

/* Documents and requests that the tests of the API share. */

export const plan = (name = 'storefront', spec: object = { stages: ['dev', 'test', 'prod'] }) => ({
  apiVersion: 'patchtide/v1',
  kind: 'PatchPlan',
  metadata: { name, owner: `${name}-team` },
  spec,
});
export const baseline = (name: string) => ({
  apiVersion: 'patchtide/v1',
  kind: 'PatchBaseline',
  metadata: { name },
  spec: { rules: [{ os: 'any', classification: 'any', severity: 'any', approveAfterDays: 14 }] },
});
export const maintenanceWindow = (name: string, spec: object = {}) => ({
  apiVersion: 'patchtide/v1',
  kind: 'MaintenanceWindow',
  metadata: { name },
  spec: { schedule: { cron: '0 2 * * SUN' }, timezone: 'Europe/London', duration: 'PT5H', cutoff: 'PT1H', ...spec },
});
export const account = (name: string, id = '111122223333') => ({
  apiVersion: 'patchtide/v1',
  kind: 'Account',
  metadata: { name },
  spec: { id, roleArn: `arn:aws:iam::${id}:role/Patchtide`, externalId: 'tide-4711', regions: ['eu-west-1'] },
});

/** Writes the plan `storefront` and starts a cycle of it. */
export const startCycle = async (
  service: Service,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> => {
  await service.put('/v1/plans/storefront', plan());
  return service.post('operator', '/v1/cycles', { plan: 'storefront', reason: 'November patches', ...more }, headers);
};

export const MANIFEST = `sha256:${'a'.repeat(64)}`;
