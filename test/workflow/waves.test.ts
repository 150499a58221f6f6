import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MaintenanceWindow } from '../../domain/documents/types.js';
import type { Instant } from '../../domain/ids.js';
import { type Answer, type AnswerAction, answer, steerWave, TASK_QUEUE, waveState } from '../../workflows/messages.js';
import { openingsOf } from '../support/fake-fleet.js';
import type { Asked } from '../support/fake-world.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const MINUTE = 60_000;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const daily = (name: string, hour: number, more: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  name,
  version: 1,
  schedule: { cron: `0 ${hour} * * *` },
  timezone: 'UTC',
  duration: 4 * 60 * MINUTE,
  cutoff: 60 * MINUTE,
  ...more,
});

/** When each wave was at work: from its first step to its last record, as places in the journal. */
function spans(journal: readonly Asked[]): Map<number, { first: number; last: number }> {
  const spans = new Map<number, { first: number; last: number }>();
  for (const [index, entry] of journal.entries()) {
    if (entry.what !== 'step' && entry.what !== 'record') continue;
    spans.set(entry.wave, { first: spans.get(entry.wave)?.first ?? index, last: index });
  }
  return spans;
}
const overlap = (a: { first: number; last: number } | undefined, b: { first: number; last: number } | undefined) => {
  if (!a || !b) throw new Error('A wave has not run.');
  return a.first <= b.last && b.first <= a.last;
};

const says = (action: AnswerAction): { args: [Answer] } => ({
  args: [{ action, by: 'otto', reason: 'Looked at it.' }],
});
const begun = () =>
  bench.world.asked('step').flatMap(({ step, wave, batch }) => (step === 'check' ? [`w${wave}.b${batch}`] : []));

