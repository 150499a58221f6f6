import {
  CreateReplaceRootVolumeTaskCommand,
  type Instance,
  paginateDescribeReplaceRootVolumeTasks,
} from '@aws-sdk/client-ec2';
import type { RestoreRequest, RestoreTask } from '../activities/rollback-ports.js';
import type { BeforeSend } from '../activities/send-ports.js';
import type { NodeId } from '../domain/ids.js';
import type { InstanceVolumes } from '../domain/rollback.js';
import { AT_THE_WIRE, type Connection, calling, chunksOf } from './connection.js';
import { toTags } from './node-mapping.js';
import { instancesNamed } from './nodes.js';
import { KEY_TAG } from './snapshots.js';

/** EC2 API model: filters take 200 values, a page of tasks at most 50. */
const VALUES_PER_FILTER = 200;
const TASKS_PER_PAGE = 50;

/** See Fleet.instanceVolumes. */
export const instanceVolumes = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<InstanceVolumes[]> => (await instancesNamed(aws, nodes, signal)).flatMap((found) => volumesOf(found) ?? []);

const volumesOf = ({ InstanceId, State, Placement, RootDeviceName, BlockDeviceMappings }: Instance) => {
  if (InstanceId === undefined) return null;
  const attached = (BlockDeviceMappings ?? []).flatMap(({ DeviceName, Ebs }) =>
    DeviceName !== undefined && Ebs?.VolumeId !== undefined ? [{ device: DeviceName, volume: Ebs.VolumeId }] : [],
  );
  return {
    node: InstanceId as NodeId,
    state: State?.Name ?? 'unknown',
    zoneName: Placement?.AvailabilityZone ?? '',
    root: attached.find(({ device }) => device === RootDeviceName) ?? null,
    data: attached.filter(({ device }) => device !== RootDeviceName),
  };
};

/** See Fleet.restoreRootVolume. One attempt, though its token would make a repetition the same task: whoever repeats it asks the store first. */
export const restoreRootVolume = async (
  aws: Connection,
  request: RestoreRequest,
  signal: AbortSignal,
  beforeSend?: BeforeSend,
): Promise<{ taskId: string }> => {
  const tags = { ...request.tags, [KEY_TAG]: request.key };
  const command = new CreateReplaceRootVolumeTaskCommand({
    InstanceId: request.node,
    SnapshotId: request.snapshot,
    ClientToken: request.token,
    // The patched volume stays: what is on it and in no snapshot is not lost.
    DeleteReplacedRootVolume: false,
    TagSpecifications: [
      {
        ResourceType: 'replace-root-volume-task',
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      },
    ],
  });
  if (beforeSend) command.middlewareStack.add(calling(beforeSend), AT_THE_WIRE);
  const { ReplaceRootVolumeTask: task } = await aws.call('CreateReplaceRootVolumeTask', signal, (options) =>
    aws.once.ec2.send(command, options),
  );
  return { taskId: task?.ReplaceRootVolumeTaskId ?? '' };
};

/** See Fleet.restoreTasks. The API filters by instance alone (EC2 API reference), so the key is compared here. */
export const restoreTasks = async (
  aws: Connection,
  key: string,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<RestoreTask[]> => {
  const found: RestoreTask[] = [];
  for (const some of chunksOf(nodes, VALUES_PER_FILTER)) {
    const pages = await aws.pages('DescribeReplaceRootVolumeTasks', signal, (options) =>
      paginateDescribeReplaceRootVolumeTasks(
        { client: aws.ec2, pageSize: TASKS_PER_PAGE },
        { Filters: [{ Name: 'instance-id', Values: some }] },
        options,
      ),
    );
    for (const { ReplaceRootVolumeTasks } of pages) {
      for (const { ReplaceRootVolumeTaskId, InstanceId, TaskState, Tags } of ReplaceRootVolumeTasks ?? []) {
        const { [KEY_TAG]: own = null } = toTags(Tags);
        if (own !== key || ReplaceRootVolumeTaskId === undefined || InstanceId === undefined) continue;
        const state = TaskState ?? 'pending';
        found.push({ taskId: ReplaceRootVolumeTaskId, node: InstanceId as NodeId, key: own, state });
      }
    }
  }
  return found;
};
