import { describe, expect, test } from '@jest/globals';
import { bearsAll, ec2Node, hybridNode, literally, osFromAgent, osFromInstance } from '../../aws/node-mapping.js';
import type { AccountId, Region } from '../../domain/ids.js';

const at = { account: '111122223333' as AccountId, region: 'eu-west-1' as Region };

const instance = {
  InstanceId: 'i-0a1',
  State: { Name: 'running' as const },
  Placement: { AvailabilityZone: 'eu-west-1a', AvailabilityZoneId: 'euw1-az3' },
  Tags: [
    { Key: 'Name', Value: 'shop-1' },
    { Key: 'Patch Group', Value: 'storefront-prod' },
    { Key: 'Maintenance Window', Value: 'prod-a' },
    { Key: 'aws:autoscaling:groupName', Value: 'shop' },
  ],
};
const agent = {
  InstanceId: 'i-0a1',
  PingStatus: 'Online' as const,
  AgentVersion: '3.3.1',
  PlatformType: 'Linux' as const,
  PlatformName: 'Amazon Linux',
  PlatformVersion: '2023',
};

describe('an EC2 instance', () => {
  test('is what EC2 and its agent say together', () => {
    expect(ec2Node(at, instance, agent, new Map())).toEqual({
      id: 'i-0a1',
      kind: 'ec2',
      account: '111122223333',
      region: 'eu-west-1',
      zone: 'euw1-az3',
      zoneName: 'eu-west-1a',
      name: 'shop-1',
      os: 'AMAZON_LINUX_2023',
      osVersion: '2023',
      state: 'running',
      ping: 'online',
      agentVersion: '3.3.1',
      patchGroup: 'storefront-prod',
      window: 'prod-a',
      autoScalingGroup: 'shop',
      tags: {
        Name: 'shop-1',
        'Patch Group': 'storefront-prod',
        'Maintenance Window': 'prod-a',
        'aws:autoscaling:groupName': 'shop',
      },
    });
  });

  test('is not registered where SSM does not list it', () => {
    const stopped = { ...instance, State: { Name: 'stopped' as const }, PlatformDetails: 'Linux/UNIX' };
    expect(ec2Node(at, stopped, undefined, new Map())).toMatchObject({
      state: 'stopped',
      ping: 'not-registered',
      os: null,
      agentVersion: null,
    });
  });

  test('may spell its tags without blanks', () => {
    const Tags = [
      { Key: 'PatchGroup', Value: 'g' },
      { Key: 'MaintenanceWindow', Value: 'w' },
    ];
    expect(ec2Node(at, { ...instance, Tags }, agent, new Map())).toMatchObject({ patchGroup: 'g', window: 'w' });
  });

  test('has the id of its zone by the account’s names where the answer has only the name', () => {
    const Placement = { AvailabilityZone: 'eu-west-1a' };
    const zones = new Map([['eu-west-1a', 'euw1-az2']]);
    expect(ec2Node(at, { ...instance, Placement }, agent, zones)).toMatchObject({ zone: 'euw1-az2' });
  });

  test('that is between two states is neither running nor stopped', () => {
    expect(ec2Node(at, { ...instance, State: { Name: 'stopping' } }, agent, new Map())).toMatchObject({
      state: 'other',
    });
  });
});

test('a hybrid node stands in the zone of nodes outside AWS, under the name it was activated with', () => {
  const information = { ...agent, InstanceId: 'mi-01', Name: 'cellar', PingStatus: 'ConnectionLost' as const };
  expect(hybridNode(at, information, { PatchGroup: 'g' })).toMatchObject({
    id: 'mi-01',
    kind: 'hybrid',
    zone: 'hybrid',
    zoneName: null,
    name: 'cellar',
    ping: 'connection-lost',
    patchGroup: 'g',
  });
});

describe('the operating system', () => {
  test.each([
    ['Linux', 'Amazon Linux', '2', 'AMAZON_LINUX_2'],
    ['Linux', 'Amazon Linux', '2023.5.20240701', 'AMAZON_LINUX_2023'],
    ['Linux', 'Ubuntu', '22.04', 'UBUNTU'],
    ['Linux', 'Debian GNU/Linux', '12', 'DEBIAN'],
    ['Linux', 'CentOS Stream', '9', 'CENTOS'],
    ['Linux', 'Oracle Linux Server', '9.3', 'ORACLE_LINUX'],
    ['Linux', 'Red Hat Enterprise Linux', '9.3', 'REDHAT_ENTERPRISE_LINUX'],
    ['Linux', 'Rocky Linux', '9.3', 'ROCKY_LINUX'],
    ['Linux', 'AlmaLinux', '9.3', 'ALMA_LINUX'],
    ['Linux', 'SLES', '15.5', 'SUSE'],
    ['Windows', 'Microsoft Windows Server 2022 Datacenter', '10.0.20348', 'WINDOWS'],
  ] as const)('%s %s %s is %s', (PlatformType, PlatformName, PlatformVersion, os) => {
    expect(osFromAgent({ PlatformType, PlatformName, PlatformVersion })).toBe(os);
  });

  test('is unknown where no patch baseline of ours exists for it', () => {
    expect(osFromAgent({ PlatformType: 'MacOS', PlatformName: 'macOS', PlatformVersion: '14.1' })).toBeNull();
    expect(
      osFromAgent({ PlatformType: 'Linux', PlatformName: 'Amazon Linux AMI', PlatformVersion: '2018.03' }),
    ).toBeNull();
    expect(osFromAgent({})).toBeNull();
  });

  test('is known from EC2 alone for images that are billed by their system', () => {
    expect(osFromInstance({ Platform: 'Windows' })).toBe('WINDOWS');
    expect(osFromInstance({ PlatformDetails: 'Red Hat Enterprise Linux' })).toBe('REDHAT_ENTERPRISE_LINUX');
    expect(osFromInstance({ PlatformDetails: 'Linux/UNIX' })).toBeNull();
  });
});

test('tags match in full, in exactly their spelling', () => {
  const tags = { Application: 'storefront', Team: '' };
  expect(bearsAll(tags, {})).toBe(true);
  expect(bearsAll(tags, { Application: 'storefront', Team: '' })).toBe(true);
  expect(bearsAll(tags, { Application: 'Storefront' })).toBe(false);
  expect(bearsAll(tags, { Owner: '' })).toBe(false);
});

test('wildcards in a value are meant literally in an EC2 filter', () => {
  expect(literally('a*b?c\\d')).toBe('a\\*b\\?c\\\\d');
});
