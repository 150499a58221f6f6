import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeAvailabilityZonesCommand,
  type Filter,
  type Instance,
  paginateDescribeInstances,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  ListTagsForResourceCommand,
  paginateDescribeInstanceInformation,
  RemoveTagsFromResourceCommand,
} from '@aws-sdk/client-ssm';
import type { BeforeSend } from '../activities/send-ports.js';
import type { ManagedNode } from '../domain/fleet.js';
import type { NodeId } from '../domain/ids.js';
import { AT_THE_WIRE, type Connection, calling, chunksOf, fewAtATime } from './connection.js';
import { bearsAll, ec2Node, hybridNode, isHybrid, literally, type Tags, toTags } from './node-mapping.js';

const LIVING = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
/** Page and filter sizes of the API models. */
const INSTANCES_PER_PAGE = 1000;
const VALUES_PER_EC2_FILTER = 200;
const AGENTS_PER_PAGE = 50;

/** See Fleet.findNodes. */
export const findNodes = async (aws: Connection, tags: Tags, signal: AbortSignal): Promise<ManagedNode[]> => {
  const wanted = Object.entries(tags);
  const [instances, hybrids] = await Promise.all([
    instancesWhere(
      aws,
      wanted.map(([key, value]) => ({ Name: `tag:${key}`, Values: [literally(value)] })),
      signal,
    ),
    agentsWhere(
      aws,
      [
        { Key: 'ResourceType', Values: ['ManagedInstance'] },
        // A filter cannot ask for an empty value; the tags that are read afterwards decide.
        ...wanted.map(([key, value]) =>
          value === '' ? { Key: 'tag-key', Values: [key] } : { Key: `tag:${key}`, Values: [value] },
        ),
      ],
      signal,
    ),
  ]);
  const nodes = [...(await ec2Nodes(aws, instances, signal)), ...(await hybridNodes(aws, hybrids, signal))];
  return nodes.filter((node) => bearsAll(node.tags, tags));
};

/** See Fleet.describeNodes. */
export const describeNodes = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<ManagedNode[]> => {
  const [instances, hybrids] = await Promise.all([
    instancesNamed(
      aws,
      nodes.filter((node) => !isHybrid(node)),
      signal,
    ),
    agentsNamed(aws, nodes.filter(isHybrid), signal),
  ]);
  return [...(await ec2Nodes(aws, instances, signal)), ...(await hybridNodes(aws, hybrids, signal))];
};

/** See Fleet.onlineNodes. */
export const onlineNodes = async (aws: Connection, nodes: readonly NodeId[], signal: AbortSignal): Promise<NodeId[]> =>
  (await agentsNamed(aws, nodes, signal)).flatMap(({ InstanceId, PingStatus }) =>
    InstanceId !== undefined && PingStatus === 'Online' ? [InstanceId as NodeId] : [],
  );

/** See Fleet.instanceStates. */
export const instanceStates = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<{ node: NodeId; state: string }[]> =>
  (await instancesNamed(aws, nodes, signal)).flatMap(({ InstanceId, State }) =>
    InstanceId === undefined ? [] : [{ node: InstanceId as NodeId, state: State?.Name ?? 'unknown' }],
  );

/** See Fleet.startInstances. */
export const startInstances = async (aws: Connection, nodes: readonly NodeId[], signal: AbortSignal): Promise<void> => {
  const command = new StartInstancesCommand({ InstanceIds: [...nodes] });
  await aws.call('StartInstances', signal, (options) => aws.once.ec2.send(command, options));
};

/** See Fleet.stopInstances. */
export const stopInstances = async (aws: Connection, nodes: readonly NodeId[], signal: AbortSignal): Promise<void> => {
  const command = new StopInstancesCommand({ InstanceIds: [...nodes] });
  await aws.call('StopInstances', signal, (options) => aws.once.ec2.send(command, options));
};

/** See Fleet.rebootInstance. */
export const rebootInstance = async (
  aws: Connection,
  node: NodeId,
  signal: AbortSignal,
  beforeSend?: BeforeSend,
): Promise<void> => {
  const command = new RebootInstancesCommand({ InstanceIds: [node] });
  if (beforeSend) command.middlewareStack.add(calling(beforeSend), AT_THE_WIRE);
  await aws.call('RebootInstances', signal, (options) => aws.once.ec2.send(command, options));
};

