import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cancel, decideStage, pause, resume } from '../../workflows/messages.js';
import { type CycleHandle, decisionOf, refusalOf, WorkflowBench } from '../support/workflow-bench.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const APPROVAL = { roles: ['approver'], quorum: 1, decideWithin: 3 * DAY };
const FIRST = { stage: 'prod', manifest: 'sha256:prod-manifest-1' };

/** A cycle of one stage that waits for its approval. */
async function waitingCycle(quorum = 1): Promise<CycleHandle> {
  bench.world.plays({ stages: [{ name: 'prod', policy: { approval: { ...APPROVAL, quorum } } }] });
  const cycle = await bench.startCycle();
  await bench.world.until('webhook');
  return cycle;
}

describe('an approval', () => {
  test('is asked for with the manifest and the time until when it can be given', async () => {
    const cycle = await waitingCycle();
    const [asked] = bench.world.asked('webhook');
    expect(asked?.event).toMatchObject({ type: 'approval-wanted', ...FIRST, reference: 'CHG-1042' });
    expect(Date.parse(asked?.event.until ?? '') - Date.parse(asked?.at ?? '')).toBeGreaterThan(3 * DAY - HOUR);
    const waiting = bench.world.asked('project').map(({ change }) => change.cycleChange?.waitingFor?.kind);
    expect(waiting).toContain('approval');
    expect(bench.world.steps('prod')).toEqual([]);
    await bench.decide(cycle, FIRST);
    await cycle.result();
  });

  test('by another person lets the stage go on', async () => {
    const cycle = await waitingCycle();
    expect(await bench.decide(cycle, FIRST)).toMatchObject({ decided: 'approved' });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(bench.world.asked('decisions').at(-1)?.decisions).toMatchObject([{ by: 'anna', via: 'api', ...FIRST }]);
  });

  test('that is given while the cycle is paused is not waited for any more', async () => {
    const cycle = await waitingCycle();
    await cycle.executeUpdate(pause, { args: [{ by: 'otto', reason: 'Not tonight.' }] });
    await bench.decide(cycle, FIRST);
    const waits = () =>
      bench.world.asked('project').flatMap(({ change }) => change.cycleChange?.waitingFor ?? 'nobody');
    await bench.world.until('project', () => bench.world.asked('decisions').length > 0 && waits().at(-1) === 'nobody');
    expect(bench.world.steps('prod')).toEqual([]);
    await cycle.executeUpdate(resume, { args: [{ by: 'otto', reason: 'Now.' }] });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('counts as many people as the quorum asks for, each once', async () => {
    const cycle = await waitingCycle(2);
    expect(await bench.decide(cycle, { ...FIRST, by: 'anna' })).toMatchObject({ decided: 'counted' });
    expect(await refusalOf(bench.decide(cycle, { ...FIRST, by: 'anna' }))).toBe('already-decided');
    expect(await bench.decide(cycle, { ...FIRST, by: 'ben' })).toMatchObject({ decided: 'approved' });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('of one’s own request is refused', async () => {
    const cycle = await waitingCycle();
    expect(await refusalOf(bench.decide(cycle, { ...FIRST, by: 'olga' }))).toBe('own-request');
    await bench.decide(cycle, FIRST);
    await cycle.result();
  });

  test('of another manifest than the one that was shown is refused', async () => {
    const cycle = await waitingCycle();
    const other = { ...FIRST, manifest: 'sha256:something-else' };
    expect(await refusalOf(bench.decide(cycle, other))).toBe('other-manifest');
    await bench.decide(cycle, FIRST);
    await cycle.result();
  });

  test('that comes when the stage waits for none any more is refused', async () => {
    const cycle = await waitingCycle();
    bench.world.hold('check');
    await bench.decide(cycle, FIRST);
    expect(await refusalOf(bench.decide(cycle, { ...FIRST, by: 'ben' }))).toBe('not-waiting');
    bench.world.release('check');
    await cycle.result();
  });

  test('that comes when the cycle has been cancelled is refused', async () => {
    const { world } = bench;
    const cycle = await waitingCycle();
    world.hold('skipRest');
    await cycle.executeUpdate(cancel, { args: [{ by: 'otto', reason: 'Not now.' }] });
    await bench.stageIsCancelled(cycle, FIRST.stage);
    expect(await refusalOf(bench.decide(cycle, FIRST))).toBe('not-waiting');
    world.release('skipRest');
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
  });

  test('that rejects ends the cycle as rejected, with the reason, and nothing is touched', async () => {
    const cycle = await waitingCycle();
    await bench.decide(cycle, { ...FIRST, decision: 'reject', reason: 'Year-end closing.' });
    expect(await cycle.result()).toEqual({ status: 'rejected', message: 'Rejected by anna: Year-end closing.' });
    expect(bench.world.steps('prod')).toEqual([]);
  });

  test('that does not come in time is a rejection', async () => {
    const cycle = await waitingCycle();
    expect(await cycle.result()).toMatchObject({
      status: 'rejected',
      message: expect.stringMatching(/^Not decided by .*Z, and so rejected\.$/),
    });
    expect(bench.world.steps('prod')).toEqual([]);
  });

  test('may come as the signal decideStage to the cycle', async () => {
    const cycle = await waitingCycle();
    await cycle.signal(decideStage, { ...FIRST, decision: 'approve', by: 'anna', reason: 'Looks right.' });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(bench.world.asked('decisions').at(-1)?.decisions).toMatchObject([{ by: 'anna', via: 'signal' }]);
  });

  test('as a signal that does not count is noted with the reason, and the stage goes on waiting', async () => {
    const cycle = await waitingCycle();
    await cycle.signal(decideStage, { ...FIRST, decision: 'approve', by: 'olga', reason: 'Mine.' });
    await bench.world.until('note', ({ message }) => message.includes('olga asked for this cycle'));
    await cycle.signal(decideStage, decisionOf({ ...FIRST, stage: 'dev' }));
    await bench.world.until('note', ({ message }) => message.includes('stage dev does not wait for one'));
    await bench.decide(cycle, FIRST);
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
  });

  test('after the first window has passed is asked for once more, with the next window', async () => {
    const { world, environment } = bench;
    world.plays({
      windows: [
        {
          name: 'nightly',
          version: 1,
          schedule: { cron: '0 2 * * *' },
          timezone: 'UTC',
          duration: 4 * HOUR,
          cutoff: HOUR,
        },
      ],
      stages: [{ name: 'prod', policy: { approval: APPROVAL }, waves: [{ window: 'nightly' }] }],
    });
    const cycle = await bench.startCycle();
    await world.until('webhook');
    await environment.sleep(2 * DAY);
    await bench.decide(cycle, FIRST);

    await world.until('note', ({ message }) => message.includes('preparing and asking again'));
    const second = await world.until('webhook', ({ event }) => event.manifest === 'sha256:prod-manifest-2');
    await bench.decide(cycle, { stage: 'prod', manifest: second.event.manifest ?? '' });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    expect(world.asked('step')[0]?.at.slice(10, 16)).toBe('T02:00');
  });
});
