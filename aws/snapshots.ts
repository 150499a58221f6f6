import {
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  type Snapshot as Ec2Snapshot,
  paginateDescribeSnapshots,
  type Tag,
} from '@aws-sdk/client-ec2';
import type { Snapshot } from '../activities/ports.js';
import type { BeforeSend } from '../activities/send-ports.js';
import { parseDuration } from '../domain/documents/durations.js';
import type { CycleId, Instant, NodeId, StageName } from '../domain/ids.js';
import { DEFAULT_KEEP_SNAPSHOTS, type OwnSnapshot } from '../domain/snapshot-retention.js';
import { AT_THE_WIRE, type Connection, calling } from './connection.js';
import { isAny, rejected } from './errors.js';
import { literally, toTags } from './node-mapping.js';

export const KEY_TAG = 'patchtide:key';
const NODE_TAG = 'patchtide:node';
/* What a step tags its snapshots with besides (activities/step-effects.ts). */
const CYCLE_TAG = 'patchtide:cycle';
const STAGE_TAG = 'patchtide:stage';
const INSTALLATION_TAG = 'patchtide:installation';
const KEEP_TAG = 'patchtide:keep-for';
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

/** See Fleet.ownSnapshots. */
export const ownSnapshots = async (
  aws: Connection,
  installation: string,
  signal: AbortSignal,
): Promise<OwnSnapshot[]> => {
  const pages = await aws.pages('DescribeSnapshots', signal, (options) =>
    paginateDescribeSnapshots(
      { client: aws.ec2, pageSize: SNAPSHOTS_PER_PAGE },
      { OwnerIds: ['self'], Filters: [{ Name: `tag:${INSTALLATION_TAG}`, Values: [literally(installation)] }] },
      options,
    ),
  );
  return pages.flatMap(({ Snapshots }) => Snapshots ?? []).flatMap((snapshot) => toOwnSnapshot(snapshot) ?? []);
};

/** Null where its tags do not say all that a snapshot of ours says of itself: then it is not ours to delete. */
const toOwnSnapshot = ({ SnapshotId, VolumeId, VolumeSize, StartTime, Tags }: Ec2Snapshot): OwnSnapshot | null => {
  const tags = toTags(Tags);
  const { [KEY_TAG]: key, [NODE_TAG]: node, [CYCLE_TAG]: cycle, [STAGE_TAG]: stage } = tags;
  if (SnapshotId === undefined || StartTime === undefined || !key || !node || !cycle || !stage) return null;
  return {
    snapshotId: SnapshotId,
    node: node as NodeId,
    volume: VolumeId ?? '',
    cycle: cycle as CycleId,
    stage: stage as StageName,
    gib: VolumeSize ?? 0,
    takenAt: StartTime.toISOString() as Instant,
    keepFor: parseDuration(tags[KEEP_TAG] ?? '') ?? DEFAULT_KEEP_SNAPSHOTS,
  };
};

/** See Fleet.deleteSnapshot. With the SDK's own repetitions: twice is once. */
export const deleteSnapshot = async (
  aws: Connection,
  snapshotId: string,
  signal: AbortSignal,
): Promise<'deleted' | 'gone' | 'in-use'> => {
  try {
    const command = new DeleteSnapshotCommand({ SnapshotId: snapshotId });
    await aws.call('DeleteSnapshot', signal, (options) => aws.ec2.send(command, options));
    return 'deleted';
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (isAny(cause, 'InvalidSnapshot.NotFound')) return 'gone';
    if (isAny(cause, 'InvalidSnapshot.InUse', 'SnapshotLocked')) return 'in-use';
    throw error;
  }
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
