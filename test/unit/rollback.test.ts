import { describe, expect, test } from '@jest/globals';
import type { Outcome } from '../../domain/cycle.js';
import type { NodePatch, PatchState } from '../../domain/fleet.js';
import type { AccountId, Instant, NodeId, Region, StageName } from '../../domain/ids.js';
import {
  type InstanceVolumes,
  planRollback,
  type RollbackEvidence,
  type RollbackFact,
  restoreCommands,
  rollbackVerdict,
  type VolumeSnapshot,
  wayBack,
} from '../../domain/rollback.js';

const fact = (node: string, more: Partial<RollbackFact> = {}): RollbackFact => ({
  account: '111122223333' as AccountId,
  region: 'eu-west-1' as Region,
  stage: 'prod' as StageName,
  node: node as NodeId,
  wave: 1,
  batch: 1,
  step: 'scan',
  touched: true,
  outcome: 'patched',
  snapshotted: true,
  expired: null,
  brought: false,
  ...more,
});
const EVERYTHING = { stage: null, wave: null, nodes: null };
const idsOf = (nodes: readonly { node: NodeId }[]) => nodes.map(({ node }) => node);

describe('the plan of a rollback', () => {
  test('names nodes whose snapshots have expired, with the day', () => {
    const expired = fact('i-old', { expired: '2026-12-04T05:11:00.000Z' as Instant });
    const { targets, left } = planRollback([expired, fact('i-1')], EVERYTHING);
    expect(idsOf(targets)).toEqual(['i-1']);
    expect(left).toMatchObject([{ node: 'i-old', reason: expect.stringContaining('expired on 2026-12-04') }]);
  });

  test('holds what was changed, in its scope', () => {
    const facts = [
      fact('i-dev', { stage: 'dev' as StageName }),
      fact('i-1'),
      fact('i-2', { wave: 2, outcome: 'failed' }),
      fact('i-3', { outcome: 'already-compliant' }),
      fact('i-4', { outcome: 'skipped', touched: false, step: 'check' }),
      fact('i-5', { outcome: 'rolled-back', brought: true }),
    ];
    const prod = { ...EVERYTHING, stage: 'prod' as StageName };
    expect(idsOf(planRollback(facts, EVERYTHING).targets)).toEqual(['i-dev', 'i-1', 'i-2']);
    expect(idsOf(planRollback(facts, prod).targets)).toEqual(['i-1', 'i-2']);
    expect(idsOf(planRollback(facts, { ...prod, wave: 2 }).targets)).toEqual(['i-2']);
    expect(idsOf(planRollback(facts, { ...EVERYTHING, nodes: ['i-1'] as NodeId[] }).targets)).toEqual(['i-1']);
    expect(planRollback(facts, EVERYTHING).left).toEqual([]);
  });

  test('says plainly of on-premises nodes, and of nodes without a snapshot, that they have nothing to go back to', () => {
    const { targets, left } = planRollback([fact('mi-1'), fact('i-1', { snapshotted: false })], EVERYTHING);
    expect(targets).toEqual([]);
    expect(left.map(({ node, reason }) => [node, reason])).toEqual([
      ['mi-1', expect.stringContaining('It has nothing to go back to: it is no instance of EC2')],
      ['i-1', expect.stringContaining('It has nothing to go back to: the stage took no snapshot')],
    ]);
  });

  test('holds what an earlier try changed, though the last one changed nothing or has not begun', () => {
    const facts = [
      fact('i-1', { outcome: 'already-compliant', brought: true }),
      fact('i-2', { outcome: 'skipped', touched: false, brought: true }),
      fact('i-3', { outcome: null, step: null, touched: false, brought: true }),
      fact('i-4', { outcome: 'gone', brought: true }),
    ];
    expect(idsOf(planRollback(facts, EVERYTHING).targets)).toEqual(['i-1', 'i-2', 'i-3']);
  });

  test('names nodes of batches in flight, and nodes that the cycle does not know', () => {
    const facts = [
      fact('i-1', { outcome: null, touched: false, step: 'check' }),
      fact('i-2', { outcome: null, step: null }),
    ];
    const plan = planRollback(facts, { ...EVERYTHING, nodes: ['i-1', 'i-9'] as NodeId[] });
    expect(plan).toMatchObject({ targets: [], inFlight: ['i-1'], unknown: ['i-9'] });
  });

  test.each([
    ['rolled-back', 'It is rolled back already.'],
    ['gone', 'It is no longer there.'],
    ['already-compliant', 'The stage installed nothing on it.'],
  ] as [Outcome, string][])('says of a node that was named and is %s why it stays as it is', (outcome, reason) => {
    const plan = planRollback([fact('i-1', { outcome })], { ...EVERYTHING, nodes: ['i-1'] as NodeId[] });
    expect(plan.left).toMatchObject([{ node: 'i-1', reason }]);
  });
});

const volumes = (more: Partial<InstanceVolumes> = {}): InstanceVolumes => ({
  node: 'i-1' as NodeId,
  state: 'running',
  zoneName: 'eu-west-1a',
  root: { volume: 'vol-root', device: '/dev/xvda' },
  data: [{ volume: 'vol-data', device: '/dev/sdf' }],
  ...more,
});
const snapshot = (volume: string, status: VolumeSnapshot['status'] = 'completed'): VolumeSnapshot => ({
  snapshotId: `snap-of-${volume}`,
  volume,
  status,
});

