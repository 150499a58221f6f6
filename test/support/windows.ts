import type { MaintenanceWindow } from '../../domain/documents/types.js';

/** Ten minutes at two in the night, UTC; nothing begins in the last five. */
export const NIGHTLY: MaintenanceWindow = {
  name: 'nightly',
  version: 1,
  schedule: { cron: '0 2 * * *' },
  timezone: 'UTC',
  duration: 600_000,
  cutoff: 300_000,
};
