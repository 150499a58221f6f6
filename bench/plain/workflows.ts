import { executeChild, proxyActivities } from '@temporalio/workflow';
import type { Location, NodeId } from '../../domain/ids.js';
import type { PlainActivities } from './activities.js';

/*
 * The rival: what one writes first. A child workflow for each node, an activity for each step, each activity waiting for its
 * own command with heartbeats. The same steps over the same ports.
 */

export interface PlainNode {
  readonly at: Location;
  readonly node: NodeId;
}

const { findAll, check, snapshot, task, install, agentBack, scan, record } = proxyActivities<PlainActivities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '25s',
});

/** All nodes, so many at a time. Only the first `most` of them, so that one run stays within a history. */
export async function plainStage(input: {
  readonly locations: readonly Location[];
  readonly tags: Readonly<Record<string, string>>;
  readonly atOnce: number;
  readonly most: number;
}): Promise<number> {
  const nodes: readonly PlainNode[] = await findAll(input);
  let next = 0;
  const takeOne = async () => {
    for (let node = nodes[next++]; node !== undefined; node = nodes[next++])
      await executeChild(plainNode, { workflowId: `plain/${node.node}`, args: [node] });
  };
  await Promise.all(Array.from({ length: input.atOnce }, takeOne));
  return nodes.length;
}

export async function plainNode(node: PlainNode): Promise<void> {
  await check(node);
  await snapshot(node);
  await task(node, 'Bench-Stop');
  await install(node);
  await agentBack(node);
  await scan(node);
  await task(node, 'Bench-Start');
  await record(node);
}
