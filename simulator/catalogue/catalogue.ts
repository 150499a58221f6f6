import type { FleetDescription, PatchInput } from '../description.js';
import type { OperatingSystem } from '../fleet/model.js';
import type { Table } from '../journal.js';
import { BUILT_IN_PATCHES } from './built-in.js';

const DAY = 86_400_000;

/** One version of one package, or one Windows update. */
export interface Patch {
  os: OperatingSystem;
  /** `name.architecture`, or the KB id. */
  id: string;
  /** `epoch:version-release`, the dpkg version, or nothing for Windows. */
  version: string;
  /** What DescribeInstancePatches shows: `name.arch:version`, or the update's title. */
  title: string;
  classification: string;
  severity: string;
  priority: string;
  requires: { id: string; version?: string | undefined }[];
  reboot: boolean;
  /** Only on nodes that name it. */
  optional: boolean;
  cves: string[];
  releasedAt: number;
  withdrawnAt?: number;
}

/** What SSM calls each operating system. */
export const SSM_OPERATING_SYSTEM: Record<OperatingSystem, string> = {
  'amazon-linux-2023': 'AMAZON_LINUX_2023',
  'ubuntu-22.04': 'UBUNTU',
  'windows-server-2022': 'WINDOWS',
};

export const isWindows = (os: OperatingSystem): boolean => os === 'windows-server-2022';

/** All patches of all operating systems: what a moment offers depends on release and withdrawal. */
export class Catalogue {
  readonly #table: Table<Patch>;
  readonly #byPackage = new Map<OperatingSystem, Map<string, Patch[]>>();

  constructor(table: Table<Patch>) {
    this.#table = table;
    for (const patch of table.values()) this.#index(patch);
  }

  /** Fills an empty catalogue. `began` is the wall time from which days ago are counted. */
  fill(description: FleetDescription, began: number): void {
    const inputs = [...(description.builtInPatches ? BUILT_IN_PATCHES : []), ...description.patches];
    for (const input of inputs) this.add(input, began);
  }

  /** Adds a patch; without a release time of its own it is released at `began`. */
  add(input: PatchInput, began: number): Patch {
    const releasedAt = began + (input.releasedAfterSeconds ?? 0) * 1000 - (input.releasedDaysAgo ?? 0) * DAY;
    const { withdrawnAfterSeconds } = input;
    const patch: Patch = {
      os: input.os,
      id: input.id,
      version: input.version,
      title: input.title ?? (isWindows(input.os) ? input.id : `${input.id}:${input.version}`),
      classification: input.classification,
      severity: input.severity,
      priority: input.priority,
      requires: input.requires,
      reboot: input.reboot,
      optional: input.optional,
      cves: input.cves,
      releasedAt,
      ...(withdrawnAfterSeconds === undefined ? {} : { withdrawnAt: began + withdrawnAfterSeconds * 1000 }),
    };
    this.#table.put(keyOf(patch), patch);
    this.#index(patch);
    return patch;
  }

  /** Takes patches out of their repository from `at` on; those installed stay. */
  withdraw(os: OperatingSystem, id: string, version: string | undefined, at: number): Patch[] {
    const gone = this.versions(os, id).filter((patch) => version === undefined || patch.version === version);
    for (const patch of gone) {
      patch.withdrawnAt = at;
      this.#table.put(keyOf(patch), patch);
    }
    return gone;
  }

  packages(os: OperatingSystem): string[] {
    return [...(this.#byPackage.get(os)?.keys() ?? [])];
  }

  /** All versions of a package, oldest release first. */
  versions(os: OperatingSystem, id: string): readonly Patch[] {
    return this.#byPackage.get(os)?.get(id) ?? [];
  }

  /** Versions of a package that can be had at `now`, oldest first. */
  offered(os: OperatingSystem, id: string, now: number): Patch[] {
    return this.versions(os, id).filter(
      (patch) => patch.releasedAt <= now && (patch.withdrawnAt === undefined || patch.withdrawnAt > now),
    );
  }

  all(): IterableIterator<Patch> {
    return this.#table.values();
  }

  #index(patch: Patch): void {
    const packages = this.#byPackage.get(patch.os) ?? new Map<string, Patch[]>();
    this.#byPackage.set(patch.os, packages);
    const versions = (packages.get(patch.id) ?? []).filter((each) => each.version !== patch.version);
    versions.push(patch);
    versions.sort((left, right) => left.releasedAt - right.releasedAt);
    packages.set(patch.id, versions);
  }
}

const keyOf = (patch: Patch): string => `${patch.os}/${patch.id}/${patch.version}`;
