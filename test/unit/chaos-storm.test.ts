import { describe, expect, test } from '@jest/globals';
import { Random } from '../../chaos/random.js';
import { drawFleet } from '../../chaos/storm/fleet.js';
import { judgeStorm } from '../../chaos/storm/judge.js';
import { drawTimeline } from '../../chaos/storm/timeline.js';
import { readFleetDescription } from '../../simulator/description.js';
import { faultInput } from '../../simulator/faults.js';

const MINUTE = 60_000;

describe('a storm', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(drawTimeline('7', 5 * MINUTE, 4)).toEqual(drawTimeline('7', 5 * MINUTE, 4));
    expect(drawTimeline('7', 5 * MINUTE, 4)).not.toEqual(drawTimeline('8', 5 * MINUTE, 4));
  });

  test('kills every kind of process within an hour, and lets each get to work in between', () => {
    const kills = drawTimeline('1', 60 * MINUTE, 4).flatMap((event) => (event.what === 'kill' ? [event] : []));
    expect([...new Set(kills.map(({ victim }) => victim))].sort()).toEqual([
      'api-1',
      'api-2',
      'database',
      'temporal',
      'worker-1',
      'worker-2',
    ]);
    const workers = kills.filter(({ victim }) => victim === 'worker-1');
    const gaps = workers
      .slice(1)
      .map(({ at }, index) => at - (workers[index]?.at ?? 0) - (workers[index]?.downFor ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(8_000);
  });

  test('asks the fleet for faults that it knows, in order of time and before its end', () => {
    const events = drawTimeline('1', 10 * MINUTE, 4);
    for (const event of events)
      if (event.what === 'fault') expect(faultInput.safeParse(event.fault).success).toBe(true);
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort((a, b) => a - b));
    expect(events.at(-1)?.at).toBeLessThan(10 * MINUTE);
  });

  test('rages over a fleet that can be made, the same for the same seed', () => {
    const fleet = drawFleet('3', 4);
    expect(readFleetDescription(fleet.description).groups.length).toBeGreaterThanOrEqual(8);
    expect(drawFleet('3', 4)).toEqual(fleet);
  });

  test('shuffles without losing anything', () => {
    expect(new Random('1').shuffled([1, 2, 3, 4, 5]).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('what a storm must not have done', () => {
  let seq = 0;
  const on = (kind: string, key: string, node = 'i-1') => ({ seq: ++seq, at: '2026-01-01T00:00:00Z', kind, key, node });
  const step = (name: string) => `patchtide/storm-1-1/prod/w1.b1.${name}`;
  const took = (name: string) => [
    on('command-accepted', step(name)),
    on('command-started', step(name)),
    on('command-ended', step(name)),
  ];
  const node = { node: 'i-1', name: 'one', stage: 'prod', outcome: 'patched', reason: 'All are there.', touched: true };
  const operations = ['before-1', 'install', 'after-1'].map((name) => ({
    key: step(name),
    kind: 'command',
    status: 'ended',
    externalIds: ['c'],
  }));
  const report = { cycle: { id: 'storm-1-1', status: 'completed', message: null }, nodes: [node], operations };
  const whole = [...took('before-1'), ...took('install'), ...took('after-1')];
  const broken = (ledger: typeof whole, reports = [report]) =>
    judgeStorm(ledger, reports).flatMap(({ rule, violations }) => (violations.length > 0 ? [rule] : []));

  test('is nothing where all went well', () => expect(broken(whole)).toEqual([]));
  test('is to send a command twice', () => {
    expect(broken([...whole, ...took('install')])).toEqual(['no command twice', 'no command twice on a node']);
  });
  test('is to leave a node without its after task', () => {
    expect(broken([...took('before-1'), ...took('install')])).toContain('no node is left out of service');
  });
  test('is to call a node patched that had no install', () => {
    expect(broken([...took('before-1'), ...took('after-1')])).toContain('nothing that was sent is lost');
  });
  test('is to end without a word', () => {
    const silent = { ...report, cycle: { ...report.cycle, status: 'failed' } };
    expect(broken(whole, [silent])).toEqual(['every cycle and every node has an explained end']);
  });
  test('is to do what no report knows of', () => {
    expect(broken([...whole, ...took('before-2')])).toContain('the service knows of everything that it did');
  });
});
