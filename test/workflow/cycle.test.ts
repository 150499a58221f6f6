import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

describe('a cycle', () => {
  test('goes from Dev to Test to Prod, each with at most what the stage before proved', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev' }, { name: 'test' }, { name: 'prod' }] });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({ status: 'completed', message: '' });
    expect(world.asked('prepare').map(({ stage, patchSet }) => [stage, patchSet])).toEqual([
      ['dev', null],
      ['test', 'sha256:proven-by-dev'],
      ['prod', 'sha256:proven-by-test'],
    ]);
  });
});
