import { describe, expect, test } from '@jest/globals';
import { checkLedger } from '../../local/ledger-check.js';
import { type FleetNodes, type LedgerEntry, ledgerSchema, type Report } from '../../local/ledger-shapes.js';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const RULES = {
  soak: 'no install, task, reboot or snapshot before the stage before had soaked',
  approval: 'no install, task, reboot or snapshot before the approval',
  proven: 'what a stage installed is a subset of what the stage before proved',
  snapshots: 'every volume had a completed snapshot before its node was patched',
  afterTasks: 'after tasks ran on every node whose before tasks ran',
  zones: 'no two zones of a Region at once',
  commands: 'no command twice',
  twice: 'no snapshot twice',
  installs: 'no patch installed twice',
};

const nodes: FleetNodes = [
  { id: 'i-dev', hybrid: false, volumes: [{ id: 'vol-dev' }] },
  { id: 'i-a', hybrid: false, volumes: [{ id: 'vol-a' }] },
  { id: 'i-b', hybrid: false, volumes: [{ id: 'vol-b' }] },
  { id: 'mi-c', hybrid: true, volumes: [] },
];
const zones: Record<string, string> = { 'i-dev': 'euw1-az1', 'i-a': 'euw1-az1', 'i-b': 'euw1-az2' };

type Draft = Omit<LedgerEntry, 'seq'>;
const on = (node: string, minute: number, kind: string, more: Partial<LedgerEntry> = {}): Draft => {
  const zoneId = zones[node];
  return { at: at(minute), kind, node, region: 'eu-west-1', ...(zoneId === undefined ? {} : { zoneId }), ...more };
};
const command = (key: string, node: string, minute: number, operation?: string): Draft[] => {
  const mark = operation === undefined ? { key } : { key, operation };
  return [
    { at: at(minute), kind: 'command-accepted', region: 'eu-west-1', key },
    on(node, minute, 'command-started', mark),
    on(node, minute + 1, 'command-ended', mark),
  ];
};
const kernel = { id: 'kernel.x86_64', title: 'kernel.x86_64:0:6.1-2' };

/** One node of Prod: snapshot, before, install, after, from a minute on for six minutes. */
const patching = (node: string, wave: number, from: number): Draft[] => {
  const key = (step: string) => `patchtide/storefront-1/prod/w${wave}.b1.${step}`;
  const volume = nodes.find(({ id }) => id === node)?.volumes[0]?.id;
  return [
    ...(volume === undefined
      ? []
      : [
          on(node, from, 'snapshot-created', { volume, tags: { 'patchtide:key': key('snapshot') } }),
          on(node, from + 1, 'snapshot-completed', { volume }),
        ]),
    ...command(key('before-1'), node, from + 2),
    ...command(key('install'), node, from + 3, 'Install'),
    on(node, from + 4, 'patches-installed', { key: key('install'), patches: [kernel] }),
    ...command(key('after-1'), node, from + 5),
  ];
};

/** Dev is patched at minute 1 and soaks until minute 20; Prod is approved at minute 30 and patched zone by zone. */
const goodEntries = (): Draft[] => [
  ...command('patchtide/storefront-1/dev/w1.b1.install', 'i-dev', 1, 'Install'),
  ...command('patchtide/storefront-1/prod/scan-1/l1.b1', 'i-a', 22, 'Scan'),
  ...patching('i-a', 1, 31),
  ...patching('i-b', 2, 41),
  ...patching('mi-c', 3, 51),
];

const policy = { soak: 15 * 60_000, snapshot: 'none', approval: null, tasks: { beforeNode: [], afterNode: [] } };
const report: Report = {
  cycle: {
    id: 'storefront-1',
    startedAt: at(0),
    endedAt: at(90),
    stages: [
      { name: 'dev', manifest: 'sha256:dev', soakUntil: at(20), decisions: [] },
      {
        name: 'prod',
        manifest: 'sha256:prod',
        soakUntil: null,
        decisions: [{ decision: 'approve', manifest: 'sha256:prod', at: at(30) }],
      },
    ],
  },
  manifests: [
    { digest: 'sha256:dev', manifest: { stage: 'dev', policy } },
    {
      digest: 'sha256:prod',
      manifest: {
        stage: 'prod',
        policy: { soak: 0, snapshot: 'await', approval: { quorum: 1 }, tasks: { beforeNode: [{}], afterNode: [{}] } },
      },
    },
  ],
  patchSets: [{ stage: 'dev', patches: { AMAZON_LINUX_2023: [kernel], WINDOWS: [{ id: 'KB1', title: '' }] } }],
  nodes: [
    { node: 'i-dev', stage: 'dev', os: 'AMAZON_LINUX_2023' },
    { node: 'i-a', stage: 'prod', os: 'AMAZON_LINUX_2023' },
    { node: 'i-b', stage: 'prod', os: 'AMAZON_LINUX_2023' },
    { node: 'mi-c', stage: 'prod', os: 'AMAZON_LINUX_2023' },
  ],
};

const check = (entries: readonly Draft[], given: Report = report) => {
  const ordered = [...entries]
    .sort((a, b) => a.at.localeCompare(b.at))
    .map((entry, index) => ({ ...entry, seq: index + 1 }));
  return checkLedger(ordered, nodes, given);
};
const violated = (entries: readonly Draft[], given?: Report): Record<string, readonly string[]> =>
  Object.fromEntries(
    check(entries, given).flatMap(({ rule, violations }) => (violations.length ? [[rule, violations]] : [])),
  );

