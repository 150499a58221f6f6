import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type AnswerAction, answer, cancel } from '../../workflows/messages.js';
import type { StageScript } from '../support/fake-fleet.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const MINUTE = 60_000;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const says = (action: AnswerAction): { args: [Answer] } => ({
  args: [{ action, by: 'otto', reason: 'Looked at it.' }],
});
const stage: StageScript = {
  name: 'prod',
  policy: { health: { settle: 5 * MINUTE, within: 15 * MINUTE, checks: 1 } },
  waves: [{}, { account: '444455556666' }, { zone: 'euw1-az2', batches: [5] }],
};
/** What happened, in order, as `install 1` and `health 1`. */
const story = () =>
  bench.world.journal.flatMap((entry) => {
    if (entry.what === 'step' && entry.step === 'install') return [`install ${entry.wave}`];
    return entry.what === 'health' ? [`health ${entry.wave}.${entry.look}`] : [];
  });

describe('between zones', () => {
  test('nodes settle, and the health of every wave is looked at before the next zone begins', async () => {
    const { world } = bench;
    world.plays({ stages: [stage] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    const [first, second, ...rest] = story();
    expect([first, second].toSorted()).toEqual(['install 1', 'install 2']);
    expect(rest.slice(0, 2).toSorted()).toEqual(['health 1.1', 'health 2.1']);
    expect(rest.slice(2)).toEqual(['install 3', 'health 3.1']);

    const recorded = world.asked('record').findLast(({ wave }) => wave < 3)?.at ?? '';
    const looked = world.asked('health')[0];
    expect(Date.parse(looked?.at ?? '') - Date.parse(recorded)).toBeGreaterThanOrEqual(5 * MINUTE);
    const given = Date.parse(looked?.until ?? '') - Date.parse(looked?.at ?? '');
    expect(given).toBeGreaterThan(14 * MINUTE);
    expect(given).toBeLessThanOrEqual(15 * MINUTE);
  });

  test('nothing is looked at where the plan says nothing of health, nor where it only lets nodes settle', async () => {
    const { world } = bench;
    world.plays({ stages: [{ ...stage, policy: {} }] });
    await (await bench.startCycle()).result();
    expect(world.asked('health')).toEqual([]);

    world.plays({ stages: [{ ...stage, policy: { health: { settle: MINUTE, within: MINUTE, checks: 0 } } }] });
    await (await bench.startCycle()).result();
    expect(world.asked('health')).toEqual([]);
    const [first, last] = [1, 3].map((wave) => world.asked('record').find((entry) => entry.wave === wave)?.at ?? '');
    expect(Date.parse(last ?? '') - Date.parse(first ?? '')).toBeGreaterThanOrEqual(MINUTE);
  });

  test('what is not well in time makes the cycle ask, and names it', async () => {
    const { world } = bench;
    world.plays({ stages: [{ ...stage, unwell: { 'w2.1': ['https://storefront.example: answered 503, not 200'] } }] });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, (event) => {
      expect(event.message).toContain(
        'Stage prod is not healthy after euw1-az1 in eu-west-1: https://storefront.example: answered 503, not 200',
      );
      expect(story()).toHaveLength(4);
      return cycle.executeUpdate(answer, says('continue'));
    });
    expect(ended).toMatchObject({ status: 'completed' });
    expect(story().slice(4)).toEqual(['install 3', 'health 3.1']);
  });

  test('is looked at once more where somebody wants another try', async () => {
    const { world } = bench;
    world.plays({ stages: [{ ...stage, unwell: { 'w1.1': ['down'], 'w1.2': ['still down'] } }] });
    const cycle = await bench.startCycle();
    const answers = [says('retry-failed'), says('retry-failed')];
    await bench.resultOf(cycle, ...answers.map((said) => () => cycle.executeUpdate(answer, said)));
    expect(story().filter((each) => each.startsWith('health 1'))).toEqual(['health 1.1', 'health 1.2', 'health 1.3']);
    expect(story().slice(-2)).toEqual(['install 3', 'health 3.1']);
  });

  test('stops the stage where the plan says so', async () => {
    const { world } = bench;
    const policy = { ...stage.policy, onFailure: 'stop' } as const;
    world.plays({ stages: [{ ...stage, policy, unwell: { 'w1.1': ['down'] } }] });
    expect(await (await bench.startCycle()).result()).toEqual({
      status: 'failed',
      message: 'Stage prod is not healthy after euw1-az1 in eu-west-1: down',
    });
    expect(story()).not.toContain('install 3');
  });

  test('waits for AWS where that is out of reach, and can be cancelled', async () => {
    const { world } = bench;
    world.plays({ stages: [stage] });
    world.breaks('checkHealth', 8, 'aws-unreachable');
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });

    world.plays({ stages: [{ ...stage, policy: { health: { settle: 0, within: MINUTE, checks: 1 } } }] });
    world.breaks('checkHealth', 1_000, 'aws-denied');
    const cycle = await bench.startCycle();
    await world.until('project', ({ change }) => change.cycleChange?.waitingFor?.kind === 'aws');
    await cycle.executeUpdate(cancel, { args: [{ by: 'otto', reason: 'Enough.' }] });
    expect(await cycle.result()).toMatchObject({ status: 'cancelled' });
    expect(story()).toEqual(expect.not.arrayContaining(['install 3']));
  });
});
