import type { QueryOperation } from '../http/operation.js';
import { describeTargetGroups } from './target-groups.js';
import { describeTargetHealth } from './target-health.js';

/** Elastic Load Balancing, version 2015-12-01. */
export const loadBalancingOperations: Record<string, QueryOperation> = {
  DescribeTargetGroups: { bucket: 'elasticloadbalancing', run: describeTargetGroups },
  DescribeTargetHealth: { bucket: 'elasticloadbalancing', run: describeTargetHealth },
};
