import type { Outcome } from './cycle.js';
import type { ResolvedStage } from './documents/types.js';
import type { PinnedPatch } from './fleet.js';
import {
  complianceOf,
  type NodePatch,
  type NodePatchState,
  type OperatingSystem,
  type PatchState,
  packageScheme,
} from './fleet.js';
import { comparePatches, type Found, newestOf, type PatchSet } from './patch-set.js';
import { isAtMost, isWindowsUpdate, parsePatch, pinned } from './versions.js';

/** What is known of one node after its install. */
export interface Evidence {
  readonly os: OperatingSystem;
  /** Its patches when the stage was prepared; null where no scan had told. */
  readonly before: readonly NodePatch[] | null;
  /** Its patches after the install, from a scan. */
  readonly after: readonly NodePatch[];
  /** The counts of that same scan. */
  readonly state: NodePatchState;
  /** What was to be installed; null in a first stage, where the baseline decides. */
  readonly pinned: readonly PinnedPatch[] | null;
  readonly set: Pick<PatchSet, 'patches'> | null;
  /** What the install reported, if it reported a failure. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  readonly rebootPolicy: ResolvedStage['reboot'];
}

/** A finding about one node. */
export interface Verdict {
  readonly outcome: Extract<Outcome, 'patched' | 'already-compliant' | 'failed'>;
  readonly reason: string;
  /** Present now, not there before, and neither pinned nor in the set; empty where that cannot be told. */
  readonly surplus: readonly PinnedPatch[];
  /** Pinned for this node, and not present. */
  readonly absent: readonly PinnedPatch[];
  /** What the node has now in a version that it did not have before; null where no scan told of before. */
  readonly brought: readonly PinnedPatch[] | null;
}

/**
 * Judges a node by its scan, not by an exit code. `patched`: every pinned patch that was missing on this node is
 * present in at least the pinned version (in a first stage: nothing is missing), none failed, no reboot is pending.
 * `already-compliant`: that, and there was nothing to do. `failed`: else, with a reason that names the patches.
 */
export function verdict(evidence: Evidence): Verdict {
  const { os, before, after, state, problem } = evidence;
  const present = inStates(after, PRESENT);
  const due = duePatches(evidence);
  const absent = absentOf(os, due, present);
  const added = before === null ? NOTHING : addedPatches(os, inStates(before, PRESENT), present);
  const surplus = evidence.pinned === null ? [] : surplusOf(added, evidence);

  const faults = [
    ...absentFaults(absent, evidence),
    ...fault(inStates(after, ['Failed']), state.failed, 'failed to install'),
    ...(evidence.pinned === null ? fault(inStates(after, ['Missing']), state.missing, 'still missing') : []),
    ...rebootFaults(evidence),
  ];
  const brought = before === null ? null : patchesOf(added);
  const findings = { surplus: surplus.sort(comparePatches), absent: absent.sort(comparePatches), brought };
  if (faults.length > 0) {
    const reported = problem ? [`the install reported ${problem.code}: ${problem.message}`] : [];
    return { outcome: 'failed', reason: [...faults, ...reported].join('; '), ...findings };
  }
  if (problem) {
    const reason = `the install was reported failed (${problem.code}: ${problem.message}), but the scan afterwards shows every patch in place`;
    return { outcome: 'patched', reason, ...findings };
  }
  if (
    before !== null &&
    inStates(before, UNDONE).length === 0 &&
    added.read.length + added.unread.length === 0 &&
    complianceOf(state) === 'compliant'
  ) {
    return { outcome: 'already-compliant', reason: 'nothing was missing', ...findings };
  }
  return {
    outcome: 'patched',
    reason: successReason(due.length, added.read.length + added.unread.length, evidence),
    ...findings,
  };
}

/** States in which a patch's files are on the node, though it may wait for a reboot or have been rejected since. */
const PRESENT: readonly PatchState[] = ['Installed', 'InstalledOther', 'InstalledPendingReboot', 'InstalledRejected'];
/** States in which a patch applies to the node and is not there. */
const LACKING: readonly PatchState[] = ['Missing', 'Failed', 'AvailableSecurityUpdate'];
/** States that leave something to do. */
const UNDONE: readonly PatchState[] = ['Missing', 'Failed', 'InstalledPendingReboot'];

/**
 * The pinned patches that this node lacked. The pinned ones are a union over many nodes: of a package pinned in several
 * versions, the one for this node is the highest that is not newer than what it lacked.
 */
function duePatches({ os, before, after, pinned: pins }: Evidence): Found[] {
  if (pins === null) return [];
  const lacked = newestOf(os, inStates(before ?? after, LACKING)).read;
  const due = new Map<string, Found>();
  for (const pin of readable(os, pins)) {
    const lack = lacked.get(pin.version.name);
    if (!lack || !isAtMost(os, pin.version, lack.version)) continue;
    const known = due.get(pin.version.name);
    if (!known || isAtMost(os, known.version, pin.version)) due.set(pin.version.name, pin);
  }
  return [...due.values()];
}

/** Of what was due, what is not present in at least the pinned version. */
function absentOf(os: OperatingSystem, due: readonly Found[], present: readonly NodePatch[]): PinnedPatch[] {
  const { read } = newestOf(
    os,
    ofTheSameIds(
      due.map(({ patch }) => patch),
      present,
    ),
  );
  return due.filter((pin) => !isWithin(os, pin, read.get(pin.version.name))).map(({ patch }) => patch);
}

/** What the node has now in a version that it did not have before, and what cannot be read and was not there. */
function addedPatches(os: OperatingSystem, before: readonly NodePatch[], now: readonly NodePatch[]): Added {
  const unchanged = new Set(before.map(textOf));
  // Nearly all patches are there before and after: only the others are worth reading.
  const changed = now.filter((patch) => !unchanged.has(textOf(patch)));
  const { read, unread } = newestOf(os, changed);
  const earlier = newestOf(os, ofTheSameIds(changed, before)).read;
  return { read: [...read.values()].filter((it) => !isWithin(os, it, earlier.get(it.version.name))), unread };
}
const patchesOf = ({ read, unread }: Added): PinnedPatch[] =>
  [...read.map(({ patch }) => patch), ...unread].map(({ id, title }) => ({ id, title })).sort(comparePatches);
const NOTHING: Added = { read: [], unread: [] };
interface Added {
  readonly read: readonly Found[];
  readonly unread: readonly PinnedPatch[];
}

/** What is there now in a version that was not there before. */
export const broughtBy = (
  os: OperatingSystem,
  before: readonly NodePatch[],
  now: readonly NodePatch[],
): readonly PinnedPatch[] => patchesOf(addedPatches(os, inStates(before, PRESENT), inStates(now, PRESENT)));

/** Whether exactly this patch is among those that are there now; Windows updates go by their number. */
export const isPresent = (os: OperatingSystem, patch: PinnedPatch, now: readonly NodePatch[]): boolean => {
  const is = (other: PinnedPatch) =>
    packageScheme(os) === 'kb' ? other.id.toUpperCase() === patch.id.toUpperCase() : textOf(other) === textOf(patch);
  return inStates(now, PRESENT).some(is);
};

/**
 * Of what was added, what is above the most that this node may have: what was pinned, and what the stage before proved.
 * What cannot be read counts as surplus: nobody can say that it was proven.
 */
function surplusOf({ read, unread }: Added, { os, pinned: pins, set }: Evidence): PinnedPatch[] {
  const allowed = [...(pins ?? []), ...(set?.patches[os] ?? [])];
  const most = newestOf(
    os,
    ofTheSameIds(
      read.map(({ patch }) => patch),
      allowed,
    ),
  ).read;
  const surplus = read.filter((it) => !isWithin(os, it, most.get(it.version.name)));
  return [
    ...surplus.map(({ patch, version }) => pinned(patch, version)),
    ...unread.map(({ id, title }) => ({ id, title })),
  ];
}

const isWithin = (os: OperatingSystem, { version }: Found, most: Found | undefined): boolean =>
  most !== undefined && isAtMost(os, version, most.version);

/** Those of the patches that bear one of the ids, in whatever case a Windows update's is written. */
function ofTheSameIds<Patch extends PinnedPatch>(ids: readonly PinnedPatch[], patches: readonly Patch[]): Patch[] {
  const known = new Set(ids.map(({ id }) => id.toUpperCase()));
  return known.size === 0 ? [] : patches.filter(({ id }) => known.has(id.toUpperCase()));
}
const textOf = ({ id, title }: PinnedPatch): string => `${id} ${title}`;

/** Still offered, or gone from where it came from: a person does something else about each. */
function absentFaults(absent: readonly PinnedPatch[], { os, after }: Evidence): string[] {
  const failed = newestOf(os, inStates(after, ['Failed'])).read;
  const missing = readable(os, inStates(after, ['Missing', 'AvailableSecurityUpdate']));
  const stillOffered = (patch: PinnedPatch): boolean =>
    readable(os, [patch]).every(({ version }) =>
      missing.some((it) => it.version.name === version.name && isAtMost(os, it.version, version)),
    );
  const unexplained = absent.filter((patch) => !failed.has(patch.id));
  return [
    ...fault(unexplained.filter(stillOffered), 0, 'still missing'),
    ...fault(
      unexplained.filter((patch) => !stillOffered(patch)),
      0,
      'no longer available',
    ),
  ];
}

function rebootFaults({ after, state, rebootPolicy }: Evidence): string[] {
  const waiting = inStates(after, ['InstalledPendingReboot']);
  if (waiting.length === 0 && state.pendingReboot === 0) return [];
  const because = rebootPolicy === 'never' ? ' (the plan says reboot: never)' : '';
  return fault(waiting, state.pendingReboot, `waiting for a reboot${because}`);
}

/** `3 patches still missing: a, b, c`; the scan's own count where it listed none. */
function fault(patches: readonly PinnedPatch[], counted: number, what: string): string[] {
  const count = patches.length || counted;
  if (count === 0) return [];
  const names = patches.map(nameOf).sort();
  const shown = names.slice(0, SHOWN).join(', ');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return [`${count} ${count === 1 ? 'patch' : 'patches'} ${what}${shown && `: ${shown}`}${more}`];
}
const SHOWN = 3;
const nameOf = ({ id, title }: PinnedPatch): string => (isWindowsUpdate(id) || title === '' ? id : title);

function successReason(due: number, added: number, { pinned: pins, before }: Evidence): string {
  if (pins === null) return before === null ? 'nothing is missing' : `nothing is missing; ${added} installed`;
  if (before === null) return 'nothing that is pinned is missing';
  if (due === 0) return 'nothing that is pinned was missing';
  return `every pinned patch that was missing is present (${due})`;
}

const inStates = (patches: readonly NodePatch[], states: readonly PatchState[]): NodePatch[] =>
  patches.filter((patch) => states.includes(patch.state));

const readable = (os: OperatingSystem, patches: readonly PinnedPatch[]): Found[] =>
  patches.flatMap((patch) => {
    const version = parsePatch(os, patch);
    return version === null ? [] : { patch, version };
  });
