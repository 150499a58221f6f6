import { describe, expect, test } from '@jest/globals';
import { automationStatus } from '../../aws/automations.js';
import { commandStatus, invocationStatus, toInvocation } from '../../aws/commands.js';
import { bucketOf } from '../../aws/objects.js';
import { patchState, toNodePatchState } from '../../aws/patches.js';
import { toSnapshot } from '../../aws/snapshots.js';
import type { AccountId, Region } from '../../domain/ids.js';

describe('commands', () => {
  test.each([
    ['Pending', 'running'],
    ['In Progress', 'running'],
    ['InProgress', 'running'],
    ['Delayed', 'running'],
    ['Success', 'success'],
    ['Failed', 'failed'],
    ['InvalidPlatform', 'failed'],
    ['Access Denied', 'failed'],
    ['Execution Timed Out', 'timed-out'],
    ['DeliveryTimedOut', 'timed-out'],
    ['Undeliverable', 'undeliverable'],
    ['Cancelled', 'cancelled'],
    ['Terminated', 'cancelled'],
    ['Rate Exceeded', 'cancelled'],
    ['SomethingNew', 'failed'],
  ])('an invocation that is %s counts as %s', (detail, status) => {
    expect(invocationStatus(detail)).toBe(status);
  });

  test('a command ends when its status is terminal', () => {
    expect(['Pending', 'InProgress', 'Cancelling'].map(commandStatus)).toEqual(['running', 'running', 'running']);
    expect(['Success', 'Failed', 'TimedOut', 'Cancelled'].map(commandStatus)).toEqual(Array(4).fill('ended'));
  });

  test('output is linked by the place it was sent to, where AWS gives no link', () => {
    const invocation = { CommandId: 'c-1', InstanceId: 'i-1', Status: 'Failed' as const, StatusDetails: 'Failed' };
    const output = { bucket: 'bucket', prefix: 'patchtide/output' };
    expect(toInvocation({ ...invocation, StandardOutputUrl: '' }, output)).toEqual({
      node: 'i-1',
      status: 'failed',
      detail: 'Failed',
      outputUrl: 's3://bucket/patchtide/output/c-1/i-1/',
    });
    const linked = { ...invocation, StandardOutputUrl: 'https://s3.example/stdout' };
    expect(toInvocation(linked, output)?.outputUrl).toBe('https://s3.example/stdout');
  });
});

describe('automations', () => {
  test.each([
    ['Pending', 'running'],
    ['PendingApproval', 'running'],
    ['Cancelling', 'running'],
    [undefined, 'running'],
    ['Success', 'success'],
    ['CompletedWithFailure', 'failed'],
    ['TimedOut', 'timed-out'],
    ['Cancelled', 'cancelled'],
  ])('%s counts as %s', (status, expected) => {
    expect(automationStatus(status)).toBe(expected);
  });
});

describe('patches', () => {
  test('states are understood as the model spells them and as the service does', () => {
    expect(patchState('INSTALLED_PENDING_REBOOT')).toBe('InstalledPendingReboot');
    expect(patchState('InstalledOther')).toBe('InstalledOther');
    expect(patchState('Vanished')).toBeNull();
    expect(patchState(undefined)).toBeNull();
  });

  test('counts that AWS leaves out are zero, and an operation without an end has its start', () => {
    const state = {
      InstanceId: 'i-1',
      PatchGroup: 'g',
      BaselineId: 'pb-1',
      Operation: 'Install' as const,
      OperationStartTime: new Date('2026-05-12T02:00:00Z'),
      OperationEndTime: undefined,
      MissingCount: 2,
    };
    expect(toNodePatchState(state)).toEqual({
      node: 'i-1',
      baselineId: 'pb-1',
      operation: 'Install',
      endedAt: '2026-05-12T02:00:00.000Z',
      installed: 0,
      installedOther: 0,
      missing: 2,
      failed: 0,
      pendingReboot: 0,
      rejected: 0,
      criticalNonCompliant: 0,
      securityNonCompliant: 0,
    });
  });
});

describe('snapshots', () => {
  const Tags = [
    { Key: 'patchtide:key', Value: 'patchtide/shop-1/prod/w1.b1.protect.i-1' },
    { Key: 'patchtide:node', Value: 'i-1' },
  ];

  test('carry their key and their node in tags', () => {
    expect(toSnapshot({ SnapshotId: 'snap-1', VolumeId: 'vol-1', State: 'completed', Tags })).toEqual({
      snapshotId: 'snap-1',
      node: 'i-1',
      volume: 'vol-1',
      key: 'patchtide/shop-1/prod/w1.b1.protect.i-1',
      status: 'completed',
    });
  });

  test('in the recycle bin protect nothing', () => {
    expect(toSnapshot({ SnapshotId: 'snap-1', State: 'recoverable', Tags })?.status).toBe('error');
  });

  test('without our tags are not ours', () => {
    expect(toSnapshot({ SnapshotId: 'snap-1', State: 'completed', Tags: [] })).toBeNull();
  });
});

test('a bucket may be named by Region', () => {
  const at = { account: '111122223333' as AccountId, region: 'us-east-1' as Region };
  expect(bucketOf('patchtide-{region}', at)).toBe('patchtide-us-east-1');
  expect(bucketOf('patchtide', at)).toBe('patchtide');
});
