import { expect, test } from '@jest/globals';
import type { CycleId, NodeId } from '../../domain/ids.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, HERE, intent, LATER, managedNode, NOW, nodeIds, startedCycle } from './examples.js';

const [one, two] = nodeIds(2) as [NodeId, NodeId];
const aside = { ...HERE, node: one, since: NOW, cycle: 'storefront-1' as CycleId, stage: DEV, reason: 'It hung.' };
const page = { limit: 10 };

onEveryDatabase('a node that is set aside', (on) => {
  test('stays as it is when it is set aside again', async () => {
    const { store } = on;
    await store.setAside([aside]);
    await store.setAside([{ ...aside, since: LATER, reason: 'It hung again.' }]);
    expect(await store.setAsideAmong([one, two])).toEqual(new Map([[one, aside]]));
    expect((await store.setAsideAmong([])).size).toBe(0);
  });

  test('is taken back, but not by somebody who means an earlier time', async () => {
    const { store } = on;
    await store.setAside([{ ...aside, since: LATER }]);
    await store.readmit(one, NOW);
    expect((await store.setAsideAmong([one])).size).toBe(1);
    await store.readmit(one, LATER);
    expect((await store.setAsideAmong([one])).size).toBe(0);
  });

  test('is shown by the inventory, as is the cycle that has a node in hand', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    await store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
    await store.setAside([aside]);
    await store.lease({ cycle, stage: DEV, wave: 1, batch: 1, owner: 'wave', nodes: [two] });
    const { since, stage, reason } = aside;
    expect((await store.fleetNodes({}, page)).items).toMatchObject([
      { id: one, setAside: { since, cycle: aside.cycle, stage, reason }, cycle: null },
      { id: two, setAside: null, cycle },
    ]);
    expect((await store.fleetNodes({ setAside: true }, page)).items.map(({ id }) => id)).toEqual([one]);
    expect((await store.fleetNodes({ setAside: false }, page)).items.map(({ id }) => id)).toEqual([two]);
  });
});

onEveryDatabase('an intent of which nothing was sent', (on) => {
  test('is forgotten by the attempt that has it, and by no other', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const reboot = { ...intent(cycle, 'ec2-reboot', [one]), kind: 'instances-rebooted' as const };
    await store.intend(reboot);
    await store.intend(reboot);
    await store.withdraw(reboot.key, 1);
    expect(await store.intend(reboot)).toMatchObject({ fresh: false, attempt: 3 });
    await store.withdraw(reboot.key, 3);
    expect(await store.intend(reboot)).toMatchObject({ fresh: true, attempt: 1 });
  });

  test('stays once it was sent', async () => {
    const { store } = on;
    const cycle = await startedCycle(store);
    const reboot = { ...intent(cycle, 'ec2-reboot', [one]), kind: 'instances-rebooted' as const };
    await store.intend(reboot);
    await store.sent(reboot.key, ['answered'], LATER);
    await store.withdraw(reboot.key, 1);
    expect(await store.operation(reboot.key)).toMatchObject({ status: 'sent' });
  });
});