describe('waves', () => {
  test('never patch two zones of a Region at the same time, and patch Regions side by side', async () => {
    const { world } = bench;
    const [shop, bank] = ['111122223333', '444455556666'];
    world.plays({
      takes: { install: 2 * MINUTE },
      windows: [daily('early', 1), daily('late', 2)],
      stages: [
        {
          name: 'prod',
          waves: [
            { account: shop, region: 'eu-west-1', zone: 'euw1-az1', window: 'early' },
            { account: bank, region: 'eu-west-1', zone: 'euw1-az1', window: 'early' },
            { account: shop, region: 'eu-west-1', zone: 'euw1-az2', window: 'early', batches: [5] },
            { account: bank, region: 'eu-west-1', zone: 'euw1-az3', window: 'late' },
            { account: shop, region: 'us-east-1', zone: 'use1-az1', window: 'early' },
            { account: shop, region: 'us-east-1', zone: 'hybrid', window: 'early' },
          ],
        },
      ],
    });
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toMatchObject({ status: 'completed' });

    const span = spans(world.journal);
    const [az1, az1OfBank, az2, az3, virginia, hybrid] = [1, 2, 3, 4, 5, 6].map((wave) => span.get(wave));
    expect(overlap(az1, az1OfBank)).toBe(true);
    expect([overlap(az1, az2), overlap(az1OfBank, az2), overlap(az2, az3), overlap(az1, az3)]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(overlap(virginia, hybrid)).toBe(false);
    expect(overlap(az1, virginia)).toBe(true);
  });

  test('take no more nodes out of service at once than the plan allows', async () => {
    const { world } = bench;
    world.plays({
      takes: { install: MINUTE },
      stages: [{ name: 'prod', waves: [{ batches: [3, 3, 3, 3, 2], maxUnavailable: 7 }] }],
    });
    const cycle = await bench.startCycle();
    await cycle.result();

    const sizes = [3, 3, 3, 3, 2];
    let out = 0;
    let most = 0;
    for (const entry of world.journal) {
      if (entry.what === 'step' && entry.step === 'check') out += sizes[entry.batch - 1] ?? 0;
      if (entry.what === 'record') out -= sizes[entry.batch - 1] ?? 0;
      most = Math.max(most, out);
    }
    expect(most).toBe(6);
    expect(
      world
        .asked('record')
        .map(({ batch }) => batch)
        .sort((a, b) => a - b),
    ).toEqual([1, 2, 3, 4, 5]);
  });

  test('take the steps of a batch in order', async () => {
    const { world } = bench;
    const steps = { startStopped: true, snapshot: 'await', beforeTasks: 2, afterTasks: 1, reboot: 'always' } as const;
    world.plays({ stages: [{ name: 'prod', steps, waves: [{ batches: [2] }] }] });
    await (await bench.startCycle()).result();
    expect(world.steps('prod').map((step) => step.slice('w1.b1.'.length))).toEqual([
      'start',
      'check',
      'snapshot',
      'before-1',
      'before-2',
      'install',
      'reboot',
      'scan',
      'after-1',
      'stop',
      'record',
    ]);
  });

  test.each([
    ['await', 10],
    ['start', 0],
  ] as const)(
    'with snapshot: %s are touched %d minutes after snapshots that take ten are begun',
    async (snapshot, minutes) => {
      const { world } = bench;
      world.plays({
        takes: { snapshot: 10 * MINUTE },
        stages: [{ name: 'prod', steps: { snapshot, beforeTasks: 1 }, waves: [{ batches: [2] }] }],
      });
      await (await bench.startCycle()).result();
      const at = (wanted: string) => Date.parse(world.asked('step').find(({ step }) => step === wanted)?.at ?? '');
      expect(Math.round((at('before-1') - at('snapshot')) / MINUTE)).toBe(minutes);
    },
  );

  test('run the after tasks although the install failed on every node', async () => {
    const { world } = bench;
    world.plays({
      stages: [
        {
          name: 'prod',
          policy: { pauseAfterFailures: { nodes: 3 } },
          steps: { beforeTasks: 1, afterTasks: 2 },
          failingSteps: ['install'],
          failures: { 'w1.b1': 2 },
        },
      ],
    });
    expect(await (await bench.startCycle()).result()).toEqual({
      status: 'completed-with-failures',
      message: '2 nodes of stage prod failed.',
    });
    expect(world.steps('prod')).toEqual(expect.arrayContaining(['w1.b1.after-1', 'w1.b1.after-2', 'w1.b1.record']));
    // A node that reported a success has an agent; of the others nobody knows.
    expect(world.steps('prod')).toContain('w1.b1.agent-back');
  });

  test('take a step together where they come to it together', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod', waves: [{ batches: [2, 2, 2], maxUnavailable: 6 }] }] });
    const cycle = await bench.startCycle();
    await cycle.result();
    const [wave] = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
    const { events } = await bench.client.getHandle(wave?.workflowId ?? '').fetchHistory();
    const begun = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) =>
      scheduled?.activityType?.name === 'beginStep' ? [String(userMetadata?.summary?.data)] : [],
    );
    expect(begun[0]).toBe('"check: batch 1–3 (6 nodes)"');
    expect(world.steps('prod').filter((step) => step.endsWith('.install'))).toHaveLength(3);
  });

  test('begin nothing after the cutoff, finish what was touched, and leave the rest to the next window', async () => {
    const { world } = bench;
    world.plays({
      windows: [daily('short', 3, { duration: 10 * MINUTE, cutoff: 5 * MINUTE })],
      takes: { install: 6 * MINUTE },
      stages: [
        {
          name: 'prod',
          steps: { afterTasks: 1 },
          waves: [
            { window: 'short', batches: [2, 2, 2], maxUnavailable: 2 },
            { window: 'short', zone: 'euw1-az2', batches: [7] },
          ],
        },
      ],
    });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(world.steps('prod').slice(0, 6)).toEqual([
      'w1.b1.check',
      'w1.b1.install',
      'w1.b1.scan',
      'w1.b1.after-1',
      'w1.b1.record',
      'w3.b1.check',
    ]);
    const left = world.asked('carry-rest').slice(0, 2);
    expect(left.map(({ wave }) => wave)).toEqual([1, 2]);
    for (const { reason } of left)
      expect(reason).toMatch(/^Not begun at the cutoff of window short \(.*T03:05:00\.000Z\)\.$/);
    const waves = world.asked('project').flatMap(({ change }) => change.waves ?? []);
    expect(
      waves
        .filter(({ status }) => status === 'cut-off')
        .map(({ number }) => number)
        .slice(0, 2),
    ).toEqual([1, 2]);
  });

  test('go on in a new run when their history grows long, with the batches and totals that they had', async () => {
    const { world } = bench;
    const batches = Array.from({ length: 100 }, () => 1);
    world.plays({
      stages: [
        {
          name: 'prod',
          steps: { beforeTasks: 4 },
          failures: { 'w1.b3': 1, 'w1.b100': 1 },
          // One after the other: batches that go side by side share their activities.
          waves: [{ batches, maxUnavailable: 1 }],
        },
      ],
    });
    const cycle = await bench.startCycle();
    // The first failure takes all of the budget.
    const goOn = () => cycle.executeUpdate(answer, says('continue'));
    expect(await bench.resultOf(cycle, goOn)).toMatchObject({ status: 'completed-with-failures' });

    const runs = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
    const first = bench.client.getHandle(runs[0]?.workflowId ?? '', runs[0]?.runId ?? '', { followRuns: false });
    expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
    const wave = bench.client.getHandle(runs[0]?.workflowId ?? '');
    expect(await wave.result()).toEqual({
      done: 100,
      failed: 2,
      surplus: 0,
      ended: 'completed',
      skipped: 0,
      problem: null,
    });
    const recorded = world.asked('record').map(({ batch }) => batch);
    expect(recorded.sort((a, b) => a - b)).toEqual(batches.map((_, index) => index + 1));
  }, 60_000);

  test('still wait in a new run for their stage to judge a failure', async () => {
    const { world } = bench;
    const script = { name: 'prod', waves: [{ batches: [2, 2] }] };
    world.plays({ stages: [script] });
    const [wave] = openingsOf(world.script, script, '2026-01-01T00:00:00.000Z' as Instant).waves;
    const progress = { begun: 1, totals: { done: 2, failed: 2, surplus: 0 }, judged: 1, lost: 0, watches: 0 };
    const steps = {
      startStopped: false,
      snapshot: 'none',
      beforeTasks: 0,
      afterTasks: 0,
      reboot: 'if-needed',
      onHung: 'set-aside',
    };
    const input = {
      request: { cycle: 'plan-1' },
      stage: 'prod',
      manifest: 'sha256:prod-manifest-1',
      wave,
      steps,
      paused: false,
    };
    const handle = await bench.client.start('patchWave', {
      taskQueue: TASK_QUEUE,
      workflowId: 'a-wave-in-its-second-run',
      args: [{ ...input, progress }],
    });
    await handle.query(waveState);
    expect(world.steps('prod')).toEqual([]);
    await handle.signal(steerWave, { paused: false, failed: 2, lost: 2 });
    expect(await handle.result()).toMatchObject({ done: 4, failed: 2, ended: 'completed' });
  });
});

