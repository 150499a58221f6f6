import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodePatch, NodePatchState, PatchState } from '../../domain/fleet.js';
import type { NodeId } from '../../domain/ids.js';
import { type Evidence, verdict } from '../../domain/verdict.js';

const patch = (id: string, version: string, state: PatchState): NodePatch => ({
  ...pin(id, version),
  state,
  classification: 'Security',
  severity: 'Important',
});
const pin = (id: string, version: string) => ({ id: `${id}.amd64`, title: `${id}.amd64:${version}` });
const stateOf = (patches: readonly NodePatch[]): NodePatchState => {
  const count = (state: PatchState) => patches.filter((it) => it.state === state).length;
  return {
    node: 'i-0001' as NodeId,
    baselineId: 'pb-1',
    operation: 'Scan',
    endedAt: '2026-06-01T03:00:00Z',
    installed: count('Installed'),
    installedOther: count('InstalledOther'),
    missing: count('Missing'),
    failed: count('Failed'),
    pendingReboot: count('InstalledPendingReboot'),
    rejected: 0,
    criticalNonCompliant: 0,
    securityNonCompliant: 0,
  };
};
const judge = (after: NodePatch[], more: Partial<Evidence> = {}) =>
  verdict({
    os: 'UBUNTU',
    before: null,
    after,
    state: stateOf(after),
    pinned: null,
    set: null,
    problem: null,
    rebootPolicy: 'if-needed',
    ...more,
  });

describe('in a first stage, where the baseline decides, a node', () => {
  const before = [patch('curl', '1.0', 'Installed'), patch('curl', '1.1', 'Missing')];

  test('with nothing missing is patched', () => {
    expect(judge([patch('curl', '1.1', 'Installed')], { before })).toEqual({
      outcome: 'patched',
      reason: 'nothing is missing; 1 installed',
      surplus: [],
      absent: [],
      brought: [{ id: 'curl.amd64', title: 'curl.amd64:1.1' }],
    });
  });

  test('that lacked nothing before either was already compliant', () => {
    const same = [patch('curl', '1.1', 'Installed')];
    expect(judge(same, { before: same })).toMatchObject({ outcome: 'already-compliant' });
    expect(judge(same, { before: null })).toMatchObject({ outcome: 'patched' });
  });

  test('with something missing, failed or pending fails, and the reason names the first few', () => {
    const after = [
      ...['a', 'b', 'c', 'd', 'e'].map((id) => patch(id, '2', 'Missing')),
      patch('curl', '1.1', 'Failed'),
      patch('kernel', '6', 'InstalledPendingReboot'),
    ];
    expect(judge(after, { before })).toMatchObject({
      outcome: 'failed',
      reason:
        '1 patch failed to install: curl.amd64:1.1; ' +
        '5 patches still missing: a.amd64:2, b.amd64:2, c.amd64:2 and 2 more; ' +
        '1 patch waiting for a reboot: kernel.amd64:6',
    });
  });

  test('is judged by the counts where the scan lists no patches', () => {
    expect(judge([], { state: { ...stateOf([]), missing: 2 } })).toMatchObject({
      outcome: 'failed',
      reason: '2 patches still missing',
    });
  });

  test('that waits for a reboot which the plan forbids is not patched, and the reason says so', () => {
    const after = [patch('kernel', '6', 'InstalledPendingReboot')];
    expect(judge(after, { before, rebootPolicy: 'never' })).toMatchObject({
      outcome: 'failed',
      reason: '1 patch waiting for a reboot (the plan says reboot: never): kernel.amd64:6',
    });
  });
});

