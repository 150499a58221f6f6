import { AwsError } from '../errors.js';
import { type Fleet, placeOf } from './fleet.js';
import type { Behaviour, FleetNode, RootContents, Snapshot, Volume } from './model.js';

const PENDING_PER_LOCATION = 100;
const PENDING_PER_VOLUME = 5;
const SLOW = 20;

/** Starts a snapshot of each of a node's volumes; either all of them or none. */
export function snapshotVolumes(
  fleet: Fleet,
  node: FleetNode,
  volumes: readonly Volume[],
  description: string,
  tags: Record<string, string>,
): Snapshot[] {
  refuseOverQuota(fleet, node, volumes);
  return volumes.map((volume) => startSnapshot(fleet, node, volume, description, tags));
}

/** A snapshot is complete, or has failed, at a moment of fleet time. */
export function endSnapshot(fleet: Fleet, snapshot: Snapshot, as: 'completed' | 'error', at: number): void {
  if (snapshot.state !== 'pending') return;
  snapshot.state = as;
  snapshot.completedAt = fleet.clock.wallOf(at);
  fleet.snapshots.put(snapshot.id, snapshot);
  fleet.ledger.record(snapshot.completedAt, as === 'completed' ? 'snapshot-completed' : 'snapshot-failed', {
    ...siteOf(fleet, snapshot),
    snapshot: snapshot.id,
    volume: snapshot.volume,
  });
}

/** Where the ledger places a snapshot: at the node whose volume it is of. */
export function siteOf(fleet: Fleet, snapshot: Snapshot): Record<string, unknown> {
  const node = fleet.nodes.get(snapshot.instance);
  return node ? placeOf(node) : { account: snapshot.account, region: snapshot.region };
}

function refuseOverQuota(fleet: Fleet, node: FleetNode, volumes: readonly Volume[]): void {
  const pending = fleet.snapshotsAt(node.account, node.region).filter((each) => each.state === 'pending');
  const limit = fleet.regionOf(node.account, node.region)?.pendingSnapshots ?? PENDING_PER_LOCATION;
  if (pending.length + volumes.length > limit) {
    throw new AwsError('PendingSnapshotLimitExceeded', `The maximum of ${limit} pending snapshots is reached.`);
  }
  const busy = volumes.find(
    (volume) => pending.filter((each) => each.volume === volume.id).length >= PENDING_PER_VOLUME,
  );
  if (busy) {
    throw new AwsError('ConcurrentSnapshotLimitExceeded', `Volume ${busy.id} has too many snapshots in progress.`);
  }
}

function startSnapshot(
  fleet: Fleet,
  node: FleetNode,
  volume: Volume,
  description: string,
  tags: Record<string, string>,
): Snapshot {
  const id = `snap-0${fleet.chance.hex(16, 'snapshot', fleet.next('snapshot'))}`;
  const fate = fateOf(fleet, node);
  const takes = fleet.duration('snapshot', id) * (fate === 'slow' ? SLOW : 1);
  const snapshot: Snapshot = {
    id,
    account: node.account,
    region: node.region,
    volume: volume.id,
    instance: node.id,
    sizeGb: volume.sizeGb,
    description,
    tags: { ...tags },
    state: 'pending',
    startedAt: fleet.clock.wall(),
    visibleAt: fleet.visibleFrom(id),
    durationFleet: takes,
    ...(volume.root ? { contents: contentsOf(node) } : {}),
  };
  fleet.addSnapshot(snapshot);
  fleet.ledger.record(snapshot.startedAt, 'snapshot-created', {
    ...placeOf(node),
    snapshot: id,
    volume: volume.id,
    tags: snapshot.tags,
  });
  if (fate !== 'stuck') {
    const as = fate === 'error' ? 'error' : 'completed';
    fleet.agenda.schedule(fleet.clock.fleet() + takes, { kind: 'snapshot-ends', snapshot: id, as });
  }
  return snapshot;
}

const contentsOf = ({ packages, failed, files }: FleetNode): RootContents =>
  structuredClone({ packages, failed, files });

function fateOf(fleet: Fleet, node: FleetNode): Behaviour['snapshots'] {
  const site = { ...placeOf(node), nodes: [node.id, node.name] };
  if (fleet.faults.strike(['snapshot-error'], site)) return 'error';
  if (fleet.faults.strike(['snapshot-stuck'], site)) return 'stuck';
  if (fleet.faults.strike(['snapshot-slow'], site)) return 'slow';
  return node.behaviour.snapshots;
}
