import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PatchBaseline } from '../../domain/documents/types.js';
import type { OperatingSystem, PinnedPatch } from '../../domain/fleet.js';
import type { CycleId, Instant, StageName } from '../../domain/ids.js';
import type { PatchSet } from '../../domain/patch-set.js';
import { approvedByDelay, installList } from '../../domain/promotion.js';
import { compareVersions } from '../../domain/versions.js';

const pin = (id: string, version: string): PinnedPatch => ({ id, title: `${id}:${version}` });
const proven = (os: OperatingSystem, ...patches: PinnedPatch[]): PatchSet => ({
  cycle: 'storefront-1' as CycleId,
  stage: 'test' as StageName,
  patches: { [os]: patches.map((patch) => ({ ...patch, nodes: 1 })) },
});

describe('what is promoted', () => {
  const set = proven('AMAZON_LINUX_2', pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.10'));

  test('is what is missing in the proven version', () => {
    const missing = [pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.10')];
    expect(installList('AMAZON_LINUX_2', missing, set)).toEqual({
      patches: missing,
      untested: [],
      unreadable: [],
    });
  });

  test('is nothing older than the proven version, which the stage before never tried', () => {
    const older = pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.9');
    expect(installList('AMAZON_LINUX_2', [older], set)).toEqual({ patches: [], untested: [older], unreadable: [] });
  });

  test('is the proven version where something newer is missing, which is listed as untested', () => {
    const newer = pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.11');
    expect(installList('AMAZON_LINUX_2', [newer], set)).toEqual({
      patches: [pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.10')],
      untested: [newer],
      unreadable: [],
    });
  });

  test('is nothing that the stage before never had, or had on another operating system only', () => {
    const missing = [pin('kernel.x86_64', '0:4.14-1')];
    expect(installList('AMAZON_LINUX_2', missing, set)).toMatchObject({ patches: [], untested: missing });
    const elsewhere = [pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.9')];
    expect(installList('CENTOS', elsewhere, set)).toMatchObject({ patches: [], untested: elsewhere });
  });

  test('is nothing that cannot be read', () => {
    const odd = { id: 'openssl.x86_64', title: 'openssl, the newest' };
    expect(installList('AMAZON_LINUX_2', [odd], set)).toEqual({ patches: [], untested: [], unreadable: [odd] });
  });

  test('has its titles in the form that an InstallOverrideList wants', () => {
    const written = { id: 'openssl.x86_64', title: 'openssl-1:1.0.2k-24.amzn2.0.10.x86_64' };
    expect(installList('AMAZON_LINUX_2', [written], set).patches).toEqual([
      pin('openssl.x86_64', '1:1.0.2k-24.amzn2.0.10'),
    ]);
  });

  test('goes by the KB on Windows', () => {
    const tested = { id: 'KB5034441', title: 'Security update' };
    const newer = { id: 'KB5035849', title: 'Another' };
    expect(installList('WINDOWS', [newer, tested, { ...tested, id: 'kb5034441' }], proven('WINDOWS', tested))).toEqual({
      patches: [tested],
      untested: [newer],
      unreadable: [],
    });
  });

  const patches = fc.array(
    fc
      .record({
        id: fc.constantFrom('a.amd64', 'b.amd64', 'c.amd64'),
        version: fc.stringMatching(/^1[0123a~+.-]{0,4}[0123a]$/),
      })
      .map(({ id, version }) => pin(id, version)),
  );
  test('is in the set in exactly that version, always; and nothing that is missing gets lost', () => {
    fc.assert(
      fc.property(patches, patches, (missing, tested) => {
        const promotion = installList('UBUNTU', missing, proven('UBUNTU', ...tested));
        const versionsOf = (id: string) =>
          tested.filter((it) => it.id === id).map((it) => it.title.slice(id.length + 1));
        for (const { id, title } of promotion.patches) {
          const version = title.slice(id.length + 1);
          expect(versionsOf(id).some((tried) => compareVersions('dpkg', version, tried) === 0)).toBe(true);
          expect(missing.some((it) => it.id === id)).toBe(true);
        }
        for (const { id, title } of promotion.untested) {
          const version = title.slice(id.length + 1);
          const newest = versionsOf(id).every((tried) => compareVersions('dpkg', version, tried) > 0);
          const olderOrUnknown = versionsOf(id).some((tried) => compareVersions('dpkg', version, tried) < 0);
          expect(newest || olderOrUnknown).toBe(true);
        }
        const told = [...promotion.patches, ...promotion.untested, ...promotion.unreadable];
        for (const { id, title } of missing) {
          const version = title.slice(id.length + 1);
          const isTold = told.some(
            (it) => it.id === id && compareVersions('dpkg', it.title.slice(id.length + 1), version) === 0,
          );
          expect(isTold).toBe(true);
        }
        expect(installList('UBUNTU', [...missing].reverse(), proven('UBUNTU', ...[...tested].reverse()))).toEqual(
          promotion,
        );
      }),
    );
  });
});

describe('a patch whose delay SSM does not know', () => {
  const rules: PatchBaseline['rules'] = [
    { os: 'any', classification: 'security', severity: 'critical', approveAfterDays: 0 },
    { os: 'any', classification: 'any', severity: 'any', approveAfterDays: 14 },
  ];
  const seen = '2026-06-01T09:30:00Z' as Instant;
  const approved = (severity: string, now: string, classification = 'Security') =>
    approvedByDelay(rules, 'UBUNTU', { classification, severity }, seen, now as Instant);

  test('is approved when its days have passed since it was first seen, to the second', () => {
    expect(approved('Medium', '2026-06-15T09:29:59Z')).toBe(false);
    expect(approved('Medium', '2026-06-15T09:30:00Z')).toBe(true);
  });

  test('is approved by the first rule that covers it', () => {
    expect(approved('Critical', '2026-06-01T09:30:00Z')).toBe(true);
    expect(approved('Critical', '2026-06-01T09:30:00Z', 'Bugfix')).toBe(false);
  });

  test('is not approved by rules for other systems, or by none', () => {
    const now = '2027-01-01T00:00:00Z' as Instant;
    const patch = { classification: 'Security', severity: 'Low' };
    const other: PatchBaseline['rules'] = [
      { os: 'WINDOWS', classification: 'any', severity: 'any', approveAfterDays: 0 },
    ];
    expect(approvedByDelay(other, 'DEBIAN', patch, seen, now)).toBe(false);
    expect(approvedByDelay([], 'DEBIAN', patch, seen, now)).toBe(false);
  });
});
