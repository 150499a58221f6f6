/** How many snapshots AWS has pending at a time in an account and Region, unless its Account document says otherwise: the default that AWS documents. */
export const DEFAULT_PENDING_SNAPSHOTS = 100;

/**
 * How many pending snapshots a batch may have, its own that are pending already counted in; 0 where it is to wait. All that it
 * wants where that fits. Where it wants more than the whole quota, what there is, from `least` on (the next node's volumes
 * are snapshotted at once). Where even that is more than the quota, once nobody else has any.
 */
export function roomFor(
  { wanted, least }: { readonly wanted: number; readonly least: number },
  { quota, taken }: { readonly quota: number | null; readonly taken: number },
): number {
  const most = quota ?? DEFAULT_PENDING_SNAPSHOTS;
  const free = Math.max(0, most - taken);
  if (wanted <= free) return wanted;
  if (least > most) return taken === 0 ? least : 0;
  return wanted > most && least <= free ? free : 0;
}
