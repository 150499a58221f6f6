import { expect, test } from '@jest/globals';
import { DIMENSIONS } from '../../domain/compliance.js';
import type { CycleId, Digest, Instant, NodeId, Region } from '../../domain/ids.js';
import { patchKey, StoreNotFound } from '../../store/index.js';
import { onEveryDatabase } from '../support/databases.js';
import { DEV, HERE, LATER, managedNode, manifestOf, NOW, nodeIds, PROD, patchState } from './examples.js';

const [one, two, three, four] = nodeIds(4) as [NodeId, NodeId, NodeId, NodeId];
const THERE = { ...HERE, region: 'us-east-1' as Region };
const patch = (id: string, title: string) => ({
  id,
  title,
  state: 'Missing' as const,
  classification: 'Security',
  severity: 'Important',
});

onEveryDatabase('the inventory', (on) => {
  test('is what was found last; what is no longer there is gone, and may come back', async () => {
    const { store } = on;
    const found = async () => (await store.fleetNodes({}, { limit: 10 })).items.map(({ id }) => id);
    await store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
    await store.saveInventory(THERE, [managedNode(three, THERE)], NOW);
    await store.saveInventory(HERE, [managedNode(two)], LATER);
    expect(await found()).toEqual([two, three]);
    await store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
    expect(await found()).toEqual([two, three]);
    await store.saveInventory(HERE, [managedNode(one)], '2026-11-11T00:00:00.000Z' as Instant);
    expect(await found()).toEqual([one, three]);
  });

  test('an empty location is an answer too', async () => {
    const { store } = on;
    await store.saveInventory(HERE, [managedNode(one)], NOW);
    await store.saveInventory(HERE, [], LATER);
    expect(await store.compliance()).toEqual({ compliant: 0, nonCompliant: 0, unknown: 0, total: 0 });
  });

  test('nodes come back as they were found, by pages', async () => {
    const { store } = on;
    await store.saveInventory(
      HERE,
      nodeIds(5).map((id) => managedNode(id)),
      NOW,
    );
    const first = await store.fleetNodes({}, { limit: 3 });
    expect(first.items[0]).toEqual({
      ...managedNode(one),
      environment: 'dev',
      application: 'storefront',
      foundAt: NOW,
      compliance: 'unknown',
      scan: null,
      scannedAt: null,
      setAside: null,
      cycle: null,
    });
    const second = await store.fleetNodes({}, { limit: 3, ...(first.next ? { after: first.next } : {}) });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(nodeIds(5));
    expect(second.next).toBeNull();
  });
});

onEveryDatabase('compliance of nodes that a scan could not read', (on) => {
  test('is unknown until a later scan can tell again', async () => {
    const { store } = on;
    await store.saveInventory(HERE, [managedNode(one), managedNode(two)], NOW);
    await store.saveScans([{ at: HERE, state: patchState(one), patches: null }], NOW);
    expect(await store.compliance()).toEqual({ compliant: 1, nonCompliant: 0, unknown: 1, total: 2 });
    await store.fleetScanned([THERE], LATER, LATER);
    expect(await store.compliance()).toEqual({ compliant: 1, nonCompliant: 0, unknown: 1, total: 2 });
    await store.fleetScanned(null, LATER, LATER);
    expect(await store.compliance()).toEqual({ compliant: 0, nonCompliant: 0, unknown: 2, total: 2 });
    const again = '2026-12-24T00:00:00.000Z' as Instant;
    await store.saveScans([{ at: HERE, state: patchState(one, { endedAt: again }), patches: null }], again);
    expect(await store.compliance()).toEqual({ compliant: 1, nonCompliant: 0, unknown: 1, total: 2 });
  });
});

onEveryDatabase('nodes found on the way', (on) => {
  test('join the inventory, and say nothing about the others of their location', async () => {
    const { store } = on;
    await store.saveInventory(HERE, [managedNode(one)], NOW);
    await store.foundNodes([managedNode(two)], LATER);
    expect((await store.fleetNodes({}, { limit: 10 })).items.map(({ id }) => id)).toEqual([one, two]);
  });
});

