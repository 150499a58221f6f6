import type { CycleRequest } from '../../domain/cycle.js';
import { cycleId, type PlanName } from '../../domain/ids.js';

/** The first cycle of a plan, as `olga` asked for it. */
export const requestFor = (plan: PlanName): CycleRequest => ({
  cycle: cycleId(plan, 1),
  number: 1,
  plan,
  planVersion: 1,
  mode: 'standard',
  requestedBy: 'olga',
  reason: 'Monthly patches',
  reference: 'CHG-1042',
});
