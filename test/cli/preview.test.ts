import { expect, test } from '@jest/globals';
import type { Preview } from '../../domain/preview.js';
import { plan } from '../api/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();

const stage = {
  name: 'prod',
  nodes: 40,
  windows: [
    {
      window: 'nightly',
      timezone: 'UTC',
      opens: '2026-11-11T02:00:00.000Z',
      closes: '2026-11-11T06:00:00.000Z',
      cutoff: '2026-11-11T05:00:00.000Z',
      nodes: 40,
      opensLocal: 'Wed 2026-11-11 02:00',
      closesLocal: 'Wed 2026-11-11 06:00',
      estimatedMinutes: 450,
      fitsBeforeCutoff: false,
      windowsNeeded: 3,
    },
  ],
  waves: [],
  snapshots: { count: 80, gib: 2320 },
  leftOut: [],
  unknownWindows: [],
  untested: [],
  warnings: ['Window nightly is too short for its nodes.'],
};
const preview = { at: '2026-11-10T06:00:00.000Z', plan: {}, stages: [stage], warnings: [] } as unknown as Preview;

test('preview says how many windows the nodes take, and what the snapshots come to', async () => {
  await service.put('/v1/plans/storefront', plan());
  service.temporal.results.set('previewPlan', () => preview);
  const { code, stdout } = await service.as('viewer', ['preview', 'storefront']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/nightly .* 40 .* NO, takes 3/);
  expect(stdout).toContain('80 snapshots of volumes of 2320 GiB in all');
  expect(stdout).toContain('Warning: Window nightly is too short for its nodes.');
});
