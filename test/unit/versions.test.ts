import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareVersions, isAtMost, parsePatch, pinned, type VersionScheme } from '../../domain/versions.js';

/** Older on the left, newer on the right, `=` where neither is. */
const RPM = `
1.0 = 1.0 | 1.0 < 2.0 | 2.0 < 2.0.1 | 2.0.1 < 2.0.1a | 5.5p1 < 5.5p2 | 5.5p1 < 5.5p10 | 10xyz < 10.1xyz
xyz10 < xyz10.1 | xyz.4 < 8 | xyz.4 < 2 | 5.5p2 < 5.6p1 | 5.6p1 < 6.5p1 | 6.0 < 6.0.rc1 | 10a2 < 10b2 | 1.0a < 1.0aa
10.0001 = 10.1 | 10.0001 < 10.0039 | 4.999.9 < 5.0 | 20101121 < 20101122 | 2_0 = 2.0 | a+ = a_ | +a = _a | +_ = _+
1.0~rc1 < 1.0 | 1.0~rc1 < 1.0~rc2 | 1.0~rc1~git123 < 1.0~rc1 | 1.0 < 1.0^ | 1.0 < 1.0^git1 | 1.0^git1 < 1.0^git2
1.0^git1 < 1.01 | 1.0^20160101 < 1.0.1 | 1.0^20160101^git1 < 1.0^20160102 | 1.0~rc1 < 1.0~rc1^git1
1.0^git1~pre < 1.0^git1 | 1b.fc17 < 1.fc17 | 1.fc17 < 1g.fc17
0:1.0-1 = 1.0-1 | 2.0-1 < 1:1.0-1 | 9:1-1 < 10:1-1 | 1:3.0.8-1.amzn2023.0.14 < 1:3.0.8-1.amzn2023.0.20
0:4.14.355-280.652.amzn2 < 0:4.14.355-280.664.amzn2 | 0:1.1.1k-9.el8_7 < 0:1.1.1k-12.el8_9`;
const DPKG = `
1.0 = 1.0 | 0:1.0 = 1.0 | 1.0 = 1.0-0 | 1.0-1 < 1.0-2 | 1.0-9 < 1.0-10 | 2.0 < 1:1.0 | 9:1 < 10:1 | 1.01 = 1.1
1.0~rc1 < 1.0 | 1.0~~ < 1.0~ | 1.0~~a < 1.0~ | 1.0~ < 1.0 | 1.0 < 1.0a | 1.0a < 1.0+ | 1.0a < 1.0b | 1.0-1 < 1.0-1+b1
1.0-1~bpo11+1 < 1.0-1 | 1.2.3-1 < 1.2.3-1ubuntu1 | 3.0.2-0ubuntu1.15 < 3.0.2-0ubuntu1.18 | 1.0Z < 1.0a
2.35-0ubuntu3.8 < 2.35-0ubuntu3.10 | 1:9.18.28-0ubuntu0.22.04.1 < 1:9.18.30-0ubuntu0.22.04.1 | 1.0-1-1 < 1.0-1-2
20240203~22.04.1 < 20240203 | 5.15.0-130.140 < 5.15.0-131.141 | 1.9 < 1.10 | 1a < 1.1`;
const rowsOf = (table: string): [string, string, string][] =>
  table.split(/[|\n]/).flatMap((row) => {
    const [a, sign, b] = row.trim().split(' ');
    return a && sign && b ? [[a, sign, b]] : [];
  });

