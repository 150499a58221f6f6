import { describe, expect, test } from '@jest/globals';
import type { Instant } from '../../domain/ids.js';
import { PLAN, planBody } from '../store/examples.js';
import { activityBench } from '../support/activity-bench.js';

const bench = activityBench();

describe("what a plan's schedule started", () => {
  const at = (time: string) => new Date(time).toISOString() as Instant;
  const asks = async (scheduledFor: string, startedAt = scheduledFor) => {
    const { written, resolved } = planBody();
    const start = { nth: 2, weekday: 'TUE', plusDays: 1, at: '06:00', timezone: 'Europe/London' } as const;
    await bench.store.putDocument('plan', PLAN, { written, resolved: { ...resolved, start } }, 'ada');
    const { run, activities } = bench.over([]);
    return run(activities.reservePlannedCycle, {
      plan: PLAN,
      idempotencyKey: `patch-plan-start/storefront-${scheduledFor}`,
      now: at(startedAt),
      scheduledFor: at(scheduledFor),
      startedAt: at(startedAt),
    });
  };

  test('is a cycle at a start of its calendar, also when it is made up for later', async () => {
    expect(await asks('2026-11-11T06:00:00Z', '2026-11-11T06:40:00Z')).toMatchObject({
      kind: 'reserved',
      request: { requestedBy: 'schedule', reason: "The plan's own schedule." },
    });
  });

  test('is nothing on the other days on which it fires', async () => {
    expect(await asks('2026-11-04T06:00:00Z')).toEqual({
      kind: 'not-started',
      message: "Not started: 2026-11-04T06:00:00.000Z is not a start of the plan's calendar.",
    });
  });

  test('is a cycle now where somebody triggered it by hand', async () => {
    expect(await asks('2026-11-05T14:23:07Z', '2026-11-05T14:23:08Z')).toMatchObject({
      kind: 'reserved',
      request: { requestedBy: 'schedule', reason: "The plan's schedule was triggered by hand in Temporal." },
    });
  });

  test('is nothing while everything is halted, and says who halted it', async () => {
    await bench.store.halt({ by: 'hanna', reason: 'A bad patch is out.', at: at('2026-11-11T05:00:00Z') });
    expect(await asks('2026-11-11T06:00:00Z')).toEqual({
      kind: 'not-started',
      message: 'Not started. Halted by hanna: A bad patch is out.',
    });
  });

  test('is nothing where a time of an earlier calendar is made up for', async () => {
    expect(await asks('2026-11-05T04:00:00Z', '2026-11-05T04:20:00Z')).toMatchObject({ kind: 'not-started' });
  });
});