test('a cycle that kept the rules has no violation, and something was held against every rule', () => {
  expect(violated(goodEntries())).toEqual({});
  expect(check(goodEntries()).filter(({ checked }) => checked === 0)).toEqual([]);
  expect(check(goodEntries()).map(({ rule }) => rule)).toEqual(Object.values(RULES));
});

describe('a violation is seen:', () => {
  test('Prod is touched while Dev soaks', () => {
    const early = on('i-a', 19, 'reboot');
    expect(violated([...goodEntries(), early])[RULES.soak]).toEqual([
      `reboot on i-a at ${at(19)}, before dev had soaked (${at(20)})`,
    ]);
  });

  test('Dev was touched again after its soak had begun', () => {
    const entries = [...goodEntries(), ...command('patchtide/storefront-1/dev/w1.b2.install', 'i-dev', 18, 'Install')];
    expect(violated(entries)[RULES.soak]).toContainEqual(expect.stringContaining(`(${at(33)})`));
  });

  test('Dev never soaked', () => {
    const [dev, prod] = report.cycle.stages as [Report['cycle']['stages'][number], Report['cycle']['stages'][number]];
    const unsoaked = { ...report, cycle: { ...report.cycle, stages: [{ ...dev, soakUntil: null }, prod] } };
    expect(violated(goodEntries(), unsoaked)[RULES.soak]).not.toHaveLength(0);
  });

  test.each([
    ['a snapshot', on('i-b', 29, 'snapshot-created', { volume: 'vol-b' })],
    ['a task', on('i-b', 29, 'command-started', { key: 'patchtide/storefront-1/prod/w2.b1.before-1' })],
    ['a start', on('i-b', 29, 'instance-started')],
    ['a command of somebody else', on('i-b', 29, 'command-started', { key: 'by hand' })],
  ])('%s in Prod before its approval', (_name, early) => {
    expect(violated([...goodEntries(), early])[RULES.approval]).toHaveLength(1);
  });

  test('Prod was approved under another digest', () => {
    const [dev, prod] = report.cycle.stages as [Report['cycle']['stages'][number], Report['cycle']['stages'][number]];
    const decisions = [{ decision: 'approve', manifest: 'sha256:other', at: at(30) }];
    const other = { ...report, cycle: { ...report.cycle, stages: [dev, { ...prod, decisions }] } };
    expect(violated(goodEntries(), other)[RULES.approval]).not.toHaveLength(0);
  });

  test.each([
    ['an older version', { id: 'kernel.x86_64', title: 'kernel.x86_64:0:6.1-1' }],
    ['a newer version', { id: 'kernel.x86_64', title: 'kernel.x86_64:0:6.1-3' }],
    ['another package', { id: 'curl.x86_64', title: 'curl.x86_64:0:8-1' }],
    ['a patch of another system', { id: 'KB1', title: '' }],
  ])('Prod got %s than Dev proved', (_name, patch) => {
    const surplus = on('i-a', 35, 'patches-installed', { patches: [patch] });
    const told = [`${patch.title || patch.id} on i-a (prod): not proven in dev`];
    expect(violated([...goodEntries(), surplus])).toEqual({ [RULES.proven]: told });
  });

  test.each([
    ['has no snapshot', (entry: Draft) => entry.kind === 'snapshot-completed' && entry.node === 'i-b'],
    ['has a snapshot of another node only', (entry: Draft) => entry.volume === 'vol-b'],
  ])('a volume %s', (_name, missing) => {
    expect(violated(goodEntries().filter((entry) => !missing(entry)))[RULES.snapshots]).toEqual([
      expect.stringContaining('vol-b of i-b had no completed snapshot'),
    ]);
  });

  test('a snapshot was completed only after the install', () => {
    const late = goodEntries().map((entry) =>
      entry.kind === 'snapshot-completed' && entry.node === 'i-a' ? { ...entry, at: at(36) } : entry,
    );
    expect(violated(late)[RULES.snapshots]).toHaveLength(1);
  });

  test('after tasks were left out on one node', () => {
    const without = goodEntries().filter(({ key, node }) => !(key?.endsWith('after-1') && node === 'i-b'));
    expect(violated(without)[RULES.afterTasks]).toEqual(['i-b (prod): its before tasks ran, its after tasks did not']);
  });

  test('two zones of a Region were worked on at once', () => {
    const entries = [...goodEntries(), ...command('patchtide/storefront-1/prod/w2.b1.check', 'i-b', 36)];
    expect(violated(entries)[RULES.zones]).toEqual([
      expect.stringMatching(/^prod, eu-west-1: euw1-az1 .* and euw1-az2 /),
    ]);
  });

  test('a command, a snapshot and an install were done twice', () => {
    const again = goodEntries().filter(({ node, key }) => node === 'i-a' || key?.includes('/w1.'));
    const twice = violated([...goodEntries(), ...again]);
    expect(twice[RULES.commands]).toContain('patchtide/storefront-1/prod/w1.b1.install');
    expect(twice[RULES.twice]).toEqual(['patchtide/storefront-1/prod/w1.b1.snapshot of vol-a']);
    expect(twice[RULES.installs]).toEqual(['kernel.x86_64:0:6.1-2 on i-a']);
  });
});

test('what another cycle did before or after is left out', () => {
  const before = { ...on('i-a', 0, 'reboot'), at: '2025-12-31T00:00:00.000Z' };
  expect(violated([before, ...goodEntries(), on('i-b', 91, 'reboot')])).toEqual({});
});

test('what the rules do not need may have any shape', () => {
  const began = { seq: 1, at: at(0), kind: 'fleet-began', nodes: 80, seed: 1 };
  expect(ledgerSchema.parse([began])).toEqual([{ seq: 1, at: at(0), kind: 'fleet-began' }]);
});
