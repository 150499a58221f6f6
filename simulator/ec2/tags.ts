import { AwsError } from '../errors.js';
import { placeOf } from '../fleet/fleet.js';
import type { Form } from '../http/form.js';
import { type Call, paginate } from '../http/operation.js';
import { badToken, filterOf, pageSize } from './filters.js';
import { instanceNamed } from './instances.js';

/** Tags instances and snapshots; those named by the request must all be there. */
export function createTags(form: Form, call: Call): object {
  const tags = form.tags('Tag');
  const resources = form.list('ResourceId').map((id) => resourceNamed(id, call));
  for (const tagged of resources) tagged(tags);
  return { return: true };
}

export function deleteTags(form: Form, call: Call): object {
  const names = Object.keys(form.tags('Tag'));
  for (const id of form.list('ResourceId')) {
    const node = instanceNamed(id, call);
    for (const name of names) delete node.tags[name];
    call.fleet.nodes.put(node.id, node);
    const removed = Object.fromEntries(names.map((name) => [name, null]));
    call.fleet.ledger.record(call.fleet.clock.wall(), 'tags-changed', { ...placeOf(node), tags: removed });
  }
  return { return: true };
}

export function describeTags(form: Form, { fleet, account, region }: Call): object {
  const passes = filterOf(form);
  const own = fleet
    .nodesAt(account, region)
    .filter((node) => !node.hybrid)
    .flatMap((node) =>
      Object.entries(node.tags).map(([key, value]) => ({ resourceId: node.id, resourceType: 'instance', key, value })),
    )
    .filter(({ resourceId, resourceType, key, value }) => {
      const fields = { 'resource-id': [resourceId], 'resource-type': [resourceType], key: [key], value: [value] };
      return passes(() => ({ tags: { [key]: value }, fields }));
    });
  const idOf = ({ resourceId, key }: (typeof own)[number]) => `${resourceId}/${key}`;
  const { page, next } = paginate(own, idOf, pageSize(form, 1000), form.get('NextToken'), badToken);
  return { tagSet: page, nextToken: next };
}

/** How to tag the instance or snapshot of that id. */
function resourceNamed(id: string, call: Call): (tags: Record<string, string>) => void {
  const { fleet } = call;
  if (!id.startsWith('snap-')) {
    const node = instanceNamed(id, call);
    return (tags) => {
      fleet.nodes.put(node.id, Object.assign(node, { tags: { ...node.tags, ...tags } }));
      fleet.ledger.record(fleet.clock.wall(), 'tags-changed', { ...placeOf(node), tags });
    };
  }
  const snapshot = fleet.snapshots.get(id);
  if (!snapshot) throw new AwsError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  return (tags) => {
    fleet.snapshots.put(id, Object.assign(snapshot, { tags: { ...snapshot.tags, ...tags } }));
  };
}
