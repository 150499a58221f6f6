import type { Instance } from '@aws-sdk/client-ec2';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import type { ManagedNode, OperatingSystem, Ping } from '../domain/fleet.js';
import { HYBRID, type Location, type NodeId, type ZoneId } from '../domain/ids.js';

/* What EC2 and SSM say about a node, as a ManagedNode. No I/O. */

export type Tags = Readonly<Record<string, string>>;

export const toTags = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Record<string, string> =>
  Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));

/** True where the tags contain all that is asked for, in exactly this spelling. */
export const bearsAll = (tags: Tags, wanted: Tags): boolean =>
  Object.entries(wanted).every(([key, value]) => tags[key] === value);

/** An EC2 filter takes `*` and `?` as wildcards and a backslash before a character that is meant literally. */
export const literally = (value: string): string => value.replace(/[\\*?]/g, '\\$&');

/** Values of PlatformName as the agent reports them (Systems Manager user guide, inventory; the distributions' os-release). */
const PLATFORM_NAMES: readonly (readonly [RegExp, OperatingSystem])[] = [
  [/^ubuntu/i, 'UBUNTU'],
  [/^debian/i, 'DEBIAN'],
  [/^centos/i, 'CENTOS'],
  [/^oracle/i, 'ORACLE_LINUX'],
  [/^red ?hat/i, 'REDHAT_ENTERPRISE_LINUX'],
  [/^rocky/i, 'ROCKY_LINUX'],
  [/^alma/i, 'ALMA_LINUX'],
  [/^(suse|sles|opensuse)/i, 'SUSE'],
];

/** The operating system by the agent's report; null for one that has no patch baseline of ours. */
export const osFromAgent = (
  platform: Pick<InstanceInformation, 'PlatformType' | 'PlatformName' | 'PlatformVersion'>,
): OperatingSystem | null => {
  if (platform.PlatformType === 'Windows') return 'WINDOWS';
  const name = platform.PlatformName ?? '';
  if (/^amazon linux/i.test(name)) {
    return AMAZON_LINUX[platform.PlatformVersion?.split('.')[0] ?? ''] ?? null;
  }
  return PLATFORM_NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? null;
};

/** `2`, `2022`, `2023` and their dotted forms; version 1 is dated (`2018.03`) and long out of support. */
const AMAZON_LINUX: Readonly<Record<string, OperatingSystem>> = {
  '2': 'AMAZON_LINUX_2',
  '2022': 'AMAZON_LINUX_2022',
  '2023': 'AMAZON_LINUX_2023',
};

/** What EC2 alone knows, from the billing product of the image: enough for some, `Linux/UNIX` for the rest. */
export const osFromInstance = (instance: Pick<Instance, 'Platform' | 'PlatformDetails'>): OperatingSystem | null => {
  const details = instance.PlatformDetails ?? '';
  if (/^windows/i.test(instance.Platform ?? '') || /^windows/i.test(details)) return 'WINDOWS';
  return PLATFORM_NAMES.find(([pattern]) => pattern.test(details))?.[1] ?? null;
};

const PINGS: Readonly<Record<string, Ping>> = {
  Online: 'online',
  ConnectionLost: 'connection-lost',
  Inactive: 'inactive',
};
const pingOf = (information: InstanceInformation | undefined): Ping =>
  information === undefined ? 'not-registered' : (PINGS[information.PingStatus ?? ''] ?? 'connection-lost');

/** Tags may be spelled with or without the blank: tags shown in instance metadata cannot have one. */
const fromTags = (tags: Tags) => ({
  patchGroup: tags['Patch Group'] ?? tags.PatchGroup ?? null,
  window: tags['Maintenance Window'] ?? tags.MaintenanceWindow ?? null,
  autoScalingGroup: tags['aws:autoscaling:groupName'] ?? null,
  tags,
});

const fromAgent = (information: InstanceInformation | undefined) => ({
  osVersion: information?.PlatformVersion ?? null,
  ping: pingOf(information),
  agentVersion: information?.AgentVersion ?? null,
});

/** `zoneIds` leads from an account's names of zones to ids, for an answer that has no id. Null for an instance without its id or zone. */
export const ec2Node = (
  at: Location,
  instance: Instance,
  information: InstanceInformation | undefined,
  zoneIds: ReadonlyMap<string, string>,
): ManagedNode | null => {
  const zoneName = instance.Placement?.AvailabilityZone;
  const zone = instance.Placement?.AvailabilityZoneId ?? zoneIds.get(zoneName ?? '');
  if (instance.InstanceId === undefined || zone === undefined) return null;
  const tags = toTags(instance.Tags);
  const state = instance.State?.Name;
  return {
    id: instance.InstanceId as NodeId,
    kind: 'ec2',
    ...at,
    zone: zone as ZoneId,
    zoneName: zoneName ?? null,
    name: tags.Name ?? instance.InstanceId,
    os: (information && osFromAgent(information)) ?? osFromInstance(instance),
    state: state === 'running' || state === 'stopped' ? state : 'other',
    ...fromAgent(information),
    ...fromTags(tags),
  };
};

export const hybridNode = (at: Location, information: InstanceInformation, tags: Tags): ManagedNode | null =>
  information.InstanceId === undefined
    ? null
    : {
        id: information.InstanceId as NodeId,
        kind: 'hybrid',
        ...at,
        zone: HYBRID,
        zoneName: null,
        name: tags.Name ?? information.Name ?? information.ComputerName ?? information.InstanceId,
        os: osFromAgent(information),
        state: 'running',
        ...fromAgent(information),
        ...fromTags(tags),
      };

export const isHybrid = (node: NodeId): boolean => node.startsWith('mi-');
