import { describe, expect, test } from '@jest/globals';
import { stepNames, stepOf } from '../../domain/steps.js';
import { resolvedStage } from '../support/stages.js';

describe('a step', () => {
  test('that is a task has its number', () => {
    expect(stepOf('before-12', resolvedStage())).toMatchObject({ kind: 'before', task: 12, touches: true });
    expect(stepOf('install', resolvedStage())).toMatchObject({ kind: 'install', task: null, failure: 'problem' });
  });

  test('that is a snapshot nobody waits for stops nothing when it fails', () => {
    expect(stepOf('snapshot', resolvedStage({ snapshot: 'start' })).failure).toBe('ignored');
    expect(stepOf('snapshot', resolvedStage({ snapshot: 'await' })).failure).toBe('problem');
  });

  test.each(['before', 'before-0', 'install-1', 'toString', ''])('called %p is not one that a batch takes', (name) => {
    expect(() => stepOf(name, resolvedStage())).toThrow('is not one that a batch takes');
  });
});

test('the steps of a stage are named in order, tasks with their numbers', () => {
  const task = { kind: 'command', document: 'Down', parameters: {}, os: null, timeout: 1 } as const;
  const tasks = { beforeStage: [], beforeNode: [task, task], afterNode: [task], afterStage: [] };
  expect(stepNames(resolvedStage({ tasks }), ({ touches }) => touches)).toEqual([
    'start',
    'before-1',
    'before-2',
    'install',
    'reboot',
    'ec2-reboot',
    'ec2-reboot-again',
    'restore',
  ]);
  expect(stepNames(resolvedStage({ tasks }), ({ failure }) => failure === 'fault')).toEqual([
    'reboot',
    'after-1',
    'after-again-1',
    'stop',
  ]);
});
