import type { AccountId, Location, Region } from '../domain/ids.js';
import type { FleetDescriptionInput } from '../simulator/index.js';
import { DEFAULT_LIMITS, type Limits } from '../simulator/limits.js';

/** A generated fleet and the plan that patches it. */
export interface BenchFleet {
  readonly nodes: number;
  /** Account × Region; nodes are dealt over them in turn. */
  readonly locations: number;
  /** Zones of each location. */
  readonly zones: number;
  /** Percent of a wave that may be out of service. */
  readonly maxUnavailable: number;
  /** AWS's rates as the simulated fleet has them (simulator/limits.ts), shrunk like its durations; or none. */
  readonly rates: 'aws' | 'none';
  /** `none`: everything ends at once. `real`: an install takes 45 minutes, the rest what it takes by default. */
  readonly durations: 'none' | 'real';
}

const REGIONS = ['eu-west-1', 'us-east-1', 'eu-central-1', 'us-west-2', 'ap-southeast-2'] as const;
const PREFIXES: Readonly<Record<string, string>> = {
  'eu-west-1': 'euw1',
  'us-east-1': 'use1',
  'eu-central-1': 'euc1',
  'us-west-2': 'usw2',
  'ap-southeast-2': 'apse2',
};
const ZONE_LETTERS = 'abcdef';
const SHARE_OF_WINDOWS = 0.2;
const MINUTE = 60;

export const PLAN = 'bench';
/** The stage that is measured. */
export const STAGE = 'all';

/** As few Regions as give the locations: accounts of one Region go zone by zone together, as they would. */
const regionsFor = (locations: number) =>
  REGIONS.slice(0, Math.min(REGIONS.length, Math.max(1, Math.ceil(locations / 10))));

const accountsFor = (locations: number) =>
  Array.from({ length: Math.ceil(locations / regionsFor(locations).length) }, (_, index) => ({
    name: `bench-${index + 1}`,
    id: String(100000000001 + index),
    roleArn: `arn:aws:iam::${100000000001 + index}:role/Patchtide`,
  }));

/** Buckets refill in wall time: where durations are shrunk, so is the time in which a bucket fills. */
const limitsOf = ({ rates }: BenchFleet, speed: number): Limits =>
  Object.fromEntries(
    Object.entries(DEFAULT_LIMITS).map(([bucket, { capacity, refill }]) => [
      bucket,
      rates === 'none' ? 'none' : { capacity, refill: refill * speed },
    ]),
  );

/** A quota that can be raised; the rates are what is measured. */
const PENDING_SNAPSHOTS = 100_000;

/** As the simulator reads it. A second stage of one node follows, so that the measured one is harvested. */
export function fleetDescription(fleet: BenchFleet, speed: number): FleetDescriptionInput {
  const regions = regionsFor(fleet.locations);
  const windows = Math.round(fleet.nodes * SHARE_OF_WINDOWS);
  const tags = (group: string) => ({ Application: PLAN, 'Patch Group': `${PLAN}-${group}`, Environment: group });
  const none: [number, number] = [0, 0];
  return {
    accounts: accountsFor(fleet.locations).map((account) => ({
      ...account,
      regions: Object.fromEntries(
        regions.map((region) => [
          region,
          {
            zones: Object.fromEntries(
              Array.from({ length: fleet.zones }, (_, index) => [
                `${region}${ZONE_LETTERS[index]}`,
                `${PREFIXES[region]}-az${index + 1}`,
              ]),
            ),
            pendingSnapshots: PENDING_SNAPSHOTS,
          },
        ]),
      ),
    })),
    groups: [
      { name: 'linux', os: 'amazon-linux-2023', count: fleet.nodes - windows, tags: tags(STAGE) },
      { name: 'windows', os: 'windows-server-2022', count: windows, tags: tags(STAGE) },
      { name: 'rest', os: 'amazon-linux-2023', count: 1, tags: tags('rest') },
    ],
    documents: ['Bench-Stop', 'Bench-Start'].map((name) => ({ name, seconds: fleet.durations === 'none' ? 0 : 5 })),
    buckets: regions.map((region) => ({ name: `patchtide-${region}`, region })),
    ...(fleet.durations === 'none'
      ? {
          consistencyMs: none,
          durations: {
            ...{ delivery: none, script: none, scan: none, installBase: none, installPatch: none },
            ...{ report: none, reboot: none, snapshot: none, start: none, stop: none },
          },
        }
      : {
          consistencyMs: [100 / speed, 300 / speed],
          durations: { installBase: [42 * MINUTE, 45 * MINUTE], installPatch: none },
        }),
    limits: limitsOf(fleet, speed),
  };
}

/** Accounts, a window that is always open, and the plan: snapshots awaited, a task before and after each node. */
export function documents(fleet: BenchFleet): readonly { kind: string; name: string; body: unknown }[] {
  const document = (kind: string, name: string, spec: unknown, metadata = {}) => ({
    kind,
    name,
    body: { apiVersion: 'patchtide/v1', kind, metadata: { name, ...metadata }, spec },
  });
  const stage = {
    waves: { by: 'zone', maxUnavailable: `${fleet.maxUnavailable}%`, pauseAfterFailures: '100%' },
    snapshot: 'await',
    tasks: { beforeNode: [{ document: 'Bench-Stop' }], afterNode: [{ document: 'Bench-Start' }] },
  };
  return [
    ...accountsFor(fleet.locations).map(({ name, id, roleArn }) =>
      document('Account', name, {
        id,
        roleArn,
        regions: [...regionsFor(fleet.locations)],
        pendingSnapshots: PENDING_SNAPSHOTS,
      }),
    ),
    document('MaintenanceWindow', 'default', { schedule: { always: true } }),
    document(
      'PatchPlan',
      PLAN,
      {
        nodes: { tags: { Application: PLAN } },
        stages: [
          { name: STAGE, ...stage, soak: 'PT0S' },
          { name: 'rest', ...stage, approval: { roles: ['approver'], quorum: 1, decideWithin: 'P3D' } },
        ],
      },
      { owner: 'bench' },
    ),
  ];
}

/** All of its locations. */
export const locationsOf = ({ locations }: BenchFleet): Location[] =>
  accountsFor(locations).flatMap(({ id }) =>
    regionsFor(locations).map((region) => ({ account: id as AccountId, region: region as Region })),
  );
