import type { ResolvedStage } from '../../domain/documents/types.js';
import type { StageName } from '../../domain/ids.js';

/** The rules of a stage `prod`, the plainest where the test does not say otherwise. */
export const resolvedStage = (more: Partial<ResolvedStage> = {}): ResolvedStage => ({
  name: 'prod' as StageName,
  patchGroups: ['storefront-prod'],
  baseline: null,
  window: null,
  waves: { by: 'zone', regions: 'parallel', maxUnavailable: { percent: 100 }, pauseAfterFailures: { percent: 10 } },
  carryOver: { windows: 3, doneAt: { percent: 100 } },
  snapshot: 'none',
  keepSnapshots: 1_209_600_000,
  tasks: { beforeStage: [], beforeNode: [], afterNode: [], afterStage: [] },
  reboot: 'if-needed',
  stopped: 'skip',
  timeouts: { install: 7_200_000, snapshot: 3_600_000 },
  soak: 0,
  health: null,
  approval: null,
  onFailure: 'ask',
  onHung: 'set-aside',
  surplus: 'ask',
  ...more,
});
