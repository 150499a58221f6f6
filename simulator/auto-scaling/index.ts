import type { QueryOperation } from '../http/operation.js';
import { describeAutoScalingGroups } from './groups.js';
import { describeAutoScalingInstances } from './instances.js';
import { enterStandby, exitStandby } from './standby.js';

/** EC2 Auto Scaling. */
export const autoScalingOperations: Record<string, QueryOperation> = {
  DescribeAutoScalingGroups: { bucket: 'autoscaling', run: describeAutoScalingGroups },
  DescribeAutoScalingInstances: { bucket: 'autoscaling', run: describeAutoScalingInstances },
  EnterStandby: { bucket: 'autoscaling', run: enterStandby },
  ExitStandby: { bucket: 'autoscaling', run: exitStandby },
};
