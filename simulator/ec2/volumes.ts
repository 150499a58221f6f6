import { AwsError } from '../errors.js';
import type { FleetNode, Volume } from '../fleet/model.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, pageSize } from './filters.js';

export function describeVolumes(form: Form, { fleet, account, region }: Call): object {
  const attached = fleet
    .nodesAt(account, region)
    .filter((node) => node.state !== 'terminated')
    .flatMap((node) => node.volumes.map((volume) => ({ node, volume })));
  const ids = form.list('VolumeId');
  const missing = ids.find((id) => !attached.some(({ volume }) => volume.id === id));
  if (missing) throw new AwsError('InvalidVolume.NotFound', `The volume '${missing}' does not exist.`);
  const passes = filterOf(form);
  const found = attached.filter(
    ({ node, volume }) =>
      (ids.length === 0 || ids.includes(volume.id)) && passes(() => ({ tags: {}, fields: fieldsOf(node, volume) })),
  );
  const { page, next } = paginate(
    found,
    ({ volume }) => volume.id,
    pageSize(form, 500),
    form.get('NextToken'),
    badToken,
  );
  return { volumeSet: page.map(({ node, volume }) => describe(node, volume)), nextToken: next };
}

const fieldsOf = (node: FleetNode, volume: Volume) => ({
  'attachment.instance-id': [node.id],
  'attachment.device': [volume.device],
  'attachment.status': ['attached'],
  'volume-id': [volume.id],
  'availability-zone': [node.zoneName ?? ''],
  status: ['in-use'],
});

function describe(node: FleetNode, volume: Volume) {
  return {
    volumeId: volume.id,
    size: volume.sizeGb,
    availabilityZone: node.zoneName,
    availabilityZoneId: node.zoneId,
    status: 'in-use',
    createTime: new Date(node.registeredAt),
    volumeType: 'gp3',
    encrypted: true,
    attachmentSet: [
      {
        volumeId: volume.id,
        instanceId: node.id,
        device: volume.device,
        status: 'attached',
        attachTime: new Date(node.registeredAt),
        deleteOnTermination: volume.root,
      },
    ],
  };
}
