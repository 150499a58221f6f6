import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Instant } from '../../domain/ids.js';
import { WorkflowBench } from '../support/workflow-bench.js';

const DAY = 24 * 3_600_000;

let bench: WorkflowBench;
beforeAll(async () => {
  bench = await WorkflowBench.open();
});
afterAll(() => bench.close());

const daysBetween = (from: Instant | undefined, to: Instant | undefined) =>
  Math.floor((Date.parse(to ?? '') - Date.parse(from ?? '')) / DAY);
const lastRecordOf = (stage: string) => bench.world.asked('record').findLast((entry) => entry.stage === stage);

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
    expect(world.asked('record').map(({ stage }) => stage)).toEqual(['dev', 'test', 'prod']);
  });

  test('soaks after every stage but the last', async () => {
    const { world } = bench;
    const policy = { soak: 2 * DAY };
    world.plays({
      stages: [
        { name: 'dev', policy },
        { name: 'prod', policy },
      ],
    });
    await (await bench.startCycle()).result();
    const harvested = world.asked('harvest');
    expect(harvested.map(({ stage }) => stage)).toEqual(['dev']);
    expect(daysBetween(lastRecordOf('dev')?.at, harvested[0]?.at)).toBe(2);
    expect(daysBetween(lastRecordOf('prod')?.at, world.journal.at(-1)?.at)).toBe(0);
  });

  test('scans a stage’s nodes before it prepares, and once more before it keeps what they prove', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev', waves: [{}, { region: 'us-east-1' }] }, { name: 'prod' }] });
    await (await bench.startCycle()).result();
    const scans = world.asked('scan').map(({ of, place }) => `${of.split('/').slice(1).join(' ')} ${place.slice(13)}`);
    expect(scans.slice(0, 2).sort()).toEqual(['dev scan-prepare1 eu-west-1', 'dev scan-prepare1 us-east-1']);
    expect(scans.slice(2, 4).sort()).toEqual(['dev scan-harvest eu-west-1', 'dev scan-harvest us-east-1']);
    expect(scans.slice(4)).toEqual(['prod scan-prepare1 eu-west-1']);
  });

  test('fails at once where no node matches a stage, says so, and prepares nothing', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'dev' }, { name: 'prod', matched: 0, waves: [] }] });
    expect(await (await bench.startCycle()).result()).toEqual({
      status: 'failed',
      message: expect.stringContaining('No node matches stage prod.'),
    });
    expect(world.asked('prepare')).toEqual([]);
    expect(world.asked('scan')).toEqual([]);
  });

  test('asks nobody where a stage has nothing to patch, and lets it soak all the same: it may have been patched a minute ago', async () => {
    const { world } = bench;
    const approval = { roles: ['approver'], quorum: 1, decideWithin: DAY };
    world.plays({
      stages: [{ name: 'dev', matched: 3, waves: [], policy: { approval, soak: 9 * DAY } }, { name: 'prod' }],
    });
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(world.asked('webhook')).toEqual([]);
    expect(daysBetween(world.journal[0]?.at, world.asked('harvest')[0]?.at)).toBe(9);
    expect(world.asked('prepare').at(-1)).toMatchObject({ stage: 'prod', patchSet: 'sha256:proven-by-dev' });
  });

  test('ends as failed, with the innermost reason, where something is wrong that waiting does not mend', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.breaks('prepareStage', 99, 'TypeError', 'There is no baseline of that name.');
    expect(await (await bench.startCycle()).result()).toEqual({
      status: 'failed',
      message: 'There is no baseline of that name.',
    });
    const last = world.asked('project').at(-1);
    expect(last?.change.cycleChange).toMatchObject({ status: 'failed', waitingFor: null });
  });
});

describe('AWS out of reach', () => {
  const ANSWERS_AGAIN = [{ message: 'AWS is out of reach.' }, { message: null }];

  test.each(['openCycle', 'selectStage', 'beginScan', 'beginStep', 'watch', 'recordBatches', 'selectProven'])(
    'in %s is waited for and said; the cycle goes on by itself',
    async (activity) => {
      const { world } = bench;
      world.plays({ stages: [{ name: 'dev' }, { name: 'prod' }] });
      world.breaks(activity, 15, 'aws-unreachable');
      expect(await (await bench.startCycle()).result()).toEqual({ status: 'completed', message: '' });
      const said = world.journal.flatMap((entry) => {
        if (entry.what === 'outage') return [entry.message];
        if (entry.what !== 'project' || !entry.change.cycleChange) return [];
        const { waitingFor } = entry.change.cycleChange;
        return waitingFor?.kind === 'aws' ? [waitingFor.message] : waitingFor === null ? [null] : [];
      });
      const first = said.indexOf('AWS is out of reach.');
      expect(said.slice(first, first + 2)).toEqual(ANSWERS_AGAIN.map(({ message }) => message));
      expect(said.filter((message) => message !== null)).toHaveLength(1);
    },
  );

  test('is waited for at once where AWS denies, since no retry by itself will help', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.breaks('beginStep', 1, 'aws-denied', 'Not authorized to perform: ssm:SendCommand');
    expect(await (await bench.startCycle()).result()).toMatchObject({ status: 'completed' });
    expect(world.asked('outage')).toMatchObject([
      { wave: 1, message: 'Not authorized to perform: ssm:SendCommand' },
      { wave: 1, message: null },
    ]);
  });
});

describe('a store that is away', () => {
  test.each(['openCycle', 'prepareStage', 'beginStep', 'watch', 'recordBatches', 'readScan'])(
    'in %s is waited for, and the cycle goes on as if nothing had been',
    async (activity) => {
      const { world } = bench;
      world.plays({ stages: [{ name: 'prod' }] });
      world.breaks(activity, 20, 'StoreUnavailable', 'The database does not answer.');
      expect(await (await bench.startCycle()).result()).toEqual({ status: 'completed', message: '' });
      expect(world.asked('outage')).toEqual([]);
    },
  );

  test('or too slow to give leave to send is no wait for AWS; the timer says what it is', async () => {
    const { world } = bench;
    world.plays({ stages: [{ name: 'prod' }] });
    world.breaks('beginStep', 8, 'not-sent', 'patchtide/plan-1/prod/w1.b1.check was not sent: 3000 ms passed.');
    const cycle = await bench.startCycle();
    expect(await cycle.result()).toEqual({ status: 'completed', message: '' });
    expect(world.asked('outage')).toEqual([]);
    const [wave] = await bench.childrenOf(`${cycle.workflowId}/prod`, 'patchWave');
    const { events } = await bench.client.getHandle(wave?.workflowId ?? '').fetchHistory();
    const timer = events?.find((event) => event.timerStartedEventAttributes);
    expect(String(timer?.userMetadata?.summary?.data)).toContain('was not sent: 3000 ms passed.');
  });
});
