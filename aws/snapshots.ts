import { CreateSnapshotsCommand, paginateDescribeSnapshots, type Tag } from '@aws-sdk/client-ec2';
import type { Snapshot } from '../activities/ports.js';
import type { BeforeSend } from '../activities/send-ports.js';
import type { NodeId } from '../domain/ids.js';
import { AT_THE_WIRE, type Connection, calling } from './connection.js';
import { rejected } from './errors.js';
import { literally, toTags } from './node-mapping.js';

export const KEY_TAG = 'patchtide:key';
const NODE_TAG = 'patchtide:node';
/** EC2 API model, Tag. */
const TAG_VALUE_LENGTH = 256;
const SNAPSHOTS_PER_PAGE = 1000;

/** See Fleet.createSnapshots. */
export const createSnapshots = async (
  aws: Connection,
  { key, node, tags }: { key: string; node: NodeId; tags: Readonly<Record<string, string>> },
  signal: AbortSignal,
  beforeSend?: BeforeSend,
): Promise<Snapshot[]> => {
  if (key.length > TAG_VALUE_LENGTH) {
    throw rejected(
      aws.at,
      'CreateSnapshots',
      `the key ${key} does not fit into a tag of ${TAG_VALUE_LENGTH} characters`,
    );
  }
  const all = { Name: `patchtide ${node}`, ...tags, [KEY_TAG]: key, [NODE_TAG]: node };
  const command = new CreateSnapshotsCommand({
    InstanceSpecification: { InstanceId: node },
    Description: `Before patching ${node} (${key})`.slice(0, 255),
    TagSpecifications: [
      { ResourceType: 'snapshot', Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) },
    ],
  });
  if (beforeSend) command.middlewareStack.add(calling(beforeSend), AT_THE_WIRE);
  const { Snapshots } = await aws.call('CreateSnapshots', signal, (options) => aws.once.ec2.send(command, options));
  return (Snapshots ?? []).flatMap(
    (snapshot) =>
      toSnapshot({
        ...snapshot,
        Tags: snapshot.Tags ?? [
          { Key: KEY_TAG, Value: key },
          { Key: NODE_TAG, Value: node },
        ],
      }) ?? [],
  );
};

/** See Fleet.findSnapshots. */
export const findSnapshots = async (aws: Connection, keyPrefix: string, signal: AbortSignal): Promise<Snapshot[]> => {
  const pages = await aws.pages('DescribeSnapshots', signal, (options) =>
    paginateDescribeSnapshots(
      { client: aws.ec2, pageSize: SNAPSHOTS_PER_PAGE },
      { OwnerIds: ['self'], Filters: [{ Name: `tag:${KEY_TAG}`, Values: [`${literally(keyPrefix)}*`] }] },
      options,
    ),
  );
  return pages.flatMap(({ Snapshots }) => Snapshots ?? []).flatMap((snapshot) => toSnapshot(snapshot) ?? []);
};

/** Null for a snapshot that is not ours. */
export const toSnapshot = (snapshot: {
  SnapshotId?: string | undefined;
  VolumeId?: string | undefined;
  State?: string | undefined;
  Tags?: Tag[] | undefined;
}): Snapshot | null => {
  const { [KEY_TAG]: key, [NODE_TAG]: node } = toTags(snapshot.Tags);
  if (snapshot.SnapshotId === undefined || key === undefined || node === undefined) return null;
  return {
    snapshotId: snapshot.SnapshotId,
    node: node as NodeId,
    volume: snapshot.VolumeId ?? '',
    key,
    status: snapshotStatus(snapshot.State),
  };
};

/** A snapshot in the recycle bin (recoverable, recovering) protects nothing. */
const snapshotStatus = (state: string | undefined): Snapshot['status'] =>
  state === 'completed' ? 'completed' : state === 'pending' || state === undefined ? 'pending' : 'error';
