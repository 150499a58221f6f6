import { cycleStatus, nodeOutcome } from '../api/schemas/cycles.js';

/* What options may be set to, as the API's schemas have it. */
export const CYCLE_STATUS_WORDS = cycleStatus.options;
export const NODE_OUTCOME_WORDS = nodeOutcome.options;
