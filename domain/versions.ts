import type { PinnedPatch } from './fleet.js';
import { type OperatingSystem, packageScheme } from './fleet.js';
import { compareText } from './order.js';

/** The schemes in which one version is older or newer than another; Windows updates have none. */
export type VersionScheme = 'rpm' | 'dpkg';
export type Comparison = -1 | 0 | 1;

/**
 * Compares two versions as the package manager itself does: `[epoch:]version[-release]` by rpm's rules (`~` before
 * everything, `^` after the end and before everything else), `[epoch:]upstream[-revision]` by dpkg's.
 * An epoch that is left out is 0.
 */
export function compareVersions(scheme: VersionScheme, a: string, b: string): Comparison {
  if (a === b) return 0;
  const [left, right] = [partsOf(a), partsOf(b)];
  const compareParts = scheme === 'rpm' ? compareRpm : compareDpkg;
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.version, right.version) ||
    compareParts(left.release, right.release)
  );
}

/** A patch read: which package or update it is, and in which version. */
export interface ReadPatch {
  /** Linux: `name.architecture`; Windows: the KB or bulletin id in capitals. */
  readonly name: string;
  /** rpm: `epoch:version-release`; dpkg: the version; Windows: empty, since the name alone is the version. */
  readonly version: string;
}

/**
 * Reads a patch as SSM reports it: rpm titles `name.arch:[epoch:]version-release` and `name-epoch:version-release.arch`,
 * dpkg titles `name.arch:version`, Windows ids `KB…` and `MS…-…`. Null for what says anything else, or whose title
 * names another package than its id: the caller lists it, since a guess could install the wrong version.
 */
export function parsePatch(os: OperatingSystem, patch: PinnedPatch): ReadPatch | null {
  const scheme = packageScheme(os);
  if (scheme === 'kb') return isWindowsUpdate(patch.id) ? { name: patch.id.toUpperCase(), version: '' } : null;
  if (!LINUX_ID.test(patch.id)) return null;
  const version = patch.title.startsWith(`${patch.id}:`)
    ? patch.title.slice(patch.id.length + 1)
    : scheme === 'rpm'
      ? versionInFileName(patch)
      : null;
  if (version === null) return null;
  if (scheme === 'dpkg') return DPKG_VERSION.test(version) ? { name: patch.id, version } : null;
  const rpm = RPM_VERSION.exec(version);
  return rpm === null ? null : { name: patch.id, version: `${rpm[1] ?? '0'}:${rpm[2]}` };
}

/** The patch with its title in the form that an InstallOverrideList wants; a Windows update keeps its title for people. */
export const pinned = (patch: PinnedPatch, read: ReadPatch): PinnedPatch => ({
  id: read.name,
  title: read.version === '' ? patch.title : `${read.name}:${read.version}`,
});

/** Of two patches of one package: is the first's version at most the second's? Windows updates have one version each. */
export function isAtMost(os: OperatingSystem, a: ReadPatch, b: ReadPatch): boolean {
  const scheme = packageScheme(os);
  return scheme === 'kb' || compareVersions(scheme, a.version, b.version) <= 0;
}

/** `KB5034441`, or a security bulletin's `MS17-010`. */
export const isWindowsUpdate = (id: string): boolean => /^(KB\d+|MS\d{2}-\d+)$/i.test(id);

const LINUX_ID = /^[^\s:*?]+\.[A-Za-z0-9_]+$/;
const RPM_VERSION = /^(?:(\d+):)?([^\s:*?-]+-[^\s:*?-]+)$/;
const DPKG_VERSION = /^(?:\d+:)?\d[A-Za-z0-9.+~:-]*(?<!-)$/;

/** `bind-utils-32:9.11.4-26.x86_64` of `bind-utils.x86_64` → `32:9.11.4-26`. */
function versionInFileName({ id, title }: PinnedPatch): string | null {
  const dot = id.lastIndexOf('.');
  const [start, end] = [`${id.slice(0, dot)}-`, id.slice(dot)];
  if (!title.startsWith(start) || !title.endsWith(end) || title.length <= start.length + end.length) return null;
  const version = title.slice(start.length, -end.length);
  return /^\d+:/.test(version) ? version : null;
}

function partsOf(text: string): { epoch: string; version: string; release: string } {
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : text.slice(0, colon),
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/**
 * rpm (rpmvercmp): runs of digits, runs of letters, `~` and `^`; everything else only separates. Where the first
 * difference lies, `~` comes before the end, then `^`, letters, digits.
 */
function compareRpm(a: string, b: string): Comparison {
  const [left, right] = [segmentsOf(a), segmentsOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [one, two] = [left[at] ?? '', right[at] ?? ''];
    const [rank, other] = [rankOf(one), rankOf(two)];
    if (rank !== other) return rank < other ? -1 : 1;
    const difference = rank === DIGITS ? compareNumbers(one, two) : compareText(one, two);
    if (difference !== 0) return difference;
  }
  return 0;
}
const DIGITS = 4;
const segmentsOf = (text: string): readonly string[] => text.match(/\d+|[A-Za-z]+|[~^]/g) ?? [];
const rankOf = (segment: string): number => {
  if (segment === '~') return 0;
  if (segment === '') return 1;
  if (segment === '^') return 2;
  return /^\d/.test(segment) ? DIGITS : 3;
};

/**
 * dpkg (Debian policy 5.6.12): stretches without digits and stretches of digits in turn. Without digits: `~` before the
 * end, the end before letters, letters before everything else.
 */
function compareDpkg(a: string, b: string): Comparison {
  const [left, right] = [stretchesOf(a), stretchesOf(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const [one, two] = [left[at] ?? '', right[at] ?? ''];
    const difference = at % 2 === 0 ? compareStretches(one, two) : compareNumbers(one, two);
    if (difference !== 0) return difference;
  }
  return 0;
}
/** Even positions have no digits, odd ones only digits. */
const stretchesOf = (text: string): readonly string[] => text.split(/(\d+)/);
function compareStretches(a: string, b: string): Comparison {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [one, two] = [weightOf(a.charAt(at)), weightOf(b.charAt(at))];
    if (one !== two) return one < two ? -1 : 1;
  }
  return 0;
}
function weightOf(character: string): number {
  if (character === '') return 0;
  if (character === '~') return -1;
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

/** Digits of any length: versions hold dates and build numbers beyond what a number can carry exactly. */
function compareNumbers(a: string, b: string): Comparison {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  return compareText(left, right);
}
