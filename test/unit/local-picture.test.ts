import { describe, expect, test } from '@jest/globals';
import type { LedgerEntry } from '../../local/ledger-shapes.js';
import { checkTrack, mostOf } from '../../local/picture/checks.js';
import { draw } from '../../local/picture/draw.js';
import { type StageReport, trackOf } from '../../local/picture/facts.js';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 2, minute)).toISOString();
const nextNight = (minute: number): string => new Date(Date.UTC(2026, 0, 2, 2, minute)).toISOString();
const opening = (instant: (minute: number) => string) => ({
  window: 'nightly',
  opens: instant(0),
  cutoff: instant(30),
  closes: instant(60),
});
const target = (node: string) => ({ node, name: `web-${node}` });
const wave = (number: number, nodes: readonly string[]) => ({
  number,
  account: '111122223333',
  region: 'eu-west-1',
  zone: 'euw1-az1',
  window: 'nightly',
  maxUnavailable: 1,
  batches: nodes.map((node) => ({ nodes: [node] })),
});
/** Two nodes of one zone, one at a time; the second one has its turn in the next night. */
const report: StageReport = {
  cycle: { id: 'storefront-1', stages: [{ name: 'prod', manifest: 'sha256:a' }] },
  manifests: [
    {
      digest: 'sha256:a',
      manifest: {
        stage: 'prod',
        windows: [opening(at)],
        targets: ['a', 'b'].map(target),
        waves: [wave(1, ['a', 'b'])],
      },
    },
    {
      digest: 'sha256:b',
      manifest: {
        stage: 'prod',
        continues: { manifest: 'sha256:a', of: 'carried-over' },
        windows: [opening(nextNight)],
        targets: ['b'].map(target),
        waves: [wave(2, ['b'])],
      },
    },
  ],
};

type Draft = Omit<LedgerEntry, 'seq'>;
/** Snapshot, before, install with a restart, scan, after: out of service from the second to the twentieth minute. */
const patching = (node: string, batch: string, instant: (minute: number) => string, from: number): Draft[] => {
  const key = (step: string) => `patchtide/storefront-1/prod/${batch}.${step}`;
  const on = (kind: string, minute: number, more: Partial<LedgerEntry> = {}): Draft => ({
    at: instant(from + minute),
    kind,
    node,
    ...more,
  });
  const step = (name: string, begins: number, ends: number): Draft[] => [
    on('command-started', begins, { key: key(name) }),
    on('command-ended', ends, { key: key(name) }),
  ];
  return [
    on('snapshot-created', 0, { volume: `vol-${node}`, tags: { 'patchtide:key': key('snapshot') } }),
    on('snapshot-completed', 1, { volume: `vol-${node}` }),
    ...step('before-1', 2, 3),
    ...step('install', 4, 12),
    on('agent-lost', 8),
    on('agent-back', 11),
    ...step('scan', 13, 16),
    ...step('after-1', 18, 20),
  ];
};
const ledgerOf = (...drafts: readonly Draft[]): LedgerEntry[] =>
  drafts.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).map((draft, index) => ({ seq: index + 1, ...draft }));
const kept = ledgerOf(...patching('a', 'w1.b1', at, 5), ...patching('b', 'w2.b1', nextNight, 5));
const trackOn = (ledger: readonly LedgerEntry[]) => trackOf(ledger, report, 'prod');
const violations = (ledger: readonly LedgerEntry[]) =>
  checkTrack(trackOn(ledger)).map(({ violations }) => violations.length);

describe('a stage over time, by the ledger', () => {
  test('has every node out of service from its before task to the end of its after task, and not for its snapshot', () => {
    const [zone] = trackOn(kept).zones;
    expect(zone).toMatchObject({ zone: 'euw1-az1', budget: 1 });
    expect(zone?.nodes).toMatchObject([
      { name: 'web-a', carriedOver: false, outOfService: [{ from: Date.parse(at(7)), to: Date.parse(at(25)) }] },
      { name: 'web-b', carriedOver: true, outOfService: [{ from: Date.parse(nextNight(7)) }] },
    ]);
    expect(zone?.nodes[0]?.acts.map(({ act }) => act)).toEqual([
      'snapshot',
      'before',
      'reboot',
      'install',
      'scan',
      'after',
    ]);
  });

  test('keeps budget, cutoff and carry-over', () => {
    const track = trackOn(kept);
    expect(checkTrack(track)).toMatchObject([
      { checked: 2, violations: [] },
      { checked: 2, violations: [] },
      { checked: 1, violations: [] },
    ]);
    expect(track.zones.map(mostOf)).toEqual([1]);
  });

  test('shows a budget that was exceeded, also by a node that never came back', () => {
    expect(violations(ledgerOf(...patching('a', 'w1.b1', at, 0), ...patching('b', 'w2.b1', at, 19)))[0]).toBe(0);
    expect(violations(ledgerOf(...patching('a', 'w1.b1', at, 0), ...patching('b', 'w2.b1', at, 17)))[0]).toBe(1);
    const lost = patching('a', 'w1.b1', at, 0).filter(({ kind }) => kind !== 'command-ended' && kind !== 'agent-back');
    expect(violations(ledgerOf(...lost, ...patching('b', 'w2.b1', nextNight, 5)))[0]).toBe(1);
  });

  test('shows a node that was begun after the cutoff', () => {
    expect(violations(ledgerOf(...patching('a', 'w1.b1', at, 29), ...patching('b', 'w2.b1', nextNight, 5)))[1]).toBe(1);
  });

  test('shows a node that was carried over and had its turn in the first window all the same, or never', () => {
    expect(violations(ledgerOf(...patching('a', 'w1.b1', at, 0), ...patching('b', 'w2.b1', at, 25)))[2]).toBe(1);
    expect(violations(ledgerOf(...patching('a', 'w1.b1', at, 0)))[2]).toBe(1);
  });

  test('is drawn with what it holds, in one picture', () => {
    const track = trackOn(kept);
    const picture = draw(track, checkTrack(track));
    for (const words of ['web-a', 'web-b', 'carried over', 'cutoff 02:30', 'budget 1', 'never exceeded'])
      expect(picture).toContain(words);
    expect(picture).not.toContain('NaN');
  });
});