/** See Fleet.tagNodes. */
export const tagNodes = async (
  aws: Connection,
  nodes: readonly NodeId[],
  tags: Tags,
  signal: AbortSignal,
): Promise<void> => {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const instances = nodes.filter((node) => !isHybrid(node));
  if (instances.length > 0) {
    const command = new CreateTagsCommand({ Resources: instances, Tags });
    await aws.call('CreateTags', signal, (options) => aws.ec2.send(command, options));
  }
  for (const ResourceId of nodes.filter(isHybrid)) {
    const command = new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId, Tags });
    await aws.call('AddTagsToResource', signal, (options) => aws.ssm.send(command, options));
  }
};

/** See Fleet.untagNode. */
export const untagNode = async (
  aws: Connection,
  node: NodeId,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  if (isHybrid(node)) {
    const TagKeys = [...tags];
    const command = new RemoveTagsFromResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: node, TagKeys });
    await aws.call('RemoveTagsFromResource', signal, (options) => aws.ssm.send(command, options));
    return;
  }
  const command = new DeleteTagsCommand({ Resources: [node], Tags: tags.map((Key) => ({ Key })) });
  await aws.call('DeleteTags', signal, (options) => aws.ec2.send(command, options));
};

const instancesWhere = async (aws: Connection, filters: Filter[], signal: AbortSignal): Promise<Instance[]> => {
  const pages = await aws.pages('DescribeInstances', signal, (options) =>
    paginateDescribeInstances(
      { client: aws.ec2, pageSize: INSTANCES_PER_PAGE },
      { Filters: [LIVING, ...filters] },
      options,
    ),
  );
  return pages.flatMap(({ Reservations }) => Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
};

/** By filter: the parameter InstanceIds would fail as a whole for one instance that is gone. */
export const instancesNamed = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<Instance[]> => {
  const chunks = chunksOf(nodes, VALUES_PER_EC2_FILTER);
  const found = chunks.map((chunk) => instancesWhere(aws, [{ Name: 'instance-id', Values: chunk }], signal));
  return (await Promise.all(found)).flat();
};

const agentsWhere = async (
  aws: Connection,
  filters: InstanceInformationStringFilter[],
  signal: AbortSignal,
): Promise<InstanceInformation[]> => {
  const pages = await aws.pages('DescribeInstanceInformation', signal, (options) =>
    paginateDescribeInstanceInformation({ client: aws.ssm, pageSize: AGENTS_PER_PAGE }, { Filters: filters }, options),
  );
  return pages.flatMap(({ InstanceInformationList }) => InstanceInformationList ?? []);
};

const agentsNamed = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<InstanceInformation[]> => {
  const found: InstanceInformation[] = [];
  for (const chunk of chunksOf(nodes, AGENTS_PER_PAGE)) {
    found.push(...(await agentsWhere(aws, [{ Key: 'InstanceIds', Values: chunk }], signal)));
  }
  return found;
};

const ec2Nodes = async (
  aws: Connection,
  instances: readonly Instance[],
  signal: AbortSignal,
): Promise<ManagedNode[]> => {
  const ids = instances.flatMap(({ InstanceId }) => (InstanceId === undefined ? [] : [InstanceId as NodeId]));
  const [agents, zoneIds] = await Promise.all([agentsNamed(aws, ids, signal), zoneIdsFor(aws, instances, signal)]);
  const agentOf = new Map(agents.map((agent) => [agent.InstanceId, agent]));
  return instances.flatMap((instance) => ec2Node(aws.at, instance, agentOf.get(instance.InstanceId), zoneIds) ?? []);
};

/** Only an endpoint that is behind the API model leaves the zone's id out. */
const zoneIdsFor = async (
  aws: Connection,
  instances: readonly Instance[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> => {
  if (instances.every(({ Placement }) => Placement?.AvailabilityZoneId !== undefined)) return new Map();
  const { AvailabilityZones } = await aws.call('DescribeAvailabilityZones', signal, (options) =>
    aws.ec2.send(new DescribeAvailabilityZonesCommand({}), options),
  );
  return new Map(
    (AvailabilityZones ?? []).flatMap(({ ZoneName, ZoneId }) => (ZoneName && ZoneId ? [[ZoneName, ZoneId]] : [])),
  );
};

const hybridNodes = async (
  aws: Connection,
  agents: readonly InstanceInformation[],
  signal: AbortSignal,
): Promise<ManagedNode[]> => {
  const described = await fewAtATime(agents, async (agent) =>
    hybridNode(aws.at, agent, await hybridTags(aws, agent, signal)),
  );
  return described.filter((node) => node !== null);
};

const hybridTags = async (aws: Connection, agent: InstanceInformation, signal: AbortSignal): Promise<Tags> => {
  const command = new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: agent.InstanceId });
  const { TagList } = await aws.call('ListTagsForResource', signal, (options) => aws.ssm.send(command, options));
  return toTags(TagList);
};
