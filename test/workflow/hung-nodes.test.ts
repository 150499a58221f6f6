import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NodeId } from '../../domain/ids.js';
import type { PatchtideWorkflows } from '../../workflows/messages.js';
import { TASK_QUEUE } from '../../workflows/messages.js';
import type { StageScript } from '../support/fake-fleet.js';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
// One for each test: the time-skipping server skips no more once a workflow, here a webhook's, has outlived its parent.
beforeEach(async () => {
  bench = await WorkflowBench.open();
});
afterEach(() => bench.close());

const lost = ['i-1', 'i-2'] as NodeId[];
/** Its agents do not come back after the install. */
const hangs = (more: Partial<StageScript> = {}): StageScript => ({
  name: 'prod',
  failingSteps: ['install', 'agent-back', ...(more.failingSteps ?? [])],
  steps: { afterTasks: 1, ...more.steps },
  setAside: more.setAside ?? {},
  failures: more.failures ?? {},
});
async function patch(stage: StageScript): Promise<readonly string[]> {
  bench.world.plays({ stages: [stage] });
  await (await bench.startCycle()).result();
  return bench.world.steps('prod').map((step) => step.replace('w1.b1.', ''));
}

describe('nodes that do not come back', () => {
  test('are rebooted by EC2 once the others are back in service, scanned, and take the after tasks', async () => {
    expect(await patch(hangs())).toEqual([
      ...['check', 'install', 'agent-back', 'scan', 'after-1'],
      ...['ec2-reboot', 'back-from-reboot', 'ec2-reboot-again', 'back-from-reboot-again'],
      ...['boot-after', 'scan-again', 'after-again-1', 'set-aside', 'record'],
    ]);
    expect(bench.world.asked('webhook')).toEqual([]);
  });

  test('are restored where the stage says so', async () => {
    const steps = await patch(hangs({ steps: { onHung: 'restore', snapshot: 'await' } }));
    expect(steps.slice(steps.indexOf('back-from-reboot-again') + 1)).toEqual([
      ...['restore', 'back-from-restore', 'boot-after', 'scan-again', 'after-again-1', 'set-aside', 'record'],
    ]);
  });

  test('that EC2 refuses to reboot are not waited for, and all the same set aside and put in service', async () => {
    const steps = await patch(hangs({ failingSteps: ['ec2-reboot', 'ec2-reboot-again'] }));
    expect(steps).not.toContain('back-from-reboot');
    expect(steps.slice(-3)).toEqual(['after-again-1', 'set-aside', 'record']);
  });

  test('and are set aside are told to the outside, once for their batch', async () => {
    await patch(hangs({ setAside: { 'w1.b1': lost }, failures: { 'w1.b1': 1 } }));
    const events = bench.world.asked('webhook').map(({ event }) => event);
    expect(events.filter(({ type }) => type === 'nodes-set-aside')).toMatchObject([
      { stage: 'prod', message: expect.stringMatching(/^i-1, i-2 were set aside/) },
    ]);
  });
});

test('a batch whose agents are all back takes no step of the ladder', async () => {
  const steps = await patch({ ...hangs(), failingSteps: ['install'] });
  expect(steps).toEqual(['check', 'install', 'agent-back', 'scan', 'after-1', 'record']);
});

test('a node is taken back though AWS denies at first', async () => {
  bench.world.plays({ stages: [] });
  bench.world.breaks('readmit', 3, 'aws-denied', 'Not authorized.');
  const readmission = {
    node: 'i-1' as NodeId,
    account: '111122223333',
    region: 'eu-west-1',
    since: '2026-11-10T06:00:00.000Z',
  };
  await bench.client.execute<PatchtideWorkflows['readmitNode']>('readmitNode', {
    taskQueue: TASK_QUEUE,
    workflowId: 'readmit/1',
    args: [readmission as never],
  });
  expect(bench.world.asked('readmit')).toMatchObject([{ readmission }]);
});
