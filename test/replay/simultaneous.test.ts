import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isGrpcServiceError } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { decide, decideBySignal, decideStage, pause, resume, setPaused } from '../../workflows/messages.js';
import { ordinaryTemporal, testBundle } from '../support/temporal.js';
import { type CycleHandle, decisionOf, WorkflowBench } from '../support/workflow-bench.js';
import { type HistoryOf, notReplayed } from './replaying.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open(ordinaryTemporal);
}, 60_000);
afterAll(() => bench.close(), 60_000);

const FIRST = { stage: 'prod', manifest: 'sha256:prod-manifest-1' };
const ODD = { by: 'otto', reason: 'Something looks odd.' };

/** A cycle of one stage that waits for two decisions, with nothing else left to do. */
async function waitingCycle(): Promise<CycleHandle> {
  const approval = { roles: ['approver'], quorum: 2, decideWithin: 3_600_000 };
  bench.world.plays({ stages: [{ name: 'prod', policy: { approval } }] });
  const cycle = await bench.startCycle();
  await bench.world.until('webhook');
  return cycle;
}

/** What people may send at the same moment, some of it wrong or late; every update with its id. */
function messagesFor(cycle: CycleHandle) {
  const stage = bench.client.getHandle(`${cycle.workflowId}/prod`);
  const signals = () => [
    stage.signal(decideBySignal, decisionOf({ ...FIRST, by: 'olga' })),
    stage.signal(decideBySignal, decisionOf({ ...FIRST, by: 'carl' })),
    stage.signal<unknown[]>(setPaused.name, 'nonsense'),
    cycle.signal(decideStage, 'nonsense'),
    cycle.signal(decideStage, decisionOf({ ...FIRST, by: 'dora' })),
  ];
  const decisions = ['anna', 'ben', 'anna'].map((by, index) => ({
    of: stage.workflowId,
    updateId: `decision-${index}`,
    send: () => stage.executeUpdate(decide, { updateId: `decision-${index}`, args: [decisionOf({ ...FIRST, by })] }),
  }));
  const pauses = [1, 2].map((number) => ({
    of: cycle.workflowId,
    updateId: `pause-${number}`,
    send: () => cycle.executeUpdate(pause, { updateId: `pause-${number}`, args: [ODD] }),
  }));
  return { signals, updates: [...decisions, ...pauses] };
}

/** Resolves when the server has taken in an update, which no worker need have seen. */
async function admitted(workflowId: string, updateId: string): Promise<void> {
  const { workflowService } = bench.environment.client;
  for (;;) {
    try {
      await workflowService.pollWorkflowExecutionUpdate({
        namespace: bench.environment.namespace ?? 'default',
        updateRef: { workflowExecution: { workflowId }, updateId },
        waitPolicy: {},
      });
      return;
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error;
    }
  }
}
const NOT_FOUND = 5;

/** Whether a workflow task had both: an update that was placed right behind a signal. */
const hadBoth = ({ events }: History): boolean =>
  (events ?? []).some(({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) => {
    const before = accepted?.acceptedRequestSequencingEventId;
    const event = (events ?? []).find(({ eventId }) => before && eventId?.equals(before));
    return Boolean(event?.workflowExecutionSignaledEventAttributes);
  });

async function historiesOf(cycle: CycleHandle): Promise<HistoryOf[]> {
  const ids = [cycle.workflowId, `${cycle.workflowId}/prod`];
  return Promise.all(
    ids.map(async (workflowId) => ({ workflowId, history: await bench.client.getHandle(workflowId).fetchHistory() })),
  );
}

test('signals and updates that wait together for a worker are handled in the same order when the history is replayed', async () => {
  const cycle = await waitingCycle();
  await bench.stopWorker();
  const { signals, updates } = messagesFor(cycle);
  await Promise.all(signals());
  const answers = updates.map(({ send }) => send());
  const settled = Promise.allSettled(answers);
  await Promise.all(updates.map(({ of, updateId }) => admitted(of, updateId)));
  await bench.startWorker();
  await settled;
  await cycle.executeUpdate(resume, { args: [ODD] });
  expect(await cycle.result()).toMatchObject({ status: 'completed' });
  const histories = await historiesOf(cycle);
  expect(histories.map(({ history }) => hadBoth(history))).toEqual([true, true]);
  expect(await notReplayed(histories, await testBundle())).toEqual([]);
}, 60_000);

test('signals and updates that come at once to a running worker are handled in the same order when the history is replayed', async () => {
  const histories: HistoryOf[] = [];
  for (let round = 1; round <= 5; round++) {
    const cycle = await waitingCycle();
    const { signals, updates } = messagesFor(cycle);
    await Promise.allSettled([...updates.map(({ send }) => send()), ...signals()]);
    await cycle.executeUpdate(resume, { args: [ODD] });
    expect(await cycle.result()).toMatchObject({ status: 'completed' });
    histories.push(...(await historiesOf(cycle)));
  }
  expect(await notReplayed(histories, await testBundle())).toEqual([]);
}, 60_000);
