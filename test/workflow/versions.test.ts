import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isGrpcServiceError } from '@temporalio/client';
import { DEPLOYMENT } from '../../worker/deployment.js';
import { ordinaryTemporal } from '../support/temporal.js';
import { WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open(ordinaryTemporal);
  await bench.stopWorker();
}, 60_000);
afterAll(() => bench.close(), 60_000);

/** NOT_FOUND and FAILED_PRECONDITION: not all of its task queues are polled yet. */
const NOT_YET = [5, 9];

/** As `temporal worker deployment set-current-version` does, as soon as a worker of that build polls. */
async function makeCurrent(buildId: string): Promise<void> {
  for (;;) {
    try {
      await bench.environment.client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace: bench.environment.namespace ?? 'default',
        deploymentName: DEPLOYMENT,
        buildId,
        identity: 'test',
      });
      return;
    } catch (error) {
      if (!isGrpcServiceError(error) || !NOT_YET.includes(error.code)) throw error;
    }
  }
}

/** The builds that decided something in a workflow, in their order. */
async function buildsOf(workflowId: string): Promise<string[]> {
  const { events } = await bench.client.getHandle(workflowId).fetchHistory();
  const builds = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.deploymentVersion?.buildId ?? [],
  );
  return [...new Set(builds)];
}

test('a release leaves a wave in flight on the build it began with; its stage, its cycle and the next wave go on with the new one', async () => {
  const { world } = bench;
  world.plays({ stages: [{ name: 'prod', steps: { afterTasks: 1 }, waves: [{}, { zone: 'euw1-az2' }] }] });
  world.hold('install');
  await bench.startWorker({ build: 'old' });
  await makeCurrent('old');
  const cycle = await bench.startCycle();
  await world.until('step', ({ step }) => step === 'install');

  await bench.startWorker({ build: 'new' });
  await makeCurrent('new');
  world.release('install');
  expect(await cycle.result()).toMatchObject({ status: 'completed' });

  const stage = `${cycle.workflowId}/prod`;
  const [first, second] = await bench.childrenOf(stage, 'patchWave');
  expect(await buildsOf(first?.workflowId ?? '')).toEqual(['old']);
  expect(await buildsOf(second?.workflowId ?? '')).toEqual(['new']);
  expect(await buildsOf(stage)).toEqual(['old', 'new']);
  expect(await buildsOf(cycle.workflowId)).toEqual(['old', 'new']);
}, 60_000);
