import type { QueryOperation } from '../http/operation.js';
import {
  describeInstanceStatus,
  describeInstances,
  rebootInstances,
  startInstances,
  stopInstances,
} from './instances.js';
import { createReplaceRootVolumeTask, describeReplaceRootVolumeTasks } from './root-volumes.js';
import { createSnapshots, deleteSnapshot, describeSnapshots } from './snapshots.js';
import { createTags, deleteTags, describeTags } from './tags.js';
import { describeVolumes } from './volumes.js';
import { describeAvailabilityZones } from './zones.js';

/** Elastic Compute Cloud. */
export const ec2Operations: Record<string, QueryOperation> = {
  DescribeInstances: { bucket: 'ec2-describe', run: describeInstances },
  DescribeInstanceStatus: { bucket: 'ec2-describe', run: describeInstanceStatus },
  DescribeVolumes: { bucket: 'ec2-describe', run: describeVolumes },
  DescribeSnapshots: { bucket: 'ec2-describe', run: describeSnapshots },
  DescribeTags: { bucket: 'ec2-describe', run: describeTags },
  DescribeAvailabilityZones: { bucket: 'ec2-describe', run: describeAvailabilityZones },
  CreateSnapshots: { bucket: 'ec2-snapshots', run: createSnapshots },
  DeleteSnapshot: { bucket: 'ec2-mutate', run: deleteSnapshot },
  CreateReplaceRootVolumeTask: { bucket: 'ec2-mutate', run: createReplaceRootVolumeTask },
  DescribeReplaceRootVolumeTasks: { bucket: 'ec2-describe', run: describeReplaceRootVolumeTasks },
  CreateTags: { bucket: 'ec2-mutate', run: createTags },
  DeleteTags: { bucket: 'ec2-mutate', run: deleteTags },
  RebootInstances: { bucket: 'ec2-mutate', run: rebootInstances },
  StartInstances: { bucket: 'ec2-mutate', run: startInstances },
  StopInstances: { bucket: 'ec2-mutate', run: stopInstances },
};
