import type { FleetDescriptionInput } from '../../simulator/index.js';
import { accountOf, runName } from '../names.js';

/*
 * The small cycle that is swept: two stages, two accounts, two zones, four nodes, with snapshots, tasks before and after the
 * stage and each node, a short soak and an approval. Everything on its nodes takes a moment.
 */

const REGION = 'eu-west-1';
const MOMENT = [2, 2] as [number, number];
const INSTANT: FleetDescriptionInput['durations'] = {
  delivery: MOMENT,
  script: MOMENT,
  scan: MOMENT,
  installBase: MOMENT,
  installPatch: MOMENT,
  report: MOMENT,
  reboot: MOMENT,
  snapshot: MOMENT,
  start: MOMENT,
  stop: MOMENT,
};

/** Fleet time for a second of the wall's. */
export const SPEED = 2_000;

const roleOf = (account: string) => `arn:aws:iam::${account}:role/Patchtide`;
const patch = (id: string, version: string, releasedDaysAgo: number, reboot: boolean) => ({
  os: 'amazon-linux-2023' as const,
  id,
  version,
  releasedDaysAgo,
  reboot,
});

export function fleetOf(number: number): FleetDescriptionInput {
  const run = runName(number);
  const group = (name: string, stage: string, account: string, zone: string, count: number) => ({
    name,
    os: 'amazon-linux-2023' as const,
    count,
    accounts: [account],
    zones: [zone],
    tags: { Application: run, 'Patch Group': `${run}-${stage}` },
  });
  const account = (name: string, which: 1 | 2) => ({
    name,
    id: accountOf(number, which),
    roleArn: roleOf(accountOf(number, which)),
    externalId: run,
    regions: { [REGION]: { zones: { [`${REGION}a`]: 'euw1-az1', [`${REGION}b`]: 'euw1-az2' } } },
  });
  return {
    // Ids of nodes must not be those of another run: the store knows nodes by their ids.
    seed: number,
    accounts: [account('alpha', 1), account('beta', 2)],
    groups: [
      group('dev-alpha', 'dev', 'alpha', 'euw1-az1', 1),
      group('prod-alpha', 'prod', 'alpha', 'euw1-az1', 2),
      group('prod-beta', 'prod', 'beta', 'euw1-az2', 1),
    ],
    buckets: [{ name: `patchtide-${REGION}`, region: REGION }],
    builtInPatches: false,
    patches: [
      patch('kernel.x86_64', '0:6.1.129-1', 400, true),
      patch('kernel.x86_64', '0:6.1.141-1', 22, true),
      patch('curl.x86_64', '0:8.3.0-1', 400, false),
      patch('curl.x86_64', '0:8.5.0-1', 20, false),
    ],
    durations: INSTANT,
    consistencyMs: [0, 0],
    limits: {
      ssm: 'none',
      sts: 'none',
      'ec2-describe': 'none',
      'ec2-snapshots': 'none',
      'ec2-mutate': 'none',
      'ssm-automations': 'none',
    },
  };
}

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly owner?: string };
  readonly spec: object;
}

const shell = (command: string) => [{ document: 'AWS-RunShellScript', parameters: { commands: [`echo ${command}`] } }];

/** A window for everybody, written once. */
export const WINDOW: Document = {
  kind: 'MaintenanceWindow',
  metadata: { name: 'default' },
  spec: { schedule: { always: true } },
};

/** What a run adds: its accounts, then its plan, under the run's name. */
export function documentsOf(number: number): Document[] {
  const run = runName(number);
  const account = (name: string, which: 1 | 2): Document => {
    const id = accountOf(number, which);
    return {
      kind: 'Account',
      metadata: { name },
      spec: { id, roleArn: roleOf(id), externalId: run, regions: [REGION] },
    };
  };
  const stage = (name: string, more: object) => ({
    name,
    waves: { by: 'zone', maxUnavailable: '100%', pauseAfterFailures: '100%' },
    snapshot: 'await',
    tasks: {
      beforeNode: shell('drain'),
      afterNode: shell('undrain'),
      beforeStage: shell('announce'),
      afterStage: shell('thank'),
    },
    ...more,
  });
  return [
    account(`${run}-a`, 1),
    account(`${run}-b`, 2),
    {
      kind: 'PatchPlan',
      metadata: { name: run, owner: 'chaos' },
      spec: {
        nodes: { accounts: [`${run}-a`, `${run}-b`], tags: { Application: run } },
        stages: [stage('dev', { soak: 'PT1S' }), stage('prod', {})],
      },
    },
  ];
}
