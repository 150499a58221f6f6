import { matchesRule } from './baseline-rules.js';
import type { PatchBaseline } from './documents/types.js';
import type { OperatingSystem, PinnedPatch } from './fleet.js';
import type { Instant } from './ids.js';
import { comparePatches, newestOf, type PatchSet } from './patch-set.js';
import { isAtMost, parsePatch, pinned } from './versions.js';

/** What of the missing patches is installed, and what is left for a person's decision. */
export interface Promotion {
  /** Missing and proven: each is in the set, in exactly that version. */
  readonly patches: readonly PinnedPatch[];
  /** Missing in a version that the stage before did not prove, newer or older than the one that it did. */
  readonly untested: readonly PinnedPatch[];
  /** Missing, in a form that cannot be read: left alone. */
  readonly unreadable: readonly PinnedPatch[];
}

/**
 * What the nodes of one location, operating system and patch group get of a patch set: what is both missing there and
 * in the set, in exactly the proven version. Where something newer is missing, the proven version is pinned and the
 * newer one is listed as untested. Where only something older is missing (the stage's own baseline does not approve the
 * proven version yet), nothing is installed: the older version was never tried in the stage before, and the proven one
 * comes when the baseline's delay has passed. `missing` is the union over those nodes; the input's order does not matter.
 */
export function installList(
  os: OperatingSystem,
  missing: readonly PinnedPatch[],
  set: Pick<PatchSet, 'patches'>,
): Promotion {
  const proven = newestOf(os, set.patches[os] ?? []).read;
  const patches: PinnedPatch[] = [];
  const untested: PinnedPatch[] = [];
  const unreadable: PinnedPatch[] = [];
  for (const { id, title } of missing) {
    const version = parsePatch(os, { id, title });
    if (version === null) {
      unreadable.push({ id, title });
      continue;
    }
    const tried = proven.get(version.name);
    const due = tried !== undefined && isAtMost(os, tried.version, version);
    if (due) patches.push(pinned(tried.patch, tried.version));
    if (!due || !isAtMost(os, version, tried.version)) untested.push(pinned({ id, title }, version));
  }
  return { patches: distinct(patches), untested: distinct(untested), unreadable: distinct(unreadable) };
}

/**
 * Is a patch approved by now under rules whose delay SSM does not know (Debian, Ubuntu)? It is when some rule covers
 * it and that rule's days have passed since the patch was first seen anywhere. A patch id that the baseline approves
 * or rejects by name is the caller's to decide first.
 */
export const approvedByDelay = (
  rules: PatchBaseline['rules'],
  os: OperatingSystem,
  patch: { readonly classification: string; readonly severity: string },
  firstSeen: Instant,
  now: Instant,
): boolean =>
  rules.some(
    (rule) => matchesRule(rule, os, patch) && Date.parse(firstSeen) + rule.approveAfterDays * DAY <= Date.parse(now),
  );
const DAY = 24 * 60 * 60 * 1000;

/** Each patch once (a Windows update once, whatever its title), by id and title. */
function distinct(patches: readonly PinnedPatch[]): PinnedPatch[] {
  const sorted = [...patches].sort(comparePatches);
  return sorted.filter((patch, index) => {
    const before = sorted[index - 1];
    return before === undefined || comparePatches(before, patch) !== 0;
  });
}
