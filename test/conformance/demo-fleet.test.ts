import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type FleetNode, type RunningFleet, startFleet } from '../../simulator/index.js';

let demo: RunningFleet;
let nodes: FleetNode[];
beforeAll(async () => {
  demo = await startFleet({ fleet: 'demo', port: 0 });
  nodes = (await (await fetch(`${demo.url}/_fleet/nodes`)).json()) as FleetNode[];
});
afterAll(() => demo.close());

const storefront = () => nodes.filter((node) => node.tags.Application === 'storefront');
const group = (node: FleetNode) => node.tags['Patch Group'] ?? node.tags.PatchGroup;
const count = <T>(items: T[], of: (item: T) => string | undefined) => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[of(item) ?? '-'] = (counts[of(item) ?? '-'] ?? 0) + 1;
  return counts;
};

test('the demo fleet has at least 60 nodes of storefront, in three stages', () => {
  const running = storefront().filter((node) => node.state === 'running');

  expect(running.length).toBeGreaterThanOrEqual(60);
  expect(count(running, group)).toEqual({ 'storefront-dev': 14, 'storefront-test': 16, 'storefront-prod': 44 });
});

test('every stage has every operating system and on-premises nodes', () => {
  for (const stage of ['storefront-dev', 'storefront-test', 'storefront-prod']) {
    const own = storefront().filter((node) => group(node) === stage);

    expect(Object.keys(count(own, (node) => node.os)).sort()).toEqual([
      'amazon-linux-2023',
      'ubuntu-22.04',
      'windows-server-2022',
    ]);
    expect(own.some((node) => node.hybrid)).toBe(true);
  }
});

test('two accounts have two Regions with the same two zone ids under different names', () => {
  const places = new Set(
    nodes.filter((node) => !node.hybrid).map((node) => `${node.account} ${node.region} ${node.zoneId}`),
  );
  const names = (account: string) =>
    new Set(
      nodes.filter((node) => node.account === account && node.zoneId === 'euw1-az1').map((node) => node.zoneName),
    );

  expect(places.size).toBe(8);
  expect([...names('111122223333')]).not.toEqual([...names('444455556666')]);
});

test('exactly one node fails to patch, one agent is late, one instance is stopped', () => {
  expect(nodes.filter((node) => node.behaviour.failsToPatch).map(group)).toEqual(['storefront-prod']);
  expect(nodes.filter((node) => node.behaviour.agentReturnFactor).map(group)).toEqual(['storefront-prod']);
  expect(storefront().filter((node) => node.state === 'stopped')).toHaveLength(1);
  expect(nodes.filter((node) => node.tags['aws:autoscaling:groupName']).map((node) => node.tags.Application)).toEqual([
    'billing',
  ]);
});
