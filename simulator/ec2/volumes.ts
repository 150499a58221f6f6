import { AwsError } from '../errors.js';
import type { FleetNode, Volume } from '../fleet/model.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, pageSize } from './filters.js';

/** Attached volumes, and root volumes that were replaced and kept. */
export function describeVolumes(form: Form, { fleet, account, region }: Call): object {
  const attached = fleet
    .nodesAt(account, region)
    .filter((node) => node.state !== 'terminated')
    .flatMap((node) => node.volumes.map((volume): Seen => ({ volume, at: node, node })));
  const loose = [...fleet.looseVolumes.values()]
    .filter((volume) => volume.account === account && volume.region === region)
    .map((volume): Seen => ({ volume, at: volume }));
  const all = [...attached, ...loose];
  const ids = form.list('VolumeId');
  const missing = ids.find((id) => !all.some(({ volume }) => volume.id === id));
  if (missing) throw new AwsError('InvalidVolume.NotFound', `The volume '${missing}' does not exist.`);
  const passes = filterOf(form);
  const found = all.filter(
    (seen) =>
      (ids.length === 0 || ids.includes(seen.volume.id)) && passes(() => ({ tags: {}, fields: fieldsOf(seen) })),
  );
  const { page, next } = paginate(
    found,
    ({ volume }) => volume.id,
    pageSize(form, 500),
    form.get('NextToken'),
    badToken,
  );
  return { volumeSet: page.map(describe), nextToken: next };
}

/** A volume, where it lies, and the node that it is attached to. */
interface Seen {
  volume: Volume;
  at: { zoneName?: string; zoneId?: string };
  node?: FleetNode;
}

const fieldsOf = ({ volume, at, node }: Seen) => ({
  'attachment.instance-id': node ? [node.id] : [],
  'attachment.device': node ? [volume.device] : [],
  'attachment.status': node ? ['attached'] : [],
  'volume-id': [volume.id],
  'availability-zone': [at.zoneName ?? ''],
  status: [node ? 'in-use' : 'available'],
});

function describe({ volume, at, node }: Seen) {
  const attachment = node && {
    volumeId: volume.id,
    instanceId: node.id,
    device: volume.device,
    status: 'attached',
    attachTime: new Date(volume.createdAt ?? node.registeredAt),
    deleteOnTermination: volume.root,
  };
  return {
    volumeId: volume.id,
    size: volume.sizeGb,
    snapshotId: volume.snapshot,
    availabilityZone: at.zoneName,
    availabilityZoneId: at.zoneId,
    status: node ? 'in-use' : 'available',
    createTime: new Date(volume.createdAt ?? node?.registeredAt ?? 0),
    volumeType: 'gp3',
    encrypted: true,
    attachmentSet: attachment ? [attachment] : [],
  };
}
