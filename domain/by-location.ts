import type { Location } from './ids.js';

/** What is in each location; locations and members in the order in which they come. */
export function byLocation<Item extends Location>(
  items: readonly Item[],
): { readonly at: Location; readonly members: Item[] }[] {
  const places = new Map<string, { readonly at: Location; readonly members: Item[] }>();
  for (const item of items) {
    const { account, region } = item;
    const key = `${account}/${region}`;
    const place = places.get(key) ?? { at: { account, region }, members: [] };
    place.members.push(item);
    places.set(key, place);
  }
  return [...places.values()];
}
