import { isWindows } from '../catalogue/catalogue.js';
import { AwsError } from '../errors.js';
import { interrupt } from '../fleet/invocations.js';
import type { FleetNode, InstanceState } from '../fleet/model.js';
import { beginStateChange, reboot } from '../fleet/reboots.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, pageSize, tagSet } from './filters.js';

const STATE_CODES: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};
const MOST_PER_PAGE = 1000;

export function describeInstances(form: Form, call: Call): object {
  const passes = filterOf(form);
  const { page, next } = pageOfInstances(form, call, (node) => passes(() => filterable(node)));
  const reservationSet = page.map((node) => ({
    reservationId: node.id.replace('i-', 'r-'),
    ownerId: node.account,
    instancesSet: [instance(node)],
  }));
  return { reservationSet, nextToken: next };
}

/** Running instances only, unless all are asked for. */
export function describeInstanceStatus(form: Form, call: Call): object {
  const all = form.flag('IncludeAllInstances');
  const passes = filterOf(form);
  const { page, next } = pageOfInstances(
    form,
    call,
    (node) => (all || node.state === 'running') && passes(() => filterable(node)),
  );
  const instanceStatusSet = page.map((node) => {
    const status = { status: node.state === 'running' ? 'ok' : 'not-applicable' };
    const { zoneName: availabilityZone, zoneId: availabilityZoneId } = node;
    const instanceState = stateOf(node.state);
    const reachability = { name: 'reachability', status: 'passed' };
    const summary = node.state === 'running' ? { ...status, details: [reachability] } : status;
    return {
      instanceId: node.id,
      availabilityZone,
      availabilityZoneId,
      instanceState,
      systemStatus: summary,
      instanceStatus: summary,
    };
  });
  return { instanceStatusSet, nextToken: next };
}

export function startInstances(form: Form, call: Call): object {
  return changeState(form, call, 'running', ['stopped', 'pending', 'running']);
}

export function stopInstances(form: Form, call: Call): object {
  return changeState(form, call, 'stopped', ['running', 'stopping', 'stopped']);
}

export function rebootInstances(form: Form, { fleet, ...call }: Call): object {
  const nodes = instancesNamed(form, { fleet, ...call });
  const wrong = nodes.find((node) => node.state !== 'running');
  if (wrong)
    throw new AwsError('IncorrectState', `The instance '${wrong.id}' is not in a state from which it can be rebooted.`);
  const now = fleet.clock.fleet();
  for (const node of nodes) {
    interrupt(fleet, node, now);
    reboot(fleet, node, 'ec2', now);
  }
  return { return: true };
}

/** The instances that a request names, which must be there. */
export function instancesNamed(form: Form, call: Call): FleetNode[] {
  const ids = form.list('InstanceId');
  if (ids.length === 0) throw new AwsError('MissingParameter', 'The request must contain the parameter InstanceId');
  return ids.map((id) => instanceNamed(id, call));
}

export function instanceNamed(id: string, { fleet, account, region }: Call): FleetNode {
  if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
  const node = fleet.nodes.get(id);
  if (!node || node.account !== account || node.region !== region) {
    throw new AwsError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  }
  return node;
}

export const stateOf = (state: InstanceState) => ({ code: STATE_CODES[state], name: state });

function pageOfInstances(form: Form, call: Call, wanted: (node: FleetNode) => boolean) {
  const named = form.list('InstanceId').length > 0;
  if (named && form.get('MaxResults')) {
    const message = 'The parameter instancesSet cannot be used with the parameter maxResults';
    throw new AwsError('InvalidParameterCombination', message);
  }
  const candidates = named ? instancesNamed(form, call) : call.fleet.nodesAt(call.account, call.region);
  const found = candidates.filter((node) => !node.hybrid && wanted(node));
  return paginate(found, (node) => node.id, pageSize(form, MOST_PER_PAGE), form.get('NextToken'), badToken);
}

function changeState(form: Form, call: Call, to: 'running' | 'stopped', from: InstanceState[]): object {
  const nodes = instancesNamed(form, call);
  const wrong = nodes.find((node) => !from.includes(node.state));
  if (wrong) {
    throw new AwsError(
      'IncorrectInstanceState',
      `The instance '${wrong.id}' is not in a state from which it can be ${to}.`,
    );
  }
  const instancesSet = nodes.map((node) => {
    const previousState = stateOf(node.state);
    if (node.state === (to === 'running' ? 'stopped' : 'running')) {
      if (to === 'stopped') interrupt(call.fleet, node, call.fleet.clock.fleet());
      beginStateChange(call.fleet, node, to, call.fleet.clock.fleet());
    }
    return { instanceId: node.id, currentState: stateOf(node.state), previousState };
  });
  return { instancesSet };
}

function filterable(node: FleetNode) {
  const fields = {
    'instance-id': [node.id],
    'instance-state-name': [node.state],
    'instance-state-code': [String(STATE_CODES[node.state])],
    'availability-zone': [node.zoneName ?? ''],
    'availability-zone-id': [node.zoneId ?? ''],
    platform: isWindows(node.os) ? ['windows'] : [],
    'private-ip-address': [node.address],
    'block-device-mapping.volume-id': node.volumes.map((volume) => volume.id),
  };
  return { tags: node.tags, fields };
}

function instance(node: FleetNode) {
  return {
    instanceId: node.id,
    imageId: `ami-0${node.os.length.toString(16).padStart(16, '5')}`,
    instanceState: stateOf(node.state),
    privateDnsName: `ip-${node.address.replaceAll('.', '-')}.${node.region}.compute.internal`,
    instanceType: 'm7i.large',
    launchTime: new Date(node.launchedAt),
    placement: {
      availabilityZone: node.zoneName,
      availabilityZoneId: node.zoneId,
      tenancy: 'default',
    },
    platform: isWindows(node.os) ? 'windows' : undefined,
    platformDetails: isWindows(node.os) ? 'Windows' : 'Linux/UNIX',
    privateIpAddress: node.address,
    architecture: 'x86_64',
    rootDeviceType: 'ebs',
    rootDeviceName: node.volumes.find((volume) => volume.root)?.device,
    blockDeviceMapping: node.volumes.map((volume) => ({
      deviceName: volume.device,
      ebs: {
        volumeId: volume.id,
        status: 'attached',
        attachTime: new Date(volume.createdAt ?? node.registeredAt),
        deleteOnTermination: volume.root,
      },
    })),
    tagSet: tagSet(node.tags),
  };
}
