import { describe, expect, test } from '@jest/globals';
import type { CycleId, Instant, StageName } from '../../domain/ids.js';
import { plan, startCycle } from '../api/examples.js';
import { manifestOf } from '../store/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();
const CYCLE = 'storefront-1' as CycleId;
const DEV = 'dev' as StageName;
const START = ['cycle', 'start', 'storefront', '--reason', 'November patches'];

describe('cycle start', () => {
  test('answers with the id of the cycle, and says on stderr how to follow it', async () => {
    await service.put('/v1/plans/storefront', plan());
    const { code, stdout, stderr } = await service.as('operator', [...START, '--reference', 'CHG-1042']);
    expect([code, stdout]).toEqual([0, 'storefront-1\n']);
    expect(stderr).toContain('patchtide cycle watch storefront-1');
    expect((await service.get('/v1/cycles/storefront-1')).json()).toMatchObject({
      reason: 'November patches',
      reference: 'CHG-1042',
    });
  });

  test('with the same idempotency key is the same cycle', async () => {
    await service.put('/v1/plans/storefront', plan());
    const twice = [...START, '--idempotency-key', 'november'];
    await service.as('operator', twice);
    expect((await service.as('operator', twice)).stdout).toBe('storefront-1\n');
    expect(service.temporal.starts).toHaveLength(1);
  });

  test('without a reason is not understood: 64', async () => {
    const { code, stderr } = await service.as('operator', ['cycle', 'start', 'storefront']);
    expect([code, stderr]).toEqual([64, expect.stringContaining('--reason <sentence>')]);
  });

  test('of a plan that is not there, or by somebody who may not, ends with 1 and with 4', async () => {
    expect((await service.as('operator', START)).code).toBe(1);
    const { code, stderr } = await service.as('viewer', START);
    expect([code, stderr]).toEqual([4, expect.stringContaining('Your role may not do this')]);
  });

  test('with a key that nobody has ends with 4', async () => {
    const given = { environment: { PATCHTIDE_API_KEY: 'a-key-that-opens-nothing' } };
    expect((await service.as('operator', START, given)).code).toBe(4);
  });

  test('tells a problem as JSON where answers are wanted as JSON', async () => {
    const { stdout, stderr } = await service.as('operator', [...START, '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ code: 'no-plan', status: 404, advice: expect.any(String) });
  });

  test('tries again while Temporal does not answer, as the same act, and waits as long as it is told to', async () => {
    await service.put('/v1/plans/storefront', plan());
    service.temporal.outOfReach = true;
    const pauses: number[] = [];
    const wait = async (milliseconds: number) => {
      pauses.push(milliseconds);
      if (pauses.length === 2) service.temporal.outOfReach = false;
    };
    const { code, stdout, stderr } = await service.as('operator', START, { wait });
    expect([code, stdout]).toEqual([0, 'storefront-1\n']);
    expect(pauses).toEqual([5_000, 10_000]);
    expect(stderr).toContain('Trying again');
  });
});

describe('cycle list and show', () => {
  test('list shows the newest first, with what they wait for', async () => {
    await startCycle(service);
    await service.store.cycleChanged(CYCLE, {
      waitingFor: { kind: 'approval', stage: DEV, until: null, manifest: null, message: 'Waits.' },
    });
    const { stdout } = await service.as('viewer', ['cycle', 'list', '--status', 'running']);
    expect(stdout).toMatch(/^CYCLE .*\nstorefront-1 +running .* approval of dev +November patches\n$/);
  });

  test('show pictures the stages, and gives the whole as JSON', async () => {
    await startCycle(service);
    const { stdout } = await service.as('viewer', ['cycle', 'show', 'storefront-1']);
    expect(stdout).toContain('storefront-1  ● running');
    expect(stdout).toMatch(/^dev {3}○ pending$/m);
    const json = JSON.parse((await service.as('viewer', ['cycle', 'show', 'storefront-1', '--json'])).stdout);
    expect(json).toEqual((await service.get('/v1/cycles/storefront-1')).json());
  });

  test('an option that the API does not know is refused here: 64', async () => {
    const { code, stderr } = await service.as('viewer', ['cycle', 'list', '--status', 'done']);
    expect([code, stderr]).toEqual([64, expect.stringContaining('completed-with-failures')]);
  });
});

describe('cycle nodes and report', () => {
  const planned = async () => {
    await startCycle(service);
    const manifest = manifestOf(CYCLE, 2);
    await service.store.saveManifest(manifest);
    await service.store.planNodes(CYCLE, DEV, manifest);
  };

  test('nodes shows every node, and why those were left out that were', async () => {
    await planned();
    const { code, stdout } = await service.as('viewer', ['cycle', 'nodes', 'storefront-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^STAGE +NODE +LOCATION +OS +OUTCOME +COMPLIANCE\n/);
    expect(stdout.match(/^dev .* pending/gm)).toHaveLength(4);
    expect(stdout).toMatch(/^dev .* skipped .*\n {2}\w/m);
    const none = await service.as('viewer', ['cycle', 'nodes', 'storefront-1', '--outcome', 'failed']);
    expect([none.code, none.stdout, none.stderr]).toEqual([0, '', 'There are no such nodes.\n']);
  });

  test('report says who decided what, and what became of the nodes', async () => {
    await planned();
    const { code, stdout } = await service.as('viewer', ['cycle', 'report', 'storefront-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Outcomes\nSTAGE +pending +skipped +all\ndev +4 +1 +5/);
    expect(stdout).toContain('operator: start cycle storefront-1, done');
    const all = JSON.parse((await service.as('viewer', ['cycle', 'report', 'storefront-1', '--json'])).stdout);
    expect(all).toEqual((await service.get('/v1/cycles/storefront-1/report')).json());
  });
});

describe('cycle pause, resume and cancel', () => {
  test.each(['pause', 'resume', 'cancel'])('%s reaches the cycle with its reason', async (act) => {
    await startCycle(service);
    service.temporal.onUpdate = () => ({ at: '2026-11-20T09:00:00.000Z' });
    const { code, stdout } = await service.as('operator', ['cycle', act, 'storefront-1', '--reason', 'Traffic']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('storefront-1')]);
    expect(service.temporal.updates).toMatchObject([{ name: act, argument: { by: 'operator', reason: 'Traffic' } }]);
  });

  test('and so does an answer', async () => {
    await startCycle(service);
    service.temporal.onUpdate = () => null;
    const command = ['cycle', 'answer', 'storefront-1', '--action', 'retry-failed', '--reason', 'The disk is free'];
    const { code, stdout } = await service.as('operator', command);
    expect([code, stdout]).toEqual([0, expect.stringContaining('tries its failed nodes again')]);
    expect(service.temporal.updates).toMatchObject([
      { name: 'answer', argument: { action: 'retry-failed', by: 'operator', reason: 'The disk is free' } },
    ]);
  });

  test('of a cycle that has ended is refused: 1', async () => {
    await startCycle(service);
    await service.store.cycleChanged(CYCLE, { status: 'completed', endedAt: '2026-11-20T09:00:00.000Z' as Instant });
    const { code, stderr } = await service.as('operator', ['cycle', 'pause', 'storefront-1', '--reason', 'Late']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Cycle storefront-1 has ended as completed.')]);
  });
});
