import type { FleetDescriptionInput } from '../../../simulator/description.js';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

type Group = NonNullable<FleetDescriptionInput['groups']>[number];

/** One account whose Regions have two zones each, and the given nodes in it. */
export const fleetOf = (groups: readonly Group[], regions: readonly string[] = [REGION]): FleetDescriptionInput => ({
  accounts: [
    {
      name: 'shop',
      id: ACCOUNT,
      roleArn: ROLE,
      externalId: EXTERNAL_ID,
      regions: Object.fromEntries(
        regions.map((region) => [
          region,
          { zones: { [`${region}a`]: zoneOf(region, 1), [`${region}b`]: zoneOf(region, 2) } },
        ]),
      ),
    },
  ],
  buckets: regions.map((region) => ({ name: `patchtide-${region}`, region })),
  consistencyMs: [0, 50],
  groups: [...groups],
});

/** The id of a Region's zone: the same in every account. */
export const zoneOf = (region: string, zone: 1 | 2): string => `${region.replaceAll('-', '')}-az${zone}`;

/** Nodes of one application and stage, on Amazon Linux where nothing else is said. */
export function nodes(application: string, stage: string, more: Partial<Group> = {}): Group {
  const { os = 'amazon-linux-2023', hybrid = false, zones = [] } = more;
  return {
    name: [application, stage, os.split('-')[0], ...(hybrid ? ['hybrid'] : zones)].join('-'),
    os,
    count: 1,
    regions: [REGION],
    tags: { Application: application, Environment: stage, 'Patch Group': `${application}-${stage}` },
    ...more,
  };
}

const ROLE = `arn:aws:iam::${ACCOUNT}:role/Patchtide`;
const EXTERNAL_ID = 'shop-external';

/** The document that registers the account. */
export const accountDocument = (regions: readonly string[] = [REGION]) => ({
  apiVersion: 'patchtide/v1',
  kind: 'Account',
  metadata: { name: 'shop' },
  spec: { id: ACCOUNT, roleArn: ROLE, externalId: EXTERNAL_ID, regions },
});

/** The window of all nodes without a window tag: now. */
export const alwaysOpen = {
  apiVersion: 'patchtide/v1',
  kind: 'MaintenanceWindow',
  metadata: { name: 'default' },
  spec: { schedule: { always: true } },
};

interface StageOptions {
  readonly approval?: 'none';
  readonly snapshot?: 'none' | 'await';
  readonly soak?: string;
  readonly tasks?: object;
}

/** A stage whose nodes may all be out of service at once, with a task before and after each of them. */
export const stage = (name: string, more: StageOptions = {}) => ({
  name,
  waves: { by: 'zone', maxUnavailable: '100%', pauseAfterFailures: '100%' },
  snapshot: 'await',
  tasks: {
    beforeNode: taskOn('systemctl stop storefront', 'Stop-Service storefront'),
    afterNode: taskOn('systemctl start storefront', 'Start-Service storefront'),
  },
  ...more,
});

const taskOn = (linux: string, windows: string) => [
  { document: 'AWS-RunShellScript', os: 'linux', parameters: { commands: [`echo ${linux}`] } },
  { document: 'AWS-RunPowerShellScript', os: 'windows', parameters: { commands: [`echo ${windows}`] } },
];

/** The plan of an application of the same name. */
export const planDocument = (name: string, spec: object) => ({
  apiVersion: 'patchtide/v1',
  kind: 'PatchPlan',
  metadata: { name, owner: `${name}-team` },
  spec,
});
