import type { Cycle } from '../../cli/render/states.js';
import { OUTCOMES } from '../../domain/cycle.js';

/** Counts of nodes; those that are not named are none. */
export const counts = (total: number, some: Partial<Cycle['nodes']> = {}): Cycle['nodes'] => {
  const none = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Omit<Cycle['nodes'], 'total' | 'pending'>;
  const judged = Object.values(some).reduce((sum, number) => sum + number, 0);
  return { ...none, total, pending: total - judged, ...some };
};

type Stage = Cycle['stages'][number];
type Wave = Stage['locations'][number]['waves'][number];

export const wave = (number: number, zoneName: string, more: Partial<Wave> = {}): Wave => ({
  number,
  zone: `zone-${number}`,
  zoneName,
  window: 'night',
  status: 'pending',
  nodes: counts(4),
  ...more,
});

export const stage = (name: string, more: Partial<Stage> = {}): Stage => ({
  name,
  status: 'pending',
  patchSet: null,
  proven: null,
  manifest: null,
  decisions: [],
  soakUntil: null,
  tail: null,
  message: null,
  windows: [{ name: 'night', opens: '2026-11-22T18:00:00Z', closes: null }],
  locations: [],
  nodes: counts(0),
  ...more,
});

/** A cycle in the middle of its stage test. */
export const cycle = (more: Partial<Cycle> = {}): Cycle => ({
  id: 'storefront-1',
  workflowId: 'patch-cycle/storefront/1',
  plan: 'storefront',
  planVersion: 3,
  number: 1,
  mode: 'standard',
  status: 'running',
  requestedBy: 'olga',
  reason: 'November patches',
  reference: 'CHG-1042',
  message: null,
  startedAt: '2026-11-22T18:00:00.000Z',
  endedAt: null,
  waitingFor: null,
  stages: [
    stage('dev', { status: 'completed', nodes: counts(8, { patched: 8 }) }),
    stage('test', {
      status: 'patching',
      nodes: counts(12, { patched: 5, failed: 1, skipped: 1 }),
      locations: [
        {
          account: '111122223333',
          region: 'eu-west-1',
          waves: [
            wave(1, 'eu-west-1a', { status: 'completed', nodes: counts(4, { patched: 4 }) }),
            wave(2, 'eu-west-1b', { status: 'patching', nodes: counts(4, { patched: 1, failed: 1, skipped: 1 }) }),
            wave(3, 'eu-west-1c'),
          ],
        },
      ],
    }),
    stage('prod'),
  ],
  nodes: counts(20, { patched: 13, failed: 1, skipped: 1 }),
  links: { self: '', events: '', nodes: '', report: '', temporalUi: null },
  ...more,
});

/** What it waits for in front of prod. */
export const approval = {
  kind: 'approval',
  stage: 'prod',
  until: '2026-11-25T18:30:00.000Z',
  manifest: `sha256:${'c'.repeat(64)}`,
  message: 'Stage prod waits for a decision.',
} as const;
