import { describe, expect, test } from '@jest/globals';
import type { EstateTask, EstateWindow } from '../../domain/import/estate.js';
import { translatePatching } from '../../domain/import/tasks.js';

const install: EstateTask = {
  id: 'install',
  name: null,
  kind: 'RUN_COMMAND',
  document: 'AWS-RunPatchBaseline',
  priority: 5,
  selectors: [{ key: 'tag:Tier', values: ['web'] }],
  parameters: { Operation: ['Install'] },
  maxConcurrency: null,
  maxErrors: null,
  settings: [],
};

/** What a window of these tasks comes to: its patching, and what is told of each task. */
const translated = (...tasks: EstateTask[]) => {
  const window: EstateWindow = {
    id: 'mw-1',
    name: 'weekly',
    enabled: true,
    schedule: 'cron(0 2 ? * SUN *)',
    timezone: null,
    offset: null,
    duration: 4,
    cutoff: 1,
    startDate: null,
    endDate: null,
    targets: [],
    tasks,
  };
  const told: [string, string][] = [];
  const patching = translatePatching(
    window,
    'weekly',
    () => new Set(),
    (code, _message, of = 'weekly') => void told.push([code, of]),
  );
  return { patching, told };
};

describe('a window that does not install as Patchtide does', () => {
  test.each([
    ['AWS-InstallMissingWindowsUpdates', {}, 'patch-document'],
    ['AWS-InstallSpecificWindowsUpdates', {}, 'patch-document'],
    ['arn:aws:ssm:eu-west-1::document/AWS-PatchAsgInstance', {}, 'patch-document'],
    ['AWS-ApplyPatchBaseline', { Operation: ['Install'] }, 'patch-document'],
    ['AWS-RunPatchBaseline', { Operation: ['Scan'] }, 'window-scan-only'],
    ['AWS-RunPatchBaselineWithHooks', { Operation: ['Scan'] }, 'window-scan-only'],
    ['AWS-FindWindowsUpdates', {}, 'window-scan-only'],
    ['AWS-RunShellScript', { commands: ['uptime'] }, 'window-not-patching'],
  ])('%s %j: %s', (document, parameters, code) => {
    const { patching, told } = translated({ ...install, document, parameters });

    expect(patching).toEqual([]);
    expect(told.map(([each]) => each)).toEqual([code]);
  });
});

describe('beside an install', () => {
  test.each([
    ['another document that patches', { document: 'AWS-InstallMissingWindowsUpdates' }, 'patch-document'],
    [
      'a scan with hooks',
      { document: 'AWS-RunPatchBaselineWithHooks', parameters: { Operation: ['Scan'] } },
      'window-scan-only',
    ],
    ['a function', { kind: 'LAMBDA', document: 'arn:aws:lambda:eu-west-1:111122223333:function:notify' }, 'task-kind'],
    [
      'a script that only a window fills in',
      { document: 'AWS-RunShellScript', parameters: { commands: ['echo {{ WINDOW_ID }}'] } },
      'task-parameters',
    ],
  ] as [string, Partial<EstateTask>, string][])('%s is no task of the plan: %s', (_title, more, code) => {
    const { patching, told } = translated(install, { ...install, id: 'other', name: 'other', priority: 9, ...more });

    expect(patching.map(({ settings }) => Object.values(settings.tasks).flat())).toEqual([[]]);
    expect(told).toEqual([[code, 'weekly, task other']]);
  });
});
