import { z } from 'zod';
import { isWindows, SSM_OPERATING_SYSTEM } from '../catalogue/catalogue.js';
import { AwsError } from '../errors.js';
import type { FleetNode, OperatingSystem } from '../fleet/model.js';
import { jsonOperation } from '../http/operation.js';
import { isManaged, pageOf, paging, seconds } from './common.js';

const PLATFORMS: Record<OperatingSystem, { name: string; version: string }> = {
  'amazon-linux-2023': { name: 'Amazon Linux', version: '2023' },
  'ubuntu-22.04': { name: 'Ubuntu', version: '22.04' },
  'windows-server-2022': { name: 'Microsoft Windows Server 2022 Datacenter', version: '10.0.20348' },
};

const filter = z.object({ Key: z.string(), Values: z.array(z.string()).min(1).max(100) });
const oldFilter = z.object({ key: z.string(), valueSet: z.array(z.string()).min(1).max(100) });

/** Registered nodes that are not stopped. */
export const describeInstanceInformation = jsonOperation(
  z.object({
    Filters: z.array(filter).default([]),
    InstanceInformationFilterList: z.array(oldFilter).default([]),
    ...paging(5, 50),
  }),
  (input, { fleet, account, region }) => {
    const filters = [
      ...input.Filters,
      ...input.InstanceInformationFilterList.map(({ key, valueSet }) => ({ Key: key, Values: valueSet })),
    ];
    const found = fleet
      .nodesAt(account, region)
      .filter((node) => isManaged(node) && filters.every(({ Key, Values }) => passes(node, Key, Values)));
    const now = fleet.clock.wall();
    const { page, token } = pageOf(found, (node) => node.id, input);
    return { InstanceInformationList: page.map((node) => information(node, now)), ...token };
  },
);

function passes(node: FleetNode, key: string, values: readonly string[]): boolean {
  if (key === 'tag-key') return values.some((value) => value in node.tags);
  if (key.startsWith('tag:')) return values.includes(node.tags[key.slice('tag:'.length)] ?? '\u0000');
  const fields: Record<string, string> = {
    InstanceIds: node.id,
    AgentVersion: node.agentVersion,
    PingStatus: pingStatus(node),
    PlatformTypes: isWindows(node.os) ? 'Windows' : 'Linux',
    ResourceType: node.hybrid ? 'ManagedInstance' : 'EC2Instance',
    IamRole: node.hybrid ? 'PatchtideHybrid' : '',
    ActivationIds: node.hybrid ? 'activation' : '',
    AssociationStatus: '',
  };
  const field = fields[key];
  if (field === undefined) throw new AwsError('InvalidFilterKey', `The filter key ${key} is not valid.`);
  return values.includes(field);
}

const pingStatus = (node: FleetNode): string => (node.agentOnline ? 'Online' : 'ConnectionLost');

function information(node: FleetNode, now: number) {
  const platform = PLATFORMS[node.os];
  return {
    InstanceId: node.id,
    PingStatus: pingStatus(node),
    LastPingDateTime: seconds(node.agentOnline ? now : node.lastPing),
    AgentVersion: node.agentVersion,
    IsLatestVersion: true,
    PlatformType: isWindows(node.os) ? 'Windows' : 'Linux',
    PlatformName: platform.name,
    PlatformVersion: platform.version,
    ResourceType: node.hybrid ? 'ManagedInstance' : 'EC2Instance',
    IPAddress: node.address,
    ComputerName: `${node.name}.${SSM_OPERATING_SYSTEM[node.os].toLowerCase().replaceAll('_', '-')}.internal`,
    SourceId: node.id,
    SourceType: node.hybrid ? 'AWS::SSM::ManagedInstance' : 'AWS::EC2::Instance',
    ...(node.hybrid
      ? {
          Name: node.name,
          IamRole: 'PatchtideHybrid',
          ActivationId: 'activation',
          RegistrationDate: seconds(node.registeredAt),
        }
      : {}),
  };
}
