import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const DAY = 24 * 3_600_000;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

/** The wave's first step, to the minute. */
const beganAt = (stage: string) =>
  bench.world
    .asked('step')
    .find((step) => step.stage === stage)
    ?.at.slice(0, 16);

describe('a cycle that lasts for weeks', () => {
  // A year ahead of the clock of whoever runs this; London's clocks go back on 27 October 2030.
  const PATCH_SUNDAYS: MaintenanceWindow = {
    name: 'after-patch-tuesday',
    version: 1,
    schedule: { nth: 2, weekday: 'TUE', plusDays: 12, at: '02:00' },
    timezone: 'Europe/London',
    duration: null,
    cutoff: 3_600_000,
  };

  test('soaks for 30 days and waits for the second Tuesday plus 12 days, with a clock change in between', async () => {
    const { world, environment } = bench;
    await environment.sleep(Date.parse('2030-10-01T09:00:00Z') - (await environment.currentTimeMs()));
    world.plays({
      windows: [PATCH_SUNDAYS],
      stages: [
        { name: 'dev', policy: { soak: 30 * DAY }, waves: [{ window: 'after-patch-tuesday' }] },
        { name: 'prod', waves: [{ window: 'after-patch-tuesday' }] },
      ],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({ status: 'completed', message: '' });

    // 8 October is the second Tuesday; 20 October, 02:00 in London, is still summer time.
    expect(beganAt('dev')).toBe('2030-10-20T01:00');
    // Thirty days are 720 hours, whatever the clocks do.
    expect(world.asked('harvest').map(({ at }) => at.slice(0, 16))).toEqual(['2030-11-19T01:00']);
    // 12 November is the second Tuesday; 24 November, 02:00 in London, is winter time.
    expect(beganAt('prod')).toBe('2030-11-24T02:00');
  });
});
