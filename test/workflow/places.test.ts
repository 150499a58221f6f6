import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

test('short steps go on although all places of watches are taken', async () => {
  const { world } = bench;
  await bench.stopWorker();
  await bench.startWorker({ places: { watches: 1, others: 5 } });
  world.plays({
    stages: [{ name: 'prod', waves: [{ region: 'eu-west-1' }, { region: 'us-east-1' }, { region: 'us-west-2' }] }],
  });
  world.hold('check');
  const cycle = await bench.startCycle();
  // The first wave's watch has the only place; the others begin their steps all the same.
  for (const wave of [1, 2, 3]) await world.until('step', (begun) => begun.wave === wave);
  expect(world.asked('record')).toEqual([]);
  world.release('check');
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
  expect(
    world
      .asked('record')
      .map(({ wave }) => wave)
      .sort((a, b) => a - b),
  ).toEqual([1, 2, 3]);
});