describe.each([
  ['rpm', RPM],
  ['dpkg', DPKG],
] as const)('versions as %s orders them', (scheme, table) => {
  test.each(rowsOf(table))('%s %s %s', (a, sign, b) => {
    expect(compareVersions(scheme, a, b)).toBe(sign === '<' ? -1 : 0);
    expect(compareVersions(scheme, b, a)).toBe(sign === '<' ? 1 : 0);
  });

  const version = fc.stringMatching(/^[019ab~^.+:-]{0,8}$/);
  test('never both older and newer', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareVersions(scheme, a, b) + compareVersions(scheme, b, a)).toBe(0);
        expect(compareVersions(scheme, a, a)).toBe(0);
      }),
    );
  });

  test('older than what is newer than something newer', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const [low, middle, high] = [a, b, c].sort((one, two) => compareVersions(scheme, one, two));
        expect(order(scheme, low, middle)).toBeLessThanOrEqual(0);
        expect(order(scheme, middle, high)).toBeLessThanOrEqual(0);
        expect(order(scheme, low, high)).toBeLessThanOrEqual(0);
        if (order(scheme, low, high) === 0) expect(order(scheme, low, middle)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});
const order = (scheme: VersionScheme, a = '', b = '') => compareVersions(scheme, a, b);

describe('a patch is read', () => {
  test.each([
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel.x86_64:0:4.14.355-280.664.amzn2', '0:4.14.355-280.664.amzn2'],
    ['AMAZON_LINUX_2', 'bind-libs.x86_64', 'bind-libs.x86_64:32:9.11.4-26.P2.amzn2', '32:9.11.4-26.P2.amzn2'],
    ['SUSE', 'curl.x86_64', 'curl.x86_64:8.0.1-150400.5.44.1', '0:8.0.1-150400.5.44.1'],
    ['CENTOS', 'bind-utils.x86_64', 'bind-utils-32:9.11.4-26.el7.x86_64', '32:9.11.4-26.el7'],
    ['REDHAT_ENTERPRISE_LINUX', 'gcc-c++.x86_64', 'gcc-c++.x86_64:0:8.5.0-22.el8_10', '0:8.5.0-22.el8_10'],
    ['UBUNTU', 'libssl3.amd64', 'libssl3.amd64:3.0.2-0ubuntu1.18', '3.0.2-0ubuntu1.18'],
    ['DEBIAN', 'bind9.amd64', 'bind9.amd64:1:9.18.28-1~deb12u2', '1:9.18.28-1~deb12u2'],
  ] as const)('%s: %s in %s', (os, id, title, version) => {
    expect(parsePatch(os, { id, title })).toEqual({ name: id, version });
  });

  test('a Windows update is its KB, whatever its title', () => {
    expect(parsePatch('WINDOWS', { id: 'kb5034441', title: '' })).toEqual({ name: 'KB5034441', version: '' });
    expect(parsePatch('WINDOWS', { id: 'MS17-010', title: 'x' })).toEqual({ name: 'MS17-010', version: '' });
  });

  test.each([
    ['AMAZON_LINUX_2', 'kernel.x86_64', ''],
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel.x86_64'],
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel.x86_64:*'],
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel.x86_64:0:4.14'],
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel-tools.x86_64:0:4.14-1'],
    ['AMAZON_LINUX_2', 'kernel.x86_64', 'kernel-tools-0:4.14-1.x86_64'],
    ['AMAZON_LINUX_2', 'kernel', 'kernel:0:4.14-1'],
    ['UBUNTU', 'libssl3.amd64', 'libssl3-3.0.2.amd64'],
    ['UBUNTU', 'libssl3.amd64', 'libssl3.amd64:latest'],
    ['WINDOWS', '5034441', 'KB5034441'],
  ] as const)('or refused, never guessed (%s: %s in "%s")', (os, id, title) => {
    expect(parsePatch(os, { id, title })).toBeNull();
  });

  test('and written as an InstallOverrideList wants it', () => {
    const patch = { id: 'bind-utils.x86_64', title: 'bind-utils-32:9.11.4-26.el7.x86_64' };
    const read = parsePatch('CENTOS', patch);
    expect(read && pinned(patch, read)).toEqual({ id: patch.id, title: 'bind-utils.x86_64:32:9.11.4-26.el7' });
  });
});

test('a Windows update has one version: any is at most any other of the same KB', () => {
  const update = { name: 'KB1', version: '' };
  expect(isAtMost('WINDOWS', update, update)).toBe(true);
});
