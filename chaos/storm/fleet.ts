import type { FleetDescriptionInput } from '../../simulator/index.js';
import { Random } from '../random.js';

/** The fleet that a seed makes, and the documents of the plans that patch it. */
export interface StormFleet {
  readonly description: FleetDescriptionInput;
  readonly documents: readonly Document[];
  readonly plans: readonly string[];
}

export interface Document {
  readonly kind: 'Account' | 'MaintenanceWindow' | 'PatchPlan';
  readonly metadata: { readonly name: string; readonly owner?: string };
  readonly spec: object;
}

const REGIONS = ['eu-west-1', 'us-east-1'];
const ACCOUNTS = [
  { name: 'north', id: '111122223333' },
  { name: 'south', id: '444455556666' },
];
const STAGES = ['dev', 'prod'] as const;
const LINUX = 'amazon-linux-2023';
const WINDOWS = 'windows-server-2022';

const roleOf = (id: string) => `arn:aws:iam::${id}:role/Patchtide`;
const zoneOf = (region: string, zone: number) => `${region.replaceAll('-', '')}-az${zone}`;

export function drawFleet(seed: string, plans: number): StormFleet {
  const random = new Random(`${seed}/fleet`);
  const names = Array.from({ length: plans }, (_, index) => `storm-${index + 1}`);
  const groups = names.flatMap((plan) => STAGES.flatMap((stage) => groupsOf(random, plan, stage)));
  return {
    plans: names,
    documents: [...ACCOUNTS.map(accountDocument), WINDOW, ...names.map((name) => planDocument(random, name))],
    description: {
      seed: random.whole(1, 1_000_000),
      accounts: ACCOUNTS.map(({ name, id }) => ({
        name,
        id,
        roleArn: roleOf(id),
        externalId: name,
        regions: Object.fromEntries(
          REGIONS.map((region) => [
            region,
            { zones: { [`${region}a`]: zoneOf(region, 1), [`${region}b`]: zoneOf(region, 2) } },
          ]),
        ),
      })),
      groups,
      buckets: REGIONS.map((region) => ({ name: `patchtide-${region}`, region })),
    },
  };
}

type Group = NonNullable<FleetDescriptionInput['groups']>[number];

/** A few nodes in one Region, over both accounts and zones; now and then on Windows or on-premises. */
function groupsOf(random: Random, plan: string, stage: string): Group[] {
  const region = random.pick(REGIONS);
  const group = (kind: string, more: Partial<Group>): Group => ({
    name: `${plan}-${stage}-${kind}`,
    os: LINUX,
    count: 1,
    regions: [region],
    tags: { Application: plan, 'Patch Group': `${plan}-${stage}` },
    ...more,
  });
  return [
    group('linux', { count: stage === 'dev' ? random.whole(1, 2) : random.whole(3, 6) }),
    ...(random.fraction() < 0.4 ? [group('windows', { os: WINDOWS })] : []),
    ...(random.fraction() < 0.3 ? [group('hybrid', { hybrid: true, accounts: ['north'] })] : []),
  ];
}

const accountDocument = ({ name, id }: (typeof ACCOUNTS)[number]): Document => ({
  kind: 'Account',
  metadata: { name },
  spec: { id, roleArn: roleOf(id), externalId: name, regions: REGIONS },
});

const WINDOW: Document = {
  kind: 'MaintenanceWindow',
  metadata: { name: 'default' },
  spec: { schedule: { always: true } },
};

/** On failure some ask and some stop; half of the nodes at a time, so that a wave has several batches. */
function planDocument(random: Random, name: string): Document {
  const task = (words: string) => [
    { document: 'AWS-RunShellScript', os: 'linux', parameters: { commands: [`echo ${words}`] }, timeout: 'PT1M' },
    {
      document: 'AWS-RunPowerShellScript',
      os: 'windows',
      parameters: { commands: [`echo ${words}`] },
      timeout: 'PT1M',
    },
  ];
  const stage = (stageName: string, more: object) => ({
    name: stageName,
    waves: {
      by: 'zone',
      maxUnavailable: random.pick(['50%', '100%']),
      pauseAfterFailures: random.pick(['20%', '100%']),
    },
    tasks: {
      beforeNode: task('drain'),
      afterNode: task('undrain'),
      beforeStage: task('announce'),
      afterStage: task('thank'),
    },
    timeouts: { install: 'PT2M', snapshot: 'PT2M' },
    onFailure: random.pick(['ask', 'ask', 'stop']),
    ...more,
  });
  return {
    kind: 'PatchPlan',
    metadata: { name, owner: 'chaos' },
    spec: {
      nodes: { tags: { Application: name } },
      stages: [
        stage('dev', { snapshot: 'none', soak: 'PT2S' }),
        stage('prod', { snapshot: random.pick(['await', 'await', 'start']) }),
      ],
    },
  };
}
