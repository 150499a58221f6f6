import type { ManagedNode } from './fleet.js';

/**
 * One of SSM's targets: `InstanceIds`, `tag:<key>`, `tag-key`, in a task of a window `WindowTargetIds`, or something that
 * only AWS can resolve (`resource-groups:…`). One of the values is enough.
 */
export interface Selector {
  readonly key: string;
  readonly values: readonly string[];
}

/**
 * The groups of selectors that a task of a window names: each target that is registered with the window is one, what the task
 * says itself another.
 */
export function groupsOfTask(
  selectors: readonly Selector[],
  registered: readonly { readonly id: string; readonly selectors: readonly Selector[] }[],
): (readonly Selector[])[] {
  const ids = selectors.filter(({ key }) => key === 'WindowTargetIds').flatMap(({ values }) => values);
  const own = selectors.filter(({ key }) => key !== 'WindowTargetIds');
  const ofWindow = ids.map((wanted) => registered.find(({ id }) => id === wanted)?.selectors ?? []);
  return [...ofWindow, own].filter((group) => group.length > 0);
}

/** The nodes that all selectors of one of the groups mean; null where they cannot be told from here. */
export function selectedBy(
  groups: readonly (readonly Selector[])[],
  nodes: readonly ManagedNode[],
): ManagedNode[] | null {
  if (groups.flat().some((selector) => !isKnown(selector))) return null;
  return nodes.filter((node) => groups.some((group) => group.every((selector) => means(selector, node))));
}

/** Whether the nodes that a selector means can be told from here. */
export const isKnown = ({ key }: Selector): boolean =>
  key === 'InstanceIds' || key === 'tag-key' || key.startsWith('tag:');

function means({ key, values }: Selector, { id, tags }: ManagedNode): boolean {
  if (key === 'InstanceIds') return values.includes('*') || values.includes(id);
  if (key === 'tag-key') return values.some((name) => Object.hasOwn(tags, name));
  const value = tags[key.slice('tag:'.length)];
  return value !== undefined && values.includes(value);
}