onEveryDatabase('scans', (on) => {
  test('the last one counts, and counts alone keep the patches of the same scan', async () => {
    const { store } = on;
    const patches = [patch('bash.x86_64', 'bash.x86_64:0:5-1')];
    await store.saveScans([{ at: HERE, state: patchState(one, { missing: 1 }), patches }], NOW);
    await store.saveScans([{ at: HERE, state: patchState(one, { missing: 1 }), patches: null }], NOW);
    expect(await store.scan(one)).toEqual({ at: HERE, state: patchState(one, { missing: 1 }), patches });
    await store.saveScans([{ at: HERE, state: patchState(one, { endedAt: LATER }), patches: null }], LATER);
    await store.saveScans([{ at: HERE, state: patchState(one, { missing: 9 }), patches }], LATER);
    expect(await store.scans([one, two])).toEqual([
      { at: HERE, state: patchState(one, { endedAt: LATER }), patches: null },
    ]);
    expect(await store.scan(two)).toBeNull();
  });

  test('compliance adds up to the inventory in every dimension, unknown nodes included', async () => {
    const { store } = on;
    await store.saveInventory(HERE, [managedNode(one), managedNode(two), managedNode(three)], NOW);
    await store.saveInventory(THERE, [managedNode(four, { ...THERE, patchGroup: null, os: 'WINDOWS', tags: {} })], NOW);
    await store.saveScans(
      [
        { at: HERE, state: patchState(one), patches: [] },
        { at: HERE, state: patchState(two, { pendingReboot: 1 }), patches: [] },
        { at: HERE, state: patchState('i-gone' as NodeId), patches: [] },
      ],
      NOW,
    );
    expect(await store.compliance()).toEqual({ compliant: 1, nonCompliant: 1, unknown: 2, total: 4 });
    for (const dimension of DIMENSIONS) {
      const rows = await store.complianceBy(dimension);
      expect(rows.reduce((sum, row) => sum + row.total, 0)).toBe(4);
      expect(rows.every((row) => row.compliant + row.nonCompliant + row.unknown === row.total)).toBe(true);
    }
    expect(await store.complianceBy('patchGroup')).toEqual([
      { key: 'storefront-dev', compliant: 1, nonCompliant: 1, unknown: 1, total: 3 },
      { key: null, compliant: 0, nonCompliant: 0, unknown: 1, total: 1 },
    ]);
    const ids = async (filter: Parameters<typeof store.fleetNodes>[0]) =>
      (await store.fleetNodes(filter, { limit: 10 })).items.map(({ id }) => id);
    expect(await ids({ status: 'non-compliant' })).toEqual([two]);
    expect(await ids({ status: 'unknown', region: HERE.region })).toEqual([three]);
    expect(await ids({ environment: null })).toEqual([four]);
    expect(await ids({ os: 'UBUNTU', status: 'compliant', scannedSince: LATER })).toEqual([]);
  });

  test('a patch keeps the instant at which it was first seen', async () => {
    const { store } = on;
    const bash = { id: 'bash.amd64', title: 'bash.amd64:5.2' };
    const curl = { id: 'curl.amd64', title: 'curl.amd64:8.5' };
    expect(await store.firstSeen('UBUNTU', [bash], NOW)).toEqual(new Map([[patchKey(bash), NOW]]));
    expect(await store.firstSeen('UBUNTU', [bash, curl, curl], LATER)).toEqual(
      new Map([
        [patchKey(bash), NOW],
        [patchKey(curl), LATER],
      ]),
    );
    expect(await store.firstSeen('DEBIAN', [bash], LATER)).toEqual(new Map([[patchKey(bash), LATER]]));
    expect(await store.firstSeen('DEBIAN', [], LATER)).toEqual(new Map());
  });
});

onEveryDatabase('what is kept under its digest', (on) => {
  test('manifests and selections come back as they were', async () => {
    const { store } = on;
    const manifest = manifestOf('storefront-1' as CycleId, 2);
    const digest = await store.saveManifest(manifest);
    expect(await store.saveManifest(manifest)).toBe(digest);
    expect(await store.manifest(digest)).toEqual(manifest);
    const selection = {
      cycle: null,
      stage: null,
      at: NOW,
      nodes: [managedNode(one)],
      locations: [],
      warnings: [],
      baselines: [],
    };
    expect(await store.selection(await store.saveSelection(selection))).toEqual(selection);
    await expect(store.manifest('sha256:0' as Digest)).rejects.toThrow(StoreNotFound);
    await expect(store.selection('sha256:0' as Digest)).rejects.toThrow(StoreNotFound);
  });

  test('the same patches have the same digest, whoever proved them, on however many nodes', async () => {
    const { store } = on;
    const bash = { id: 'bash.amd64', title: 'bash.amd64:5.2' };
    const cycle = 'storefront-1' as CycleId;
    const first = await store.savePatchSet({ cycle, stage: DEV, patches: { UBUNTU: [{ ...bash, nodes: 3 }] } });
    const again = await store.savePatchSet({ cycle, stage: DEV, patches: { UBUNTU: [{ ...bash, nodes: 3 }] } });
    const other = await store.savePatchSet({ cycle, stage: PROD, patches: { UBUNTU: [{ ...bash, nodes: 9 }] } });
    expect(again).toEqual(first);
    expect(other.digest).toBe(first.digest);
    expect((await store.patchSet(first.digest)).patches).toEqual({ UBUNTU: [{ ...bash, nodes: 9 }] });
    await expect(store.patchSet('sha256:0' as Digest)).rejects.toThrow(StoreNotFound);
  });
});

onEveryDatabase('audit and idempotency', (on) => {
  test('an audit entry is written once, and pages go back in time', async () => {
    const { store } = on;
    const entry = (key: string) => ({
      key,
      at: NOW,
      who: 'ada',
      action: 'plan.put',
      subject: 'plan/storefront',
      result: 'done' as const,
      reason: '',
    });
    for (const key of ['a', 'b', 'b', 'c']) await store.audit(entry(key));
    const first = await store.auditEntries({ who: 'ada', limit: 2 });
    expect(first.items.map(({ key }) => key)).toEqual(['c', 'b']);
    const second = await store.auditEntries({ limit: 2, ...(first.next ? { before: first.next } : {}) });
    expect(second).toMatchObject({ items: [{ key: 'a', at: NOW }], next: null });
    expect((await store.auditEntries({ subject: 'plan/other', limit: 2 })).items).toEqual([]);
  });

  test('a key answers as before, for its owner and its content only', async () => {
    const { store } = on;
    const [content, other] = ['sha256:1' as Digest, 'sha256:2' as Digest];
    expect(await store.claimKey('olga', 'key', content)).toEqual({ kind: 'fresh' });
    expect(await store.claimKey('olga', 'key', content)).toEqual({ kind: 'again', response: null });
    await store.answered('olga', 'key', { id: 'scan-1' });
    await store.answered('olga', 'key', { id: 'scan-2' });
    expect(await store.claimKey('olga', 'key', content)).toEqual({ kind: 'again', response: { id: 'scan-1' } });
    expect(await store.claimKey('olga', 'key', other)).toEqual({ kind: 'conflict' });
    expect(await store.claimKey('ben', 'key', other)).toEqual({ kind: 'fresh' });
  });
});
