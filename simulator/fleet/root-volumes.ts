import type { Fleet } from './fleet.js';
import { placeOf } from './fleet.js';
import { interrupt } from './invocations.js';
import type { FleetNode, RestoreTrouble, RootContents, RootVolumeTask, Volume } from './model.js';
import { contentsAtLaunch } from './populate.js';
import { loseAgent, reboot } from './reboots.js';

/** What CreateReplaceRootVolumeTask decides; the rest follows from it. */
export type RootVolumeRequest = Pick<
  RootVolumeTask,
  'instance' | 'snapshot' | 'deletesOldVolume' | 'clientToken' | 'tags'
>;

const hasEnded = ({ state }: RootVolumeTask): boolean => ['succeeded', 'failed', 'failed-detached'].includes(state);

/** The task that is at work on a node. */
export const openTaskOf = (fleet: Fleet, node: FleetNode): RootVolumeTask | undefined =>
  [...fleet.rootVolumeTasks.values()].find((task) => task.instance === node.id && !hasEnded(task));

export const rootOf = (node: FleetNode): Volume | undefined => node.volumes.find((volume) => volume.root);

/** Begins to replace a node's root volume: first a volume is made (pending), then the instance goes down for the exchange. */
export function startRootVolumeTask(fleet: Fleet, node: FleetNode, request: RootVolumeRequest): RootVolumeTask {
  const id = `replacevol-0${fleet.chance.hex(16, 'root-volume-task', fleet.next('root-volume-task'))}`;
  const task: RootVolumeTask = {
    ...request,
    id,
    account: node.account,
    region: node.region,
    state: 'pending',
    startedAt: fleet.clock.wall(),
    visibleAt: fleet.visibleFrom(id),
  };
  fleet.rootVolumeTasks.put(id, task);
  fleet.ledger.record(task.startedAt, 'root-volume-task-started', {
    ...placeOf(node),
    task: id,
    ...(task.snapshot === undefined ? {} : { snapshot: task.snapshot }),
    clientToken: task.clientToken,
    tags: task.tags,
  });
  schedule(fleet, task, courseOf(troubleOf(fleet, node)));
  return task;
}

/** A task comes to its next state at a moment of fleet time. */
export function advanceRootVolumeTask(
  fleet: Fleet,
  task: RootVolumeTask,
  to: RootVolumeTask['state'],
  at: number,
): void {
  const node = fleet.nodes.get(task.instance);
  if (!node || hasEnded(task)) return;
  task.state = to;
  if (hasEnded(task)) task.completedAt = fleet.clock.wallOf(at);
  fleet.rootVolumeTasks.put(task.id, task);
  if (to === 'in-progress') takeDown(fleet, node, at);
  if (to === 'succeeded') replace(fleet, node, task, at);
  if (to === 'failed-detached') detachRoot(fleet, node, at);
  if (to === 'failed' || to === 'failed-detached')
    fleet.record(at, 'root-volume-task-failed', node, { task: task.id, state: to });
}

/** The states that a task goes through, evenly spread over its time. */
function courseOf(trouble: RestoreTrouble | undefined): readonly RootVolumeTask['state'][] {
  const courses: Record<RestoreTrouble | 'none', readonly RootVolumeTask['state'][]> = {
    none: ['in-progress', 'succeeded'],
    fails: ['failing', 'failed'],
    'fails-detached': ['in-progress', 'failing', 'failed-detached'],
    stuck: ['in-progress'],
  };
  return courses[trouble ?? 'none'];
}

function schedule(fleet: Fleet, task: RootVolumeTask, course: readonly RootVolumeTask['state'][]): void {
  const now = fleet.clock.fleet();
  const each = fleet.duration('rootVolume', task.id) / 2;
  for (const [index, to] of course.entries()) {
    fleet.agenda.schedule(now + each * (index + 1), { kind: 'root-volume-task', task: task.id, to });
  }
}

function troubleOf(fleet: Fleet, node: FleetNode): RestoreTrouble | undefined {
  const site = { ...placeOf(node), nodes: [node.id, node.name] };
  for (const trouble of ['fails', 'fails-detached', 'stuck'] as const)
    if (fleet.faults.strike([`restore-${trouble}`], site)) return trouble;
  return node.behaviour.restores;
}

function takeDown(fleet: Fleet, node: FleetNode, at: number): void {
  interrupt(fleet, node, at);
  loseAgent(fleet, node, at, 'root-volume');
  fleet.nodes.put(node.id, node);
}

function replace(fleet: Fleet, node: FleetNode, task: RootVolumeTask, at: number): void {
  const old = rootOf(node);
  if (!old) return;
  const fresh: Volume = {
    id: `vol-0${fleet.chance.hex(16, 'replacement', task.id)}`,
    device: old.device,
    sizeGb: old.sizeGb,
    root: true,
    createdAt: fleet.clock.wallOf(at),
    ...(task.snapshot === undefined ? {} : { snapshot: task.snapshot }),
  };
  node.volumes = node.volumes.map((volume) => (volume === old ? fresh : volume));
  if (!task.deletesOldVolume) keep(fleet, node, old);
  const snapshot = task.snapshot === undefined ? undefined : fleet.snapshots.get(task.snapshot);
  const { packages, failed, files } = snapshot?.contents ?? contentsAtLaunch(fleet, node);
  Object.assign(node, structuredClone({ packages, failed, files } satisfies RootContents));
  fleet.record(at, 'root-volume-replaced', node, {
    task: task.id,
    volume: fresh.id,
    replaced: old.id,
    ...(task.snapshot === undefined ? {} : { snapshot: task.snapshot }),
  });
  reboot(fleet, node, 'root-volume', at);
}

/** The instance stays behind without a root volume: nothing on it answers any more. */
function detachRoot(fleet: Fleet, node: FleetNode, at: number): void {
  const old = rootOf(node);
  if (!old) return;
  node.volumes = node.volumes.filter((volume) => volume !== old);
  node.behaviour.agentLost = 'never-returns';
  keep(fleet, node, old);
  loseAgent(fleet, node, at, 'root-volume');
  fleet.nodes.put(node.id, node);
}

function keep(fleet: Fleet, node: FleetNode, volume: Volume): void {
  const { account, region, zoneName, zoneId } = node;
  fleet.looseVolumes.put(volume.id, {
    createdAt: node.registeredAt,
    ...volume,
    account,
    region,
    ...(zoneName === undefined ? {} : { zoneName }),
    ...(zoneId === undefined ? {} : { zoneId }),
  });
}
