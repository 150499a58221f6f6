import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import { type Answer, answer } from '../../workflows/messages.js';
import type { WaveScript } from '../support/fake-fleet.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const MINUTE = 60_000;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const policy = { regions: 'one-by-one' } as const;
const ireland = (zone: string, more: Partial<WaveScript> = {}) => ({
  region: 'eu-west-1',
  zone: `euw1-${zone}`,
  ...more,
});
const virginia = (zone: string, more: Partial<WaveScript> = {}) => ({
  region: 'us-east-1',
  zone: `use1-${zone}`,
  ...more,
});
const daily = (name: string, hour: number, more: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  name,
  version: 1,
  schedule: { cron: `0 ${hour} * * *` },
  timezone: 'UTC',
  duration: 2 * 60 * MINUTE,
  cutoff: 60 * MINUTE,
  ...more,
});
/** The waves in the order in which they installed, and how many were at work at once. */
function installs(): { order: number[]; atOnce: number } {
  const open = new Set<number>();
  let atOnce = 0;
  const order = bench.world.journal.flatMap((entry) => {
    if (entry.what === 'record') open.delete(entry.wave);
    if (entry.what !== 'step' || entry.step !== 'install') return [];
    open.add(entry.wave);
    atOnce = Math.max(atOnce, open.size);
    return [entry.wave];
  });
  return { order, atOnce };
}
const hours = () =>
  bench.world
    .asked('step')
    .flatMap(({ step, wave, at }) => (step === 'install' ? [`${wave} at ${at.slice(11, 16)}`] : []));

describe('Regions one after the other', () => {
  test('begin with the smallest, which comes to its end before the next begins', async () => {
    const { world } = bench;
    const waves = [
      ireland('az1', { batches: [4] }),
      ireland('az2'),
      virginia('az1', { batches: [3] }),
      virginia('az2'),
    ];
    world.plays({ takes: { install: MINUTE }, stages: [{ name: 'prod', policy, waves }] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    // In a Region its smallest zone goes first as well.
    expect(installs()).toEqual({ order: [4, 3, 2, 1], atOnce: 1 });
  });

  test('do not wait for one whose next window is not open', async () => {
    const { world } = bench;
    const windows = [daily('first', 1), daily('second', 4), daily('third', 8)];
    const waves = [
      ireland('az1', { window: 'first' }),
      ireland('az2', { window: 'third' }),
      virginia('az1', { window: 'second' }),
    ];
    world.plays({ windows, takes: { install: MINUTE }, stages: [{ name: 'prod', policy, waves }] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(hours().toSorted()).toEqual(['1 at 01:00', '2 at 08:00', '3 at 04:00']);
    expect(installs().atOnce).toBe(1);
  });

  test('carry over what did not get its turn before the cutoff', async () => {
    const { world } = bench;
    const windows = [daily('short', 3, { duration: 10 * MINUTE, cutoff: 5 * MINUTE })];
    const waves = [ireland('az1', { window: 'short' }), virginia('az1', { window: 'short', batches: [3] })];
    world.plays({ windows, takes: { install: 6 * MINUTE }, stages: [{ name: 'prod', policy, waves }] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(world.asked('carry-rest')).toMatchObject([{ wave: 2 }]);
    const days = world
      .asked('step')
      .flatMap(({ step, at }) => (step === 'install' ? [Date.parse(at.slice(0, 10))] : []));
    expect(days.map((day) => (day - (days[0] ?? 0)) / (24 * 60 * MINUTE))).toEqual([0, 1]);
  });

  test('wait for the health of the one before', async () => {
    const { world } = bench;
    const health = { settle: MINUTE, within: MINUTE, checks: 1 };
    const waves = [ireland('az1'), virginia('az1', { batches: [3] })];
    world.plays({ stages: [{ name: 'prod', policy: { ...policy, health }, waves, unwell: { 'w1.1': ['down'] } }] });
    const cycle = await bench.startCycle();
    const said: Answer = { action: 'continue', by: 'otto', reason: 'Known.' };
    await bench.resultOf(cycle, () => {
      expect(installs().order).toEqual([1]);
      return cycle.executeUpdate(answer, { args: [said] });
    });
    expect(installs().order).toEqual([1, 2]);
  });
});
