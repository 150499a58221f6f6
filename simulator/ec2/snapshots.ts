import { AwsError } from '../errors.js';
import type { Snapshot } from '../fleet/model.js';
import { siteOf, snapshotVolumes } from '../fleet/snapshots.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, pageSize, tagSet } from './filters.js';
import { instanceNamed } from './instances.js';

/** All volumes of one instance at once, less those left out. */
export function createSnapshots(form: Form, call: Call): object {
  const id = form.get('InstanceSpecification.InstanceId');
  if (!id)
    throw new AwsError('MissingParameter', 'The request must contain the parameter InstanceSpecification.InstanceId');
  const node = instanceNamed(id, call);
  const leftOut = form.list('InstanceSpecification.ExcludeDataVolumeId');
  const noRoot = form.flag('InstanceSpecification.ExcludeBootVolume');
  const volumes = node.volumes.filter((volume) => (volume.root ? !noRoot : !leftOut.includes(volume.id)));
  const made = snapshotVolumes(call.fleet, node, volumes, form.get('Description') ?? '', tagsOf(form));
  return {
    snapshotSet: made.map((snapshot) => ({
      snapshotId: snapshot.id,
      volumeId: snapshot.volume,
      state: snapshot.state,
      volumeSize: snapshot.sizeGb,
      startTime: new Date(snapshot.startedAt),
      progress: '',
      ownerId: snapshot.account,
      description: snapshot.description,
      encrypted: true,
      tagSet: tagSet(snapshot.tags),
    })),
  };
}

/** Snapshots show up a moment after they were started. */
export function describeSnapshots(form: Form, call: Call): object {
  const { fleet, account, region } = call;
  const now = fleet.clock.wall();
  const passes = filterOf(form);
  const ids = form.list('SnapshotId');
  const own = fleet.snapshotsAt(account, region).filter((each) => each.visibleAt <= now);
  const shown = new Set(own.map((each) => each.id));
  const missing = ids.find((id) => !shown.has(id));
  if (missing) throw new AwsError('InvalidSnapshot.NotFound', `The snapshot '${missing}' does not exist.`);
  const found = own.filter((each) => (ids.length === 0 || ids.includes(each.id)) && passes(() => filterable(each)));
  const { page, next } = paginate(found, (each) => each.id, pageSize(form, 1000), form.get('NextToken'), badToken);
  return { snapshotSet: page.map((snapshot) => describe(call, snapshot)), nextToken: next };
}

export function deleteSnapshot(form: Form, { fleet, account, region }: Call): object {
  const id = form.get('SnapshotId') ?? '';
  const snapshot = fleet.snapshots.get(id);
  if (!snapshot || snapshot.account !== account || snapshot.region !== region) {
    throw new AwsError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  }
  fleet.removeSnapshot(snapshot);
  fleet.ledger.record(fleet.clock.wall(), 'snapshot-deleted', {
    ...siteOf(fleet, snapshot),
    snapshot: id,
    volume: snapshot.volume,
  });
  return { return: true };
}

function tagsOf(form: Form): Record<string, string> {
  return form.get('TagSpecification.1.ResourceType') === 'snapshot' ? form.tags('TagSpecification.1.Tag') : {};
}

const filterable = (snapshot: Snapshot) => ({
  tags: snapshot.tags,
  fields: {
    'snapshot-id': [snapshot.id],
    'volume-id': [snapshot.volume],
    status: [snapshot.state],
    'owner-id': [snapshot.account],
    description: [snapshot.description],
  },
});

function describe({ fleet }: Call, snapshot: Snapshot) {
  const wall = fleet.clock.wall();
  const expected = snapshot.durationFleet / fleet.clock.speed;
  const share = Math.min(0.99, (wall - snapshot.startedAt) / expected);
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volume,
    status: snapshot.state,
    statusMessage: snapshot.state === 'error' ? 'Client.InternalError: planted failure' : undefined,
    startTime: new Date(snapshot.startedAt),
    completionTime: snapshot.state === 'completed' ? new Date(snapshot.completedAt ?? wall) : undefined,
    progress: snapshot.state === 'pending' ? `${Math.floor(share * 100)}%` : '100%',
    ownerId: snapshot.account,
    description: snapshot.description,
    volumeSize: snapshot.sizeGb,
    encrypted: true,
    tagSet: tagSet(snapshot.tags),
  };
}
