import { AwsError } from '../errors.js';
import type { Fleet } from '../fleet/fleet.js';
import type { FleetNode, RootVolumeTask, Snapshot } from '../fleet/model.js';
import { openTaskOf, rootOf, startRootVolumeTask } from '../fleet/root-volumes.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, tagSet } from './filters.js';
import { instanceNamed } from './instances.js';

const MOST_PER_PAGE = 50;

/** The same ClientToken is the same task; with another request it is refused. */
export function createReplaceRootVolumeTask(form: Form, call: Call): object {
  const { fleet, account, region } = call;
  const id = form.get('InstanceId');
  if (!id) throw new AwsError('MissingParameter', 'The request must contain the parameter InstanceId');
  const node = instanceNamed(id, call);
  const snapshot = form.get('SnapshotId');
  const request = {
    instance: node.id,
    deletesOldVolume: form.flag('DeleteReplacedRootVolume'),
    clientToken: form.get('ClientToken') ?? fleet.chance.uuid('root-volume-token', fleet.next('root-volume-token')),
    tags: form.get('TagSpecification.1.ResourceType') ? form.tags('TagSpecification.1.Tag') : {},
    ...(snapshot ? { snapshot } : {}),
  };
  const before = tasksAt(fleet, account, region).find((task) => task.clientToken === request.clientToken);
  if (before) return { replaceRootVolumeTask: describe(sameOrRefused(before, request)) };
  if (form.get('ImageId')) throw new AwsError('Unsupported', 'The simulated fleet restores no images.');
  refuseUnfit(fleet, node);
  if (snapshot) refuseSnapshot(fleet.snapshots.get(snapshot), snapshot, node);
  return { replaceRootVolumeTask: describe(startRootVolumeTask(fleet, node, request)) };
}

/** Tasks show up a moment after they were started. */
export function describeReplaceRootVolumeTasks(form: Form, { fleet, account, region }: Call): object {
  const ids = form.list('ReplaceRootVolumeTaskId');
  const now = fleet.clock.wall();
  const shown = tasksAt(fleet, account, region).filter((task) => task.visibleAt <= now);
  const missing = ids.find((id) => !shown.some((task) => task.id === id));
  if (missing) {
    throw new AwsError('InvalidReplaceRootVolumeTaskId.NotFound', `The replacement task '${missing}' does not exist.`);
  }
  const passes = filterOf(form);
  const found = shown.filter(
    (task) =>
      (ids.length === 0 || ids.includes(task.id)) &&
      passes(() => ({ tags: task.tags, fields: { 'instance-id': [task.instance] } })),
  );
  const size = form.number('MaxResults') ?? MOST_PER_PAGE;
  if (!(size >= 1 && size <= MOST_PER_PAGE))
    throw new AwsError('InvalidParameterValue', `Value ( ${size} ) for parameter maxResults is invalid.`);
  const { page, next } = paginate(found, (task) => task.id, size, form.get('NextToken'), badToken);
  return { replaceRootVolumeTaskSet: page.map(describe), nextToken: next };
}

const tasksAt = (fleet: Fleet, account: string, region: string): RootVolumeTask[] =>
  [...fleet.rootVolumeTasks.values()].filter((task) => task.account === account && task.region === region);

function sameOrRefused(
  task: RootVolumeTask,
  request: Pick<RootVolumeTask, 'instance' | 'snapshot' | 'deletesOldVolume'>,
): RootVolumeTask {
  const { instance, snapshot, deletesOldVolume } = request;
  if (task.instance === instance && task.snapshot === snapshot && task.deletesOldVolume === deletesOldVolume)
    return task;
  throw new AwsError(
    'IdempotentParameterMismatch',
    `The client token ${task.clientToken} came with other parameters before.`,
  );
}

function refuseUnfit(fleet: Fleet, node: FleetNode): void {
  if (node.state !== 'running') {
    throw new AwsError('IncorrectInstanceState', `The instance '${node.id}' is not in the 'running' state.`);
  }
  if (!rootOf(node)) throw new AwsError('IncorrectState', `The instance '${node.id}' has no root volume attached.`);
  const open = openTaskOf(fleet, node);
  if (open)
    throw new AwsError('IncorrectState', `A root volume replacement task (${open.id}) is in progress for ${node.id}.`);
}

/** Only what was taken from a root volume of the same instance goes back to it. */
function refuseSnapshot(snapshot: Snapshot | undefined, id: string, node: FleetNode): void {
  if (!snapshot || snapshot.account !== node.account || snapshot.region !== node.region) {
    throw new AwsError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  }
  if (snapshot.instance !== node.id || snapshot.contents === undefined) {
    throw new AwsError('InvalidParameterValue', `The snapshot '${id}' is not of the root volume of '${node.id}'.`);
  }
  if (snapshot.state !== 'completed')
    throw new AwsError('IncorrectState', `Snapshot is in invalid state - ${snapshot.state}`);
}

/** Both times are texts, as the API model has them. */
const describe = (task: RootVolumeTask) => ({
  replaceRootVolumeTaskId: task.id,
  instanceId: task.instance,
  taskState: task.state,
  startTime: new Date(task.startedAt).toISOString(),
  completeTime: task.completedAt === undefined ? undefined : new Date(task.completedAt).toISOString(),
  tagSet: tagSet(task.tags),
  snapshotId: task.snapshot,
  deleteReplacedRootVolume: task.deletesOldVolume,
});
