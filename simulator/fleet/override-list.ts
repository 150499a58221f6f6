import { parse } from 'yaml';
import { z } from 'zod';
import type { Patch } from '../catalogue/catalogue.js';
import { matchesGlob } from '../glob.js';
import type { Fleet } from './fleet.js';
import type { FleetNode } from './model.js';

const overrideList = z.object({
  patches: z.array(z.object({ id: z.string(), title: z.string().optional() })),
});
export type OverrideEntry = z.infer<typeof overrideList>['patches'][number];

/**
 * Reads an InstallOverrideList as the node would: from the simulated S3, by an S3 path or an https address of it.
 * A refusal is the text that the node prints.
 */
export function readOverrideList(
  fleet: Fleet,
  node: FleetNode,
  location: string,
): OverrideEntry[] | { refused: string } {
  if (node.behaviour.bucketDenied) return { refused: `Unable to read ${location}: AccessDenied` };
  const key = objectKeyOf(location);
  const object = key === undefined ? undefined : fleet.objects.get(key);
  if (!object) return { refused: `Unable to read ${location}: NoSuchKey` };
  try {
    return overrideList.parse(parse(Buffer.from(object.body, 'base64').toString('utf8'), { maxAliasCount: 0 })).patches;
  } catch (error) {
    return { refused: `${location} is no list of patches: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Whether a list's entry names this patch: the id with wildcards and, on Linux, the pinned title with wildcards. */
export function namesPatch(entry: OverrideEntry, patch: Patch): boolean {
  if (!matchesGlob(entry.id, patch.id)) return false;
  return patch.version === '' || entry.title === undefined || matchesGlob(entry.title, patch.title);
}

function objectKeyOf(location: string): string | undefined {
  if (location.startsWith('s3://')) return location.slice('s3://'.length);
  const address = URL.canParse(location) ? new URL(location) : undefined;
  if (!address) return undefined;
  const path = decodeURIComponent(address.pathname.slice(1));
  const virtualHost = /^(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com$/.exec(address.hostname)?.[1];
  return virtualHost === undefined ? path : `${virtualHost}/${path}`;
}
