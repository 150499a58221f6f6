import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetHealth } from '../activities/health-ports.js';
import type { Connection } from './connection.js';

/** See Fleet.targetHealth. One call: the operation knows no pages (Elastic Load Balancing API reference). */
export const targetHealth = async (
  aws: Connection,
  targetGroup: string,
  signal: AbortSignal,
): Promise<TargetHealth[]> => {
  const command = new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup });
  const answer = await aws.call('DescribeTargetHealth', signal, (options) => aws.elb.send(command, options));
  return (answer.TargetHealthDescriptions ?? []).map(({ Target, TargetHealth: health }) => ({
    target: Target?.Id ?? '',
    state: health?.State ?? 'unknown',
    reason: [health?.Reason, health?.Description].filter(Boolean).join(': '),
  }));
};