describe('where a patch set is pinned, a node', () => {
  const set = {
    patches: {
      UBUNTU: [
        { ...pin('curl', '1.1'), nodes: 3 },
        { ...pin('bash', '5.2'), nodes: 3 },
      ],
    },
  };
  const before = [patch('curl', '1.0', 'Installed'), patch('curl', '1.2', 'Missing')];
  const pinned = [pin('bash', '5.2'), pin('curl', '1.1')];
  const judgePinned = (after: NodePatch[], more: Partial<Evidence> = {}) =>
    judge(after, { before, pinned, set, ...more });

  test('is patched when what it lacked of it is present, though its baseline knows something newer', () => {
    expect(judgePinned([patch('curl', '1.1', 'InstalledOther'), patch('curl', '1.2', 'Missing')])).toEqual({
      outcome: 'patched',
      reason: 'every pinned patch that was missing is present (1)',
      surplus: [],
      absent: [],
      brought: [{ id: 'curl.amd64', title: 'curl.amd64:1.1' }],
    });
  });

  test('fails when a pinned patch is still missing, failed, or gone from its repository', () => {
    const lacking = [...before, patch('bash', '5.2', 'Missing'), patch('perl', '5.36', 'Missing')];
    const after = [patch('curl', '1.2', 'Missing'), patch('bash', '5.2', 'Missing'), patch('perl', '5.36', 'Failed')];
    expect(judgePinned(after, { before: lacking, pinned: [...pinned, pin('perl', '5.36')] })).toEqual({
      outcome: 'failed',
      reason:
        '1 patch still missing: bash.amd64:5.2; 1 patch no longer available: curl.amd64:1.1; ' +
        '1 patch failed to install: perl.amd64:5.36',
      surplus: [],
      absent: [pin('bash', '5.2'), pin('curl', '1.1'), pin('perl', '5.36')],
      brought: [],
    });
  });

  test('has to have the version that is pinned for what it lacked, not one pinned for other nodes', () => {
    const two = [pin('curl', '1.1'), pin('curl', '1.0.5')];
    const older = [patch('curl', '1.0', 'Installed'), patch('curl', '1.0.5', 'Missing')];
    const after = [patch('curl', '1.0.5', 'Installed')];
    expect(judgePinned(after, { before: older, pinned: two })).toMatchObject({ outcome: 'patched', absent: [] });
    expect(judgePinned(after, { pinned: two })).toMatchObject({ outcome: 'failed', absent: [pin('curl', '1.1')] });
  });

  test('shows what came along and nobody has proven', () => {
    const after = [
      patch('curl', '1.1', 'Installed'),
      patch('bash', '5.2', 'InstalledOther'),
      patch('libcurl', '9', 'InstalledOther'),
    ];
    expect(judgePinned(after)).toMatchObject({ outcome: 'patched', surplus: [pin('libcurl', '9')] });
    expect(judgePinned([patch('curl', '1.2', 'Installed')])).toMatchObject({ surplus: [pin('curl', '1.2')] });
  });

  test('shows what came along and cannot be read', () => {
    const odd = { ...patch('tool', '', 'Installed'), title: 'tool, the newest' };
    const after = [patch('curl', '1.1', 'Installed'), odd];
    expect(judgePinned(after).surplus).toEqual([{ id: odd.id, title: odd.title }]);
    expect(judgePinned(after, { before: [...before, odd] }).surplus).toEqual([]);
  });

  test('that had nothing of it missing is patched, and says so', () => {
    const after = [patch('curl', '1.0', 'Installed'), patch('perl', '5.38', 'Missing')];
    const lacking = [patch('curl', '1.0', 'Installed'), patch('perl', '5.38', 'Missing')];
    expect(judgePinned(after, { before: lacking })).toMatchObject({
      outcome: 'patched',
      reason: 'nothing that is pinned was missing',
    });
  });

  test('without a scan before is judged by what is missing now', () => {
    expect(judgePinned([patch('curl', '1.1', 'Missing')], { before: null })).toMatchObject({
      outcome: 'failed',
      surplus: [],
      absent: [pin('curl', '1.1')],
    });
    expect(judgePinned([patch('curl', '1.1', 'Installed')], { before: null })).toMatchObject({ outcome: 'patched' });
  });
});

test('a superseded Windows update is reported as no longer available', () => {
  const update = { id: 'KB1', title: '', state: 'Missing' as const, classification: '', severity: '' };
  expect(
    judge([{ ...update, id: 'KB2' }], { os: 'WINDOWS', before: [update], pinned: [{ id: 'KB1', title: '' }] }),
  ).toMatchObject({
    outcome: 'failed',
    reason: '1 patch no longer available: KB1',
    absent: [{ id: 'KB1', title: '' }],
  });
});

describe('an install that was reported failed', () => {
  const problem = { code: 'timed-out', message: 'Delivery timed out' };

  test('is a success where the scan shows it, and the reason tells so', () => {
    expect(judge([patch('curl', '1.1', 'Installed')], { problem })).toMatchObject({
      outcome: 'patched',
      reason: expect.stringMatching(/reported failed \(timed-out: Delivery timed out\), but the scan/),
    });
  });

  test('is a failure where the scan shows that, and the reason tells both', () => {
    expect(judge([patch('curl', '1.1', 'Missing')], { problem })).toMatchObject({
      outcome: 'failed',
      reason: '1 patch still missing: curl.amd64:1.1; the install reported timed-out: Delivery timed out',
    });
  });
});

test('a patched node lacks nothing pinned, has nothing failed and no reboot pending, whatever the scan says', () => {
  const patches = fc.array(
    fc
      .record({
        id: fc.constantFrom('a', 'b'),
        version: fc.constantFrom('1', '2', '3'),
        state: fc.constantFrom<PatchState>('Installed', 'Missing', 'Failed', 'InstalledPendingReboot', 'NotApplicable'),
      })
      .map(({ id, version, state }) => patch(id, version, state)),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.option(patches), patches, fc.option(patches), (before, after, pinned) => {
      const { outcome, absent } = judge(after, { before, pinned });
      if (outcome === 'failed') return;
      expect(absent).toEqual([]);
      expect(after.filter(({ state }) => state === 'Failed' || state === 'InstalledPendingReboot')).toEqual([]);
      if (pinned === null) expect(after.filter(({ state }) => state === 'Missing')).toEqual([]);
    }),
  );
});
