import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { PacedUpdates, Refused } from '../../api/temporal/updates.js';
import { decideStage, pause, resume } from '../../workflows/messages.js';
import { notReplayed } from '../replay/replaying.js';
import { ordinaryTemporal, testBundle } from '../support/temporal.js';
import { decisionOf, WorkflowBench } from '../support/workflow-bench.js';

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open(ordinaryTemporal);
}, 180_000);
afterAll(() => bench.close(), 60_000);

const MANIFEST = { stage: 'prod', manifest: 'sha256:prod-manifest-1' };
const people = (count: number, role: string) => Array.from({ length: count }, (_, index) => `${role}-${index}`);
const APPROVERS = people(100, 'approver');
const OPERATORS = people(400, 'operator');

test('of 100 signals and 400 updates that come to one cycle at once none is lost, and none counts twice', async () => {
  const { world } = bench;
  const approval = { roles: ['approver'], quorum: APPROVERS.length + 1, decideWithin: 3_600_000 };
  world.plays({ stages: [{ name: 'prod', policy: { approval } }] });
  const cycle = await bench.startCycle();
  await world.until('webhook');

  const updates = new PacedUpdates(bench.environment.client);
  /** Who was heeded; null where the cycle refused. A caller who gets no answer in time repeats the same act. */
  const steer = async (by: string, index: number): Promise<string | null> => {
    const told = index % 10 === 9 ? resume : pause;
    try {
      await updates.send(cycle.workflowId, told, { by, reason: 'Something looks odd.' }, `steering-${index}`);
      return by;
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return steer(by, index);
      if (!(error instanceof Refused)) throw error;
      expect(error.refusal).toBe(told === pause ? 'already-paused' : 'not-paused');
      return null;
    }
  };
  const signals = APPROVERS.map((by) => cycle.signal(decideStage, decisionOf({ ...MANIFEST, by })));
  const [answers] = await Promise.all([Promise.all(OPERATORS.map(steer)), Promise.all(signals)]);

  // Every update was answered, and what was accepted was done, once.
  const accepted = answers.filter((by) => by !== null);
  expect(accepted.length).toBeGreaterThan(0);
  const noted = world.notes().map((note) => /(?:Paused|Resumed) by ([^:]+):/.exec(note)?.[1]);
  expect(noted).toHaveLength(accepted.length);
  expect(new Set(noted)).toEqual(new Set(accepted));

  // Every signal was counted: only one decision is wanted still.
  await world.until('decisions', ({ decisions }) => decisions.length === APPROVERS.length);
  expect(await bench.decide(cycle, { ...MANIFEST, by: 'anna' })).toMatchObject({ decided: 'approved' });
  if (accepted.length % 2 === 1) await cycle.executeUpdate(resume, { args: [{ by: 'otto', reason: 'All is well.' }] });
  expect(await cycle.result()).toMatchObject({ status: 'completed' });

  const ids = [cycle.workflowId, `${cycle.workflowId}/prod`];
  const histories = await Promise.all(
    ids.map(async (workflowId) => ({ workflowId, history: await bench.client.getHandle(workflowId).fetchHistory() })),
  );
  expect(await notReplayed(histories, await testBundle())).toEqual([]);
}, 180_000);
