import { describe, expect, test } from '@jest/globals';
import { digestOf } from '../../domain/digest.js';
import type { CycleId, StageName } from '../../domain/ids.js';
import type { Manifest } from '../../domain/manifest.js';
import { HERE, manifestOf, nodeIds } from '../store/examples.js';
import { MANIFEST, startCycle } from './examples.js';
import { useService } from './service.js';

const service = useService();
const CYCLE = 'storefront-1' as CycleId;
const DEV = 'dev' as StageName;

/** A manifest in which nothing is empty. */
const fullManifest = (): Manifest => {
  const manifest = manifestOf(CYCLE, 2);
  const where = { ...HERE, os: 'UBUNTU' as const, patchGroup: 'storefront-dev' };
  const patch = { id: 'openssl.amd64', title: 'openssl.amd64:3.0.2-0ubuntu1.18' };
  const task = {
    document: 'AWS-RunShellScript',
    kind: 'command' as const,
    os: 'linux' as const,
    parameters: { commands: ['systemctl stop storefront'] },
    timeout: 600_000,
  };
  return {
    ...manifest,
    continues: { manifest: digestOf('the approved one'), of: 'failed' as const, round: 1 },
    policy: {
      ...manifest.policy,
      tasks: { beforeStage: [task], beforeNode: [task], afterNode: [task], afterStage: [task] },
      approval: { roles: ['approver'], quorum: 1, decideWithin: 1 },
      waves: { ...manifest.policy.waves, maxUnavailable: { nodes: 2 } },
    },
    baselines: [{ ...where, baselineId: 'pb-1', foreign: true }],
    installLists: [{ ...where, patches: [patch], untested: [patch] }],
    warnings: ['The patch group is registered to somebody else’s baseline.'],
  };
};

describe('A manifest', () => {
  test('is answered word for word: what is read has the digest that it was asked by', async () => {
    const digest = await service.store.saveManifest(fullManifest());
    const response = await service.get(`/v1/manifests/${digest}`);
    expect(response.json()).toEqual(fullManifest());
    expect(digestOf(response.json())).toBe(digest);
  });

  test('that is not there is a 404', async () => {
    expect((await service.get(`/v1/manifests/${MANIFEST}`)).json()).toMatchObject({ status: 404, code: 'not-found' });
  });
});

test('A patch set shows the exact patches by operating system', async () => {
  const patches = { UBUNTU: [{ id: 'openssl.amd64', title: 'openssl.amd64:3.0.2-0ubuntu1.18', nodes: 12 }] };
  const { digest } = await service.store.savePatchSet({ cycle: CYCLE, stage: DEV, patches });
  expect((await service.get(`/v1/patch-sets/${digest}`)).json()).toMatchObject({
    digest,
    cycle: CYCLE,
    stage: DEV,
    patches,
  });
  expect((await service.get(`/v1/patch-sets/${MANIFEST}`)).statusCode).toBe(404);
});

test('The report of a cycle has all of it', async () => {
  await startCycle(service, { reference: 'CHG-1042' });
  const manifest = fullManifest();
  const digest = await service.store.saveManifest(manifest);
  await service.store.planNodes(CYCLE, DEV, manifest);
  await service.store.stepBegan(CYCLE, DEV, nodeIds(1), 'install', true);
  const report = (await service.get('/v1/cycles/storefront-1/report')).json();
  expect(report).toMatchObject({
    cycle: { id: CYCLE, reference: 'CHG-1042', requestedBy: 'operator' },
    manifests: [{ digest, manifest: { stage: 'dev' } }],
    patchSets: [],
    steps: [{ stage: 'dev', node: nodeIds(1)[0], step: 'install', status: 'began' }],
    operations: [],
    audit: [{ who: 'operator', action: 'start cycle', result: 'done', reason: 'November patches' }],
  });
  expect(report.nodes).toHaveLength(5);
  expect((await service.get('/v1/cycles/nothing-1/report')).statusCode).toBe(404);
});

test('The audit trail comes newest first, in parts, by person and subject', async () => {
  for (const name of ['a', 'b', 'c']) {
    await service.store.audit({
      key: name,
      at: '2026-11-10T06:00:00.000Z' as never,
      who: name === 'b' ? 'ben' : 'ada',
      action: 'start cycle',
      subject: `plan-${name}`,
      result: 'done',
      reason: 'To see',
    });
  }
  const first = (await service.get('/v1/audit?limit=2')).json();
  expect(first.items.map(({ subject }: { subject: string }) => subject)).toEqual(['plan-c', 'plan-b']);
  const second = (await service.get(`/v1/audit?limit=2&cursor=${first.next}`)).json();
  expect(second).toMatchObject({ items: [{ subject: 'plan-a' }], next: null });
  expect((await service.get('/v1/audit?who=ben')).json().items).toHaveLength(1);
  expect((await service.get('/v1/audit?subject=plan-c')).json().items).toHaveLength(1);
});
