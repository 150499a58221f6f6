import { paginateDescribeVolumes } from '@aws-sdk/client-ec2';
import type { VolumeSize } from '../activities/snapshot-ports.js';
import type { NodeId } from '../domain/ids.js';
import { type Connection, chunksOf } from './connection.js';

/** EC2 API model: filters take 200 values, a page of volumes at most 500. */
const VALUES_PER_FILTER = 200;
const VOLUMES_PER_PAGE = 500;

/** See Fleet.volumeSizes. */
export const volumeSizes = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<VolumeSize[]> => {
  const chunks = await Promise.all(
    chunksOf(nodes, VALUES_PER_FILTER).map((chunk) =>
      aws.pages('DescribeVolumes', signal, (options) =>
        paginateDescribeVolumes(
          { client: aws.ec2, pageSize: VOLUMES_PER_PAGE },
          { Filters: [{ Name: 'attachment.instance-id', Values: chunk }] },
          options,
        ),
      ),
    ),
  );
  const wanted = new Set(nodes);
  return chunks
    .flat()
    .flatMap(({ Volumes }) => Volumes ?? [])
    .flatMap(({ VolumeId, Size, Attachments }) =>
      // One that is attached to several instances is in the snapshots of each.
      (Attachments ?? []).flatMap(({ InstanceId }) =>
        VolumeId !== undefined && InstanceId !== undefined && wanted.has(InstanceId as NodeId)
          ? [{ node: InstanceId as NodeId, volume: VolumeId, gib: Size ?? 0 }]
          : [],
      ),
    );
};