describe('nodes that failed', () => {
  const wave = { batches: [1, 1, 1, 1], maxUnavailable: 2 };

  test('keep consuming the budget: the wave goes on with what is left of it', async () => {
    const { world } = bench;
    world.plays({ takes: { install: MINUTE }, stages: [{ name: 'prod', failures: { 'w1.b1': 1 }, waves: [wave] }] });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed-with-failures' });
    expect(world.asked('webhook')).toEqual([]);
    let out = 0;
    const atOnce = world.journal.flatMap((entry) => {
      if (entry.what === 'step' && entry.step === 'check') out += 1;
      if (entry.what === 'record' && entry.batch !== 1) out -= 1;
      return entry.what === 'step' && entry.step === 'check' ? [out] : [];
    });
    expect(atOnce).toEqual([1, 2, 2, 2]);
  });

  test('and leave no room make the cycle ask, whose answer gives their room back', async () => {
    const { world } = bench;
    const failures = { 'w1.b1': 1, 'w1.b2': 1 };
    world.plays({ stages: [{ name: 'prod', policy: { onFailure: 'stop' }, failures, waves: [wave] }] });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, (event) => {
      expect(event.message).toContain(
        '2 nodes that failed in euw1-az1 of 111122223333 in eu-west-1 keep consuming maxUnavailable (2), which leaves no room for the next 1 of stage prod: to go on gives their room back.',
      );
      expect(begun()).toEqual(['w1.b1', 'w1.b2']);
      return cycle.executeUpdate(answer, says('continue'));
    });
    expect(ended).toMatchObject({ status: 'completed-with-failures' });
    expect(begun()).toEqual(['w1.b1', 'w1.b2', 'w1.b3', 'w1.b4']);
  });

  test('leave no room for a batch that is larger than what is left', async () => {
    const { world } = bench;
    const failures = { 'w1.b1': 1 };
    world.plays({ stages: [{ name: 'prod', failures, waves: [{ batches: [3, 3], maxUnavailable: 3 }] }] });
    const cycle = await bench.startCycle();
    const ended = await bench.resultOf(cycle, (event) => {
      expect(event.message).toContain('no room for the next 3');
      return cycle.executeUpdate(answer, says('stop'));
    });
    expect(ended).toMatchObject({ status: 'failed' });
    expect(begun()).toEqual(['w1.b1']);
  });

  test('are tried again while others wait for their room, and make it when they are well', async () => {
    const { world } = bench;
    const failures = { 'w1.b1': 1, 'w1.b2': 1 };
    world.plays({ stages: [{ name: 'prod', failures, waves: [wave] }] });
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => cycle.executeUpdate(answer, says('retry-failed')));
    expect(world.asked('webhook')).toHaveLength(1);
    expect(begun().slice(0, 2)).toEqual(['w1.b1', 'w1.b2']);
    expect([...begun().slice(2, 4)].sort()).toEqual(['w2.b1', 'w2.b2']);
    expect([...begun().slice(4)].sort()).toEqual(['w1.b3', 'w1.b4']);
  });

  test('and fail again make the cycle ask again', async () => {
    const { world } = bench;
    const failures = { 'w1.b1': 1, 'w1.b2': 1, 'w2.b1': 1, 'w2.b2': 1 };
    world.plays({ stages: [{ name: 'prod', failures, waves: [wave] }] });
    const cycle = await bench.startCycle();
    const answers = [says('retry-failed'), says('continue')];
    await bench.resultOf(cycle, ...answers.map((said) => () => cycle.executeUpdate(answer, said)));
    expect(begun()).toHaveLength(6);
  });

  test('count in the next window of what was not reached in theirs', async () => {
    const { world } = bench;
    world.plays({
      windows: [daily('short', 3, { duration: 10 * MINUTE, cutoff: 5 * MINUTE })],
      takes: { install: 6 * MINUTE },
      stages: [
        { name: 'prod', failures: { 'w1.b1': 2 }, waves: [{ window: 'short', batches: [2, 2], maxUnavailable: 2 }] },
      ],
    });
    const cycle = await bench.startCycle();
    await bench.resultOf(cycle, () => {
      expect(begun()).toEqual(['w1.b1']);
      expect(world.asked('continue')).toMatchObject([{ of: 'carried-over' }]);
      return cycle.executeUpdate(answer, says('continue'));
    });
    expect(begun()).toEqual(['w1.b1', 'w2.b1']);
  });
});
