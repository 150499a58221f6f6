import type { AccountDocument, ResolvedPlan } from '../domain/documents/types.js';
import type { ManagedNode } from '../domain/fleet.js';
import type { Location, PlanName } from '../domain/ids.js';
import type { Fleet, Records } from './ports.js';

/** Locations read side by side: enough to be quick, few enough to stay under the default rates of Describe calls. */
const SIDE_BY_SIDE = 8;

/** The locations that a plan's accounts and Regions come to. */
export async function locationsOf(plan: ResolvedPlan, records: Pick<Records, 'accounts'>): Promise<Location[]> {
  const accounts = await records.accounts();
  const wanted = accounts.filter(({ name }) => plan.nodes.accounts?.includes(name) ?? true);
  return wanted.flatMap((account) =>
    locationsOfAccount(account).filter(({ region }) => plan.nodes.regions?.includes(region) ?? true),
  );
}

export const locationsOfAccount = ({ id, regions }: AccountDocument): Location[] =>
  regions.map((region) => ({ account: id, region }));

/** A plan's nodes in all of its locations. */
export async function nodesOf(
  plan: ResolvedPlan,
  { fleet, records }: { readonly fleet: Fleet; readonly records: Records },
  signal: AbortSignal,
): Promise<ManagedNode[]> {
  const found = await sideBySide(await locationsOf(plan, records), (at) =>
    fleet.findNodes(at, plan.nodes.tags, signal),
  );
  return found.flat();
}

/** A cycle carries out the version of the plan that it was started with, whatever is written afterwards. */
export async function planOf(
  { plan, planVersion }: { readonly plan: PlanName; readonly planVersion?: number },
  records: Pick<Records, 'plan'>,
): Promise<ResolvedPlan> {
  const found = await records.plan(plan, planVersion);
  if (!found) throw new Error(`Plan ${plan}${planVersion ? ` in version ${planVersion}` : ''} is not in the store.`);
  return found;
}

/** Works through all items, some of them at a time, even though one fails; then throws what went wrong first. */
export async function allOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const ends = await sideBySide(items, async (item) => {
    try {
      return { done: true, result: await work(item) } as const;
    } catch (error) {
      return { done: false, error } as const;
    }
  });
  return ends.map((end) => {
    if (end.done) return end.result;
    throw end.error;
  });
}

/**
 * Works through the items, some of them at a time, and answers in their order. The first error ends it: nothing more is
 * begun. This is for a list that is one piece of work; how much of a worker's is under way at AWS, and how fast, is said
 * elsewhere (aws/gate.ts, turns.ts).
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  atOnce = SIDE_BY_SIDE,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const take = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  const untilItFails = () =>
    take().catch((error: unknown) => {
      next = items.length;
      throw error;
    });
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, untilItFails));
  return results;
}
