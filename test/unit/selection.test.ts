import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ManagedNode, OperatingSystem } from '../../domain/fleet.js';
import type { Instant, NodeId } from '../../domain/ids.js';
import { select } from '../../domain/selection.js';
import { managedNode } from '../support/nodes.js';

const OWNER = { cycle: null, stage: null, at: '2026-11-10T06:00:00.000Z' as Instant, baselines: [] };
const batched = (nodes: readonly ManagedNode[]) =>
  select(OWNER, nodes).locations.flatMap(({ batches }) => batches.flatMap((batch) => batch.nodes));

describe('a selection', () => {
  test('has batches of one operating system in one location, numbered from 1 in each', () => {
    const { locations } = select(OWNER, [
      managedNode('i-3', { region: 'us-east-1' }),
      managedNode('i-2', { os: 'WINDOWS' }),
      managedNode('i-1'),
    ]);
    expect(locations).toMatchObject([
      {
        region: 'eu-west-1',
        number: 1,
        batches: [
          { number: 1, os: 'AMAZON_LINUX_2023', nodes: ['i-1'] },
          { number: 2, os: 'WINDOWS', nodes: ['i-2'] },
        ],
      },
      { region: 'us-east-1', number: 2, batches: [{ number: 1, nodes: ['i-3'] }] },
    ]);
  });

  test('has at most 50 nodes in a batch', () => {
    const nodes = Array.from({ length: 101 }, (_, index) => managedNode(`i-${String(index).padStart(4, '0')}`));
    expect(select(OWNER, nodes).locations[0]?.batches.map((batch) => batch.nodes.length)).toEqual([50, 50, 1]);
  });

  test('keeps the nodes that cannot answer a scan, in no batch', () => {
    const silent = managedNode('i-1', { ping: 'connection-lost' });
    const unknown = managedNode('i-2', { os: null });
    const selection = select(OWNER, [silent, unknown, managedNode('i-3')]);
    expect(selection.nodes.map(({ id }) => id)).toEqual(['i-1', 'i-2', 'i-3']);
    expect(batched(selection.nodes)).toEqual(['i-3']);
  });

  test('leaves the busy ones in no batch', () => {
    const { nodes, locations } = select(OWNER, [managedNode('i-1'), managedNode('i-2')], new Set(['i-1' as NodeId]));
    expect(nodes).toHaveLength(2);
    expect(locations[0]?.batches).toMatchObject([{ nodes: ['i-2'] }]);
  });

  test('is the same whatever the order of the nodes, with every node that can answer in exactly one batch', () => {
    const systems: (OperatingSystem | null)[] = ['UBUNTU', 'WINDOWS', null];
    const node = fc.record({
      id: fc.integer({ min: 1, max: 999 }),
      os: fc.constantFrom(...systems),
      region: fc.constantFrom('eu-west-1', 'us-east-1'),
      ping: fc.constantFrom('online' as const, 'inactive' as const),
    });
    const nodes = fc.uniqueArray(node, { selector: ({ id }) => id, maxLength: 120 });
    fc.assert(
      fc.property(nodes, (scripted) => {
        const all = scripted.map(({ id, ...more }) => managedNode(`i-${id}`, more));
        expect(select(OWNER, [...all].reverse())).toEqual(select(OWNER, all));
        const able = all.filter(({ os, ping }) => os !== null && ping === 'online').map(({ id }) => id);
        expect([...batched(all)].sort()).toEqual([...able].sort());
      }),
    );
  });
});
