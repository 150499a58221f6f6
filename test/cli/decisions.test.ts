import { describe, expect, test } from '@jest/globals';
import type { CycleId, Digest, Instant, StageName } from '../../domain/ids.js';
import { startCycle } from '../api/examples.js';
import { refusal } from '../api/fake-temporal.js';
import { manifestOf } from '../store/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();
const CYCLE = 'storefront-1' as CycleId;
const PROD = 'prod' as StageName;
const OTHER = `sha256:${'b'.repeat(64)}`;
const APPROVE = ['approve', 'storefront-1', '--reason', 'Test is well'];

/** A cycle whose stage prod waits for a decision on the manifest that this resolves to. */
const waiting = async (): Promise<Digest> => {
  await startCycle(service);
  const manifest = await service.store.saveManifest({ ...manifestOf(CYCLE, 3), stage: PROD });
  service.temporal.addRun('patch-cycle/storefront/1/prod');
  await service.store.stageChanged(CYCLE, PROD, { status: 'waiting', manifest });
  await service.store.cycleChanged(CYCLE, {
    waitingFor: {
      kind: 'approval',
      stage: PROD,
      until: '2026-11-25T18:00:00Z' as Instant,
      manifest,
      message: 'Waits.',
    },
  });
  return manifest;
};
const sent = () => service.temporal.updates.map(({ argument }) => argument);

describe('approve', () => {
  test('shows the manifest, asks, and sends the digest that was shown', async () => {
    const manifest = await waiting();
    const { code, stdout, stderr, questions } = await service.as('approver', APPROVE, { answers: 'y' });
    expect(stderr).toContain(manifest);
    expect(stderr).toMatch(/nodes {6}6: /);
    expect(questions).toEqual([expect.stringContaining('Approve this for prod of storefront-1? [y/N]')]);
    expect([code, stdout]).toEqual([0, 'prod of storefront-1 is approved.\n']);
    expect(sent()).toMatchObject([{ stage: 'prod', decision: 'approve', reason: 'Test is well', manifest }]);
  });

  test.each(['', 'n', 'what'])('sends nothing where the answer is "%s": 1', async (answers) => {
    await waiting();
    const { code, stderr } = await service.as('approver', APPROVE, { answers });
    expect([code, stderr]).toEqual([1, expect.stringContaining('Nothing was decided.')]);
    expect(sent()).toEqual([]);
  });

  test('decides on what was shown, also where the stage is prepared anew while the person reads', async () => {
    const manifest = await waiting();
    service.temporal.onUpdate = ({ argument }) => {
      expect(argument).toMatchObject({ manifest });
      throw refusal('other-manifest', 'The stage waits for a decision on another manifest.');
    };
    const { code, stderr } = await service.as('approver', APPROVE, { answers: 'yes' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('other-manifest, 409')]);
  });

  test('asks nobody with --manifest, which is the person’s own', async () => {
    await waiting();
    const { code, questions } = await service.as('approver', [...APPROVE, '--manifest', OTHER], { answers: 'n' });
    expect([code, questions]).toEqual([0, []]);
    expect(sent()).toMatchObject([{ manifest: OTHER }]);
  });

  test('shows and does not ask with --yes', async () => {
    const manifest = await waiting();
    const { code, stderr } = await service.as('approver', [...APPROVE, '--yes']);
    expect([code, stderr]).toEqual([0, expect.stringContaining(manifest)]);
    expect(sent()).toMatchObject([{ manifest }]);
  });

  test('without a person, and without either, is not understood: 64', async () => {
    await waiting();
    const { code, stderr } = await service.as('approver', APPROVE);
    expect([code, stderr]).toEqual([64, expect.stringContaining('--yes')]);
    expect(sent()).toEqual([]);
  });

  test('ends with 5 where more approvers are needed', async () => {
    await waiting();
    service.temporal.onUpdate = () => ({ decided: 'counted', at: '2026-11-20T09:00:00.000Z' });
    expect((await service.as('approver', [...APPROVE, '--yes'])).code).toBe(5);
  });

  test('of one’s own request ends with 4', async () => {
    await waiting();
    service.temporal.onUpdate = () => {
      throw refusal('own-request', 'The operator asked for this cycle.');
    };
    const { code, stderr } = await service.as('approver', [...APPROVE, '--yes']);
    expect([code, stderr]).toEqual([4, expect.stringContaining('Ask another approver to decide.')]);
  });

  test('of a cycle that waits for nothing says what it does instead: 1', async () => {
    await startCycle(service);
    const { code, stderr } = await service.as('approver', [...APPROVE, '--yes']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('storefront-1 waits for no decision: it is running.')]);
  });
});

test('reject sends a rejection', async () => {
  const manifest = await waiting();
  service.temporal.onUpdate = () => ({ decided: 'rejected', at: '2026-11-20T09:00:00.000Z' });
  const { code, stdout } = await service.as('approver', ['reject', 'storefront-1', 'prod', '--reason', 'No', '--yes']);
  expect([code, stdout]).toEqual([0, 'prod of storefront-1 is rejected; the cycle ends.\n']);
  expect(sent()).toMatchObject([{ decision: 'reject', manifest }]);
});

describe('patch-set', () => {
  const patch = (version: string) => ({ id: 'openssl.amd64', title: `openssl.amd64:${version}`, nodes: 4 });
  const saved = (stage: string, patches: readonly ReturnType<typeof patch>[]) =>
    service.store.savePatchSet({ cycle: CYCLE, stage: stage as StageName, patches: { UBUNTU: patches } });

  test('show lists the patches, also by cycle and stage', async () => {
    await startCycle(service);
    const { digest } = await saved('dev', [patch('3.0.2-1')]);
    await service.store.stageChanged(CYCLE, 'dev' as StageName, { proven: digest });
    const { code, stdout } = await service.as('viewer', ['patch-set', 'show', 'storefront-1/dev']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ubuntu +openssl\.amd64 +4 +openssl\.amd64:3\.0\.2-1/)]);
  });

  test('diff tells versions apart, and ends with 1 where sets differ', async () => {
    const [dev, test] = [await saved('dev', [patch('3.0.2-1')]), await saved('test', [patch('3.0.2-2')])];
    const { code, stdout } = await service.as('viewer', ['patch-set', 'diff', dev.digest, test.digest]);
    expect(code).toBe(1);
    expect(stdout).toContain('- ubuntu  openssl.amd64  openssl.amd64:3.0.2-1');
    expect(stdout).toContain('+ ubuntu  openssl.amd64  openssl.amd64:3.0.2-2');
    expect((await service.as('viewer', ['patch-set', 'diff', dev.digest, dev.digest])).code).toBe(0);
  });

  test('of a stage that has proven none says so', async () => {
    await startCycle(service);
    const { code, stderr } = await service.as('viewer', ['patch-set', 'show', 'storefront-1/dev']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('has proven no patch set')]);
  });
});
