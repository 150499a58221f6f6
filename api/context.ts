import type { TemporalUi } from './links.js';
import type { ApiStore } from './ports.js';
import type { TemporalClient } from './temporal/client.js';
import type { PlanSchedules } from './temporal/schedules.js';
import type { PacedUpdates } from './temporal/updates.js';

/** What routes work with. */
export interface Context {
  readonly store: ApiStore;
  readonly temporal: TemporalClient;
  readonly updates: PacedUpdates;
  readonly schedules: PlanSchedules;
  readonly temporalUi: TemporalUi | null;
  /** How often the store is asked for news of a cycle that somebody watches, in milliseconds. */
  readonly eventInterval: number;
  /** Aborted when the service closes, so that endless answers end. */
  readonly closing: AbortSignal;
}