describe('the way back of a node', () => {
  const taken = [snapshot('vol-data'), snapshot('vol-root')];

  test('is the snapshot of its root volume; its data volumes are named', () => {
    const data = [{ volume: 'vol-data', device: '/dev/sdf', snapshot: 'snap-of-vol-data' }];
    expect(wayBack(volumes(), taken)).toEqual({ kind: 'snapshot', snapshot: 'snap-of-vol-root', data });
  });

  test('is found although its root volume has been replaced since', () => {
    const replaced = volumes({ root: { volume: 'vol-new', device: '/dev/xvda' } });
    expect(wayBack(replaced, taken)).toMatchObject({ kind: 'snapshot', snapshot: 'snap-of-vol-root' });
  });

  test.each([
    ['an instance that is gone', null, taken, 'no longer there'],
    ['a stopped instance', volumes({ state: 'stopped' }), taken, 'start it first'],
    ['an instance without a root volume', volumes({ root: null }), taken, 'no root volume attached'],
    ['an instance whose snapshots were deleted', volumes(), [], 'its snapshots are no longer there'],
    ['a snapshot that is not complete', volumes(), [snapshot('vol-root', 'pending')], 'is pending'],
    ['snapshots of data alone', volumes(), [snapshot('vol-data')], 'none of its snapshots is of a root volume'],
    [
      'volumes that cannot be told apart',
      volumes({ root: { volume: 'vol-new', device: 'a' }, data: [] }),
      taken,
      'cannot be told',
    ],
  ] as const)('is none for %s, and it is said why', (_what, attached, snapshots, reason) => {
    expect(wayBack(attached, snapshots)).toEqual({ kind: 'none', reason: expect.stringContaining(reason) });
  });

  test('of a data volume is a person’s, with these commands', () => {
    const data = { volume: 'vol-data', device: '/dev/sdf', snapshot: 'snap-1' };
    const commands = restoreCommands(data, { node: 'i-1' as NodeId, region: 'eu-west-1', zoneName: 'eu-west-1a' });
    expect(commands.join('\n')).toContain(
      'create-volume --region eu-west-1 --availability-zone eu-west-1a --snapshot-id snap-1',
    );
    expect(commands.at(-1)).toContain('--instance-id i-1 --device /dev/sdf');
  });
});

const patch = (id: string, version: string, state: PatchState = 'Installed'): NodePatch => ({
  id: `${id}.amd64`,
  title: `${id}.amd64:${version}`,
  state,
  classification: 'Security',
  severity: 'Important',
});
const evidence = (more: Partial<RollbackEvidence> = {}): RollbackEvidence => ({
  os: 'UBUNTU',
  restore: { end: 'succeeded', detail: 'succeeded, task replacevol-1' },
  agentBack: { back: true, detail: 'Its agent is online.' },
  bootBefore: 'boot-1',
  bootAfter: 'boot-2',
  now: [patch('curl', '1.0')],
  brought: [patch('curl', '1.1')],
  before: null,
  ...more,
});

describe('a node is rolled back', () => {
  test('when the task succeeded, it runs another boot, and what the install brought is gone', () => {
    expect(rollbackVerdict(evidence())).toEqual({
      outcome: 'rolled-back',
      reason:
        'Its root volume was replaced (succeeded, task replacevol-1); it runs another boot; 1 patches that the install brought are gone.',
      lost: false,
      detached: false,
    });
  });

  test('when no scan had seen the install, and it has nothing now that it did not have before', () => {
    const before = [patch('curl', '1.0')];
    expect(rollbackVerdict(evidence({ brought: null, before })).outcome).toBe('rolled-back');
    const now = [patch('curl', '1.1')];
    expect(rollbackVerdict(evidence({ brought: null, before, now })).outcome).toBe('failed');
    // One try of several that no scan saw: what the others had brought has to be gone as well.
    expect(rollbackVerdict(evidence({ before: now, now })).outcome).toBe('failed');
    expect(rollbackVerdict(evidence({ before, now: [patch('bash', '6')] })).outcome).toBe('failed');
  });

  test('when it had not answered before, and answers now', () => {
    expect(rollbackVerdict(evidence({ bootBefore: null }))).toMatchObject({
      outcome: 'rolled-back',
      reason: expect.stringContaining('had not answered before'),
    });
  });
});

describe('a node is not rolled back', () => {
  test.each([
    ['refused', { restore: { end: 'refused', detail: 'IncorrectState' } }, 'AWS refused', false, false],
    ['failed', { restore: { end: 'failed', detail: 'failed, task t' } }, 'The old one stays', false, false],
    ['failed-detached', { restore: { end: 'failed-detached', detail: 'd' } }, 'It has no root volume', true, true],
    ['never ended', { restore: { end: 'not-ended', detail: 'in-progress' } }, 'Nobody knows yet', true, false],
    ['does not come back', { agentBack: { back: false, detail: 'Lost.' } }, 'it did not come back: Lost.', true, false],
    ['does not tell its boot', { bootAfter: null }, 'did not tell which boot', true, false],
    ['runs the same boot', { bootAfter: 'boot-1' }, 'still runs the boot of before', false, false],
    ['cannot be scanned', { now: null }, 'could not be scanned', false, false],
    ['still has the patch', { now: [patch('curl', '1.1')] }, 'it still has curl.amd64:1.1', false, false],
    ['nobody knows what came', { brought: null }, 'nothing tells what the install had brought', false, false],
  ] as [string, Partial<RollbackEvidence>, string, boolean, boolean][])(
    'when it is like this: %s',
    (_what, more, reason, lost, detached) => {
      const verdict = rollbackVerdict(evidence(more));
      expect(verdict).toEqual({ outcome: 'failed', reason: expect.stringContaining(reason), lost, detached });
    },
  );
});
