import { expect, test } from '@jest/globals';
import type { ManagedNode } from '../../domain/fleet.js';
import { groupsOfTask, selectedBy } from '../../domain/selectors.js';

const nodes = [
  { id: 'i-1', tags: { Tier: 'web' } },
  { id: 'i-2', tags: { Tier: 'data', Blue: '' } },
] as unknown as ManagedNode[];
const tier = (value: string) => ({ key: 'tag:Tier', values: [value] });

const idsOf = (...groups: Parameters<typeof selectedBy>[0]) => selectedBy(groups, nodes)?.map(({ id }) => id);

test('a task runs on each target of its window that it names, and on what it says itself', () => {
  const registered = [
    { id: 'web', selectors: [tier('web')] },
    { id: 'blue', selectors: [tier('data'), { key: 'tag-key', values: ['Blue'] }] },
  ];
  const named = { key: 'WindowTargetIds', values: ['web', 'blue', 'gone'] };

  expect(groupsOfTask([named], registered)).toEqual(registered.map(({ selectors }) => selectors));
  expect(groupsOfTask([tier('data'), { key: 'tag-key', values: ['Blue'] }], registered)).toEqual([
    [tier('data'), { key: 'tag-key', values: ['Blue'] }],
  ]);
});

test('nodes fit all selectors of one group', () => {
  expect(idsOf([tier('data'), { key: 'tag-key', values: ['Blue'] }])).toEqual(['i-2']);
  expect(idsOf([tier('web'), { key: 'tag-key', values: ['Blue'] }])).toEqual([]);
  expect(idsOf([tier('web')], [tier('data')])).toEqual(['i-1', 'i-2']);
});

test('a tag is one that the node bears', () => {
  expect(idsOf([{ key: 'tag-key', values: ['constructor'] }])).toEqual([]);
});

test('whom a resource group means is not known', () => {
  expect(selectedBy([[tier('web')], [{ key: 'resource-groups:Name', values: ['tills'] }]], nodes)).toBeNull();
});
