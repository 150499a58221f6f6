import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { NodePatch, OperatingSystem, PatchState } from '../../domain/fleet.js';
import type { CycleId, StageName } from '../../domain/ids.js';
import { diff, harvest, patchSetDigest } from '../../domain/patch-set.js';

const CYCLE = 'storefront-1' as CycleId;
const DEV = 'dev' as StageName;
const patch = (id: string, version: string, state: PatchState = 'Installed'): NodePatch => ({
  id,
  title: /^kb/i.test(id) ? version : `${id}:${version}`,
  state,
  classification: 'Security',
  severity: 'Important',
});
const node = (os: OperatingSystem, ...patches: NodePatch[]) => ({ os, patches });
const harvested = (...nodes: ReturnType<typeof node>[]) => harvest(nodes, CYCLE, DEV);

describe('what a stage proves', () => {
  test('is everything installed, by whomever, per operating system; not what waits for a reboot or is missing', () => {
    const { set } = harvested(
      node(
        'AMAZON_LINUX_2023',
        patch('openssl.x86_64', '1:3.0.8-1', 'InstalledOther'),
        patch('kernel.x86_64', '0:6.1-1', 'InstalledPendingReboot'),
        patch('curl.x86_64', '0:8.1-1', 'Missing'),
        patch('bash.x86_64', '0:5.2-1'),
      ),
      node('WINDOWS', patch('KB5034441', '2024-01 Update')),
    );
    expect(set).toMatchObject({ cycle: CYCLE, stage: DEV });
    expect(set.patches).toEqual({
      AMAZON_LINUX_2023: [
        { id: 'bash.x86_64', title: 'bash.x86_64:0:5.2-1', nodes: 1 },
        { id: 'openssl.x86_64', title: 'openssl.x86_64:1:3.0.8-1', nodes: 1 },
      ],
      WINDOWS: [{ id: 'KB5034441', title: '2024-01 Update', nodes: 1 }],
    });
  });

  test('is the highest version of a package, with the number of nodes that have it', () => {
    const { set } = harvested(
      node('UBUNTU', patch('curl.amd64', '7.81.0-1ubuntu1.9')),
      node('UBUNTU', patch('curl.amd64', '7.81.0-1ubuntu1.10'), patch('curl.amd64', '7.81.0-1ubuntu1.2')),
      node('UBUNTU', patch('curl.amd64', '7.81.0-1ubuntu1.10')),
    );
    expect(set.patches.UBUNTU).toEqual([{ id: 'curl.amd64', title: 'curl.amd64:7.81.0-1ubuntu1.10', nodes: 2 }]);
  });

  test('is a Windows update on every node that has it, whatever its title there', () => {
    const { set } = harvested(
      node('WINDOWS', patch('KB1', '')),
      node('WINDOWS', patch('KB1', 'Update'), patch('kb1', '')),
    );
    expect(set.patches.WINDOWS).toEqual([{ id: 'KB1', title: 'Update', nodes: 2 }]);
  });

  test('lists what it cannot read instead of guessing', () => {
    const odd = { ...patch('curl.x86_64', ''), title: 'curl, the newest' };
    const { set, unreadable } = harvested(node('SUSE', odd), node('SUSE', odd));
    expect(set.patches).toEqual({});
    expect(unreadable).toEqual([{ os: 'SUSE', id: 'curl.x86_64', title: 'curl, the newest' }]);
  });
});

describe("a patch set's digest", () => {
  const one = harvested(node('UBUNTU', patch('a.amd64', '1.0'), patch('b.amd64', '2.0'))).set;

  test('is the same for the same patches in another cycle, order and number of nodes', () => {
    const nodes = [
      node('UBUNTU', patch('b.amd64', '2.0'), patch('a.amd64', '1.0')),
      node('UBUNTU', patch('a.amd64', '1.0')),
    ];
    expect(harvest(nodes, 'storefront-2' as CycleId, 'test' as StageName).set.digest).toBe(one.digest);
    expect(patchSetDigest(one.patches)).toBe(one.digest);
    expect(patchSetDigest({ ...one.patches, WINDOWS: [] })).toBe(one.digest);
  });

  test('is another for another version', () => {
    expect(harvested(node('UBUNTU', patch('a.amd64', '1.1'), patch('b.amd64', '2.0'))).set.digest).not.toBe(one.digest);
  });

  test('covers Windows updates by their id alone: titles are for people', () => {
    expect(harvested(node('WINDOWS', patch('KB1', ''))).set.digest).toBe(
      harvested(node('WINDOWS', patch('KB1', 'Cumulative update'))).set.digest,
    );
  });
});

const nodes = fc.array(
  fc
    .array(
      fc.record({
        id: fc.constantFrom('a.amd64', 'b.amd64', 'c.amd64'),
        version: fc.constantFrom('1.0', '1.00', '1.1', '2~rc1'),
      }),
    )
    .map((patches) => node('UBUNTU', ...patches.map(({ id, version }) => patch(id, version)))),
);
test('a harvest does not depend on the order of nodes and patches', () => {
  fc.assert(
    fc.property(nodes, (drawn) => {
      const reversed = [...drawn].reverse().map(({ os, patches }) => ({ os, patches: [...patches].reverse() }));
      expect(harvested(...reversed)).toEqual(harvested(...drawn));
    }),
  );
});

test('the difference of two patch sets names each package that is new, gone or in another version', () => {
  const from = harvested(node('UBUNTU', patch('a.amd64', '1'), patch('b.amd64', '1'), patch('d.amd64', '1'))).set;
  const to = harvested(
    node('UBUNTU', patch('b.amd64', '2'), patch('c.amd64', '1'), patch('d.amd64', '1')),
    node('WINDOWS', patch('KB1', '')),
  ).set;
  const pin = (id: string, version: string) => ({ id, title: `${id}:${version}` });
  expect(diff(from, to)).toEqual([
    { os: 'UBUNTU', id: 'a.amd64', from: pin('a.amd64', '1'), to: null },
    { os: 'UBUNTU', id: 'b.amd64', from: pin('b.amd64', '1'), to: pin('b.amd64', '2') },
    { os: 'UBUNTU', id: 'c.amd64', from: null, to: pin('c.amd64', '1') },
    { os: 'WINDOWS', id: 'KB1', from: null, to: { id: 'KB1', title: '' } },
  ]);
  expect(diff(to, to)).toEqual([]);
});
