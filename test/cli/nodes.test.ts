import { expect, test } from '@jest/globals';
import type { CycleId, NodeId } from '../../domain/ids.js';
import { DEV, HERE, managedNode, NOW, nodeIds } from '../store/examples.js';
import { useListeningService } from './service.js';

const service = useListeningService();
const [one, two] = nodeIds(2) as [NodeId, NodeId];
const inventory = async () => {
  await service.store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
  const by = { since: NOW, cycle: 'storefront-1' as CycleId, stage: DEV, reason: 'It hung.' };
  await service.store.setAside([{ node: one, ...HERE, ...by }]);
};

test('nodes shows the inventory, and why a node is set aside', async () => {
  await inventory();
  const { code, stdout } = await service.as('viewer', ['nodes']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^NODE .*\ni-000001 .* set aside\n {2}since .* by dev of storefront-1: It hung\.\ni-000002 /);
  expect((await service.as('viewer', ['nodes', '--set-aside'])).stdout).not.toContain(two);
  const { stdout: json } = await service.as('viewer', ['nodes', '--set-aside', '--json']);
  expect(JSON.parse(json)).toMatchObject([{ id: one, setAside: { reason: 'It hung.' } }]);
  expect((await service.as('viewer', ['nodes', '--account', '999999999999'])).stderr).toContain('no such nodes');
});

test('readmit takes a node back; one that is not set aside it does not', async () => {
  await inventory();
  expect(await service.as('operator', ['readmit', one, '--reason', 'New disk'])).toMatchObject({
    code: 0,
    stdout: `${one} is taken back: the next cycle patches it again.\n`,
  });
  const { code, stderr } = await service.as('operator', ['readmit', two, '--reason', 'New disk']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('is not set aside')]);
});
