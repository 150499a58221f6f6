import { digestOf } from './digest.js';
import { type NodePatch, type OperatingSystem, type PatchState, type PinnedPatch, packageScheme } from './fleet.js';
import type { CycleId, Digest, StageName } from './ids.js';
import { compareText, firstDifference } from './order.js';
import { isAtMost, parsePatch, pinned, type ReadPatch } from './versions.js';

/** A patch present and proven on a stage's nodes, and on how many of them. */
export interface ProvenPatch extends PinnedPatch {
  readonly nodes: number;
}

/** The exact patches that are present and proven on a stage's nodes when its soak ends: the most that the next stage may get. */
export interface PatchSet {
  readonly cycle: CycleId;
  readonly stage: StageName;
  readonly patches: Readonly<Partial<Record<OperatingSystem, readonly ProvenPatch[]>>>;
}

/** A patch set under its digest; the digest covers patches only, so that the same patches have the same digest in every cycle. */
export interface StoredPatchSet extends PatchSet {
  readonly digest: Digest;
  readonly harvestedAt: string;
}

/** States in which a patch is on the node and works: what a stage proves. One that waits for a reboot is not proven. */
const PROVEN: readonly PatchState[] = ['Installed', 'InstalledOther'];

export interface Harvest {
  readonly set: PatchSet & { readonly digest: Digest };
  /** Present on some node, but in a form that cannot be read: not in the set, for a person to look at. */
  readonly unreadable: readonly (PinnedPatch & { readonly os: OperatingSystem })[];
}

/**
 * The patch set that a stage's nodes prove: everything Installed or InstalledOther, per operating system. Where nodes
 * differ in the version of a package the highest one counts, and `nodes` says how many have that one.
 */
export function harvest(
  nodes: readonly { readonly os: OperatingSystem; readonly patches: readonly NodePatch[] }[],
  cycle: CycleId,
  stage: StageName,
): Harvest {
  const patches: Partial<Record<OperatingSystem, ProvenPatch[]>> = {};
  const unreadable: (PinnedPatch & { os: OperatingSystem })[] = [];
  for (const os of [...new Set(nodes.map((node) => node.os))].sort(compareText)) {
    const counted = countPresent(
      os,
      nodes.filter((node) => node.os === os),
    );
    const { read, unread } = newestOf(os, counted);
    unreadable.push(...unread.map(({ id, title }) => ({ os, id, title })));
    if (read.size === 0) continue;
    patches[os] = [...read.values()]
      .map(({ patch, version }) => ({ ...pinned(patch, version), nodes: patch.nodes }))
      .sort(comparePatches);
  }
  return {
    set: { cycle, stage, patches, digest: patchSetDigest(patches) },
    unreadable: unreadable.sort((a, b) => firstDifference(compareText(a.os, b.os), comparePatches(a, b))),
  };
}

/**
 * Each patch as its nodes report it, and on how many of them it is. Thousands of nodes report the same few hundred
 * patches: counting comes before reading. A Windows update is one, with whatever title a node reports it.
 */
function countPresent(
  os: OperatingSystem,
  nodes: readonly { readonly patches: readonly NodePatch[] }[],
): ProvenPatch[] {
  const counts = new Map<string, { id: string; title: string; nodes: number; last: object }>();
  const byIdAlone = packageScheme(os) === 'kb';
  for (const node of nodes) {
    for (const { id, title, state } of node.patches) {
      if (!PROVEN.includes(state)) continue;
      const key = byIdAlone ? id.toUpperCase() : `${id} ${title}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { id, title, nodes: 1, last: node });
      else {
        if (known.last !== node) known.nodes += 1;
        known.last = node;
        if (known.title < title) known.title = title;
      }
    }
  }
  return [...counts.values()].map(({ id, title, nodes: count }) => ({ id, title, nodes: count }));
}

/** The digest of the patches alone: the same in every cycle and stage, however many nodes have them, in any order. */
export const patchSetDigest = (patches: PatchSet['patches']): Digest =>
  digestOf(
    Object.fromEntries(
      operatingSystems(patches).map((os) => [
        os,
        (patches[os] ?? []).map((patch) => versionText(os, patch)).sort(compareText),
      ]),
    ),
  );

/** A package or update that two patch sets do not have in the same version; null: not there at all. */
export interface PatchDifference {
  readonly os: OperatingSystem;
  readonly id: string;
  readonly from: PinnedPatch | null;
  readonly to: PinnedPatch | null;
}

/** What changes from one patch set to the next, by operating system and id. */
export function diff(from: Pick<PatchSet, 'patches'>, to: Pick<PatchSet, 'patches'>): PatchDifference[] {
  return [...new Set([...operatingSystems(from.patches), ...operatingSystems(to.patches)])]
    .sort(compareText)
    .flatMap((os) => {
      const before = byId(from.patches[os]);
      const after = byId(to.patches[os]);
      return [...new Set([...before.keys(), ...after.keys()])]
        .sort(compareText)
        .map((id) => ({ os, id, from: before.get(id) ?? null, to: after.get(id) ?? null }))
        .filter(
          (change) =>
            change.from === null || change.to === null || versionText(os, change.from) !== versionText(os, change.to),
        );
    });
}

/** Patches of one operating system by package (or update), each in its highest version, and what could not be read. */
export function newestOf<Patch extends PinnedPatch>(os: OperatingSystem, patches: readonly Patch[]): Sorted<Patch> {
  const read = new Map<string, Found<Patch>>();
  const unread: Patch[] = [];
  for (const patch of patches) {
    const version = parsePatch(os, patch);
    if (version === null) {
      unread.push(patch);
      continue;
    }
    const known = read.get(version.name);
    const found = { patch, version };
    if (!known || compareFound(os, found, known) > 0) read.set(version.name, found);
  }
  return { read, unread };
}
export interface Sorted<Patch extends PinnedPatch> {
  readonly read: ReadonlyMap<string, Found<Patch>>;
  readonly unread: readonly Patch[];
}

/** By id, then title. */
export const comparePatches = (a: PinnedPatch, b: PinnedPatch): number =>
  firstDifference(compareText(a.id, b.id), compareText(a.title, b.title));

/** A patch and what was read of it. */
export interface Found<Patch extends PinnedPatch = PinnedPatch> {
  readonly patch: Patch;
  readonly version: ReadPatch;
}
/** By version; equal versions can be written differently (1.0 and 1.00), so then by text: one spelling in any order. */
const compareFound = (os: OperatingSystem, a: Found, b: Found): number =>
  firstDifference(
    Number(isAtMost(os, b.version, a.version)) - Number(isAtMost(os, a.version, b.version)),
    comparePatches(a.patch, b.patch),
  );

const byId = (patches: readonly PinnedPatch[] = []): Map<string, PinnedPatch> =>
  new Map(patches.map(({ id, title }) => [id, { id, title }]));
const versionText = (os: OperatingSystem, patch: PinnedPatch): string =>
  packageScheme(os) === 'kb' ? patch.id : patch.title;
const operatingSystems = (patches: PatchSet['patches']): OperatingSystem[] =>
  (Object.keys(patches) as OperatingSystem[]).filter((os) => (patches[os] ?? []).length > 0).sort(compareText);
