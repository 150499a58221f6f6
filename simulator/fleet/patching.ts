import type { Patch } from '../catalogue/catalogue.js';
import { matchesGlob } from '../glob.js';
import { approvalMoment, baselineOf, judge, patchGroupOf } from './approval.js';
import type { Fleet } from './fleet.js';
import type { FleetNode, InstallPlan, PatchReport, PatchRow } from './model.js';
import { namesPatch, type OverrideEntry, readOverrideList } from './override-list.js';
import type { Baseline } from './registered.js';

/** The parameters of AWS-RunPatchBaseline that a node reads. */
export interface PatchOperation {
  operation: 'Scan' | 'Install';
  rebootOption: string;
  snapshotId: string | undefined;
  installOverrideList: string | undefined;
}

/**
 * What an install would do on a node now: the newest version of each package that its baseline approves, or that its
 * override list names, with what those need. `now` is wall time.
 */
export function planInstall(fleet: Fleet, node: FleetNode, operation: PatchOperation, now: number): InstallPlan {
  const location = operation.installOverrideList;
  const list = location ? readOverrideList(fleet, node, location) : undefined;
  if (list && 'refused' in list) return { install: [], failed: [], refused: list.refused };
  const wanted = list
    ? newestOf(fleet, node, now, (patch) => list.some((entry) => namesPatch(entry, patch)))
    : approvedFor(fleet, node, operation, now);
  return resolve(fleet, node, wanted, list ?? [], now);
}

/** Puts a plan into effect. */
export function applyPlan(fleet: Fleet, node: FleetNode, plan: InstallPlan, at: number): void {
  for (const { id, version, title } of plan.install) {
    const reboot = fleet.catalogue.versions(node.os, id).find((patch) => patch.version === version)?.reboot ?? true;
    node.packages[id] = { version, installedAt: at, pendingReboot: reboot };
    node.failed = node.failed.filter((each) => each !== title);
  }
  for (const { title } of plan.failed) if (!node.failed.includes(title)) node.failed.push(title);
  fleet.nodes.put(node.id, node);
}

/** What a node reports at the end of a scan or an install; it replaces what it reported before. Times are wall time. */
export function report(
  fleet: Fleet,
  node: FleetNode,
  operation: PatchOperation,
  startedAt: number,
  endedAt: number,
): void {
  const baseline = baselineOf(fleet, node);
  const asOf = approvalMoment(fleet, node, operation.snapshotId, endedAt);
  const nonCompliant = { critical: 0, security: 0, other: 0 };
  const rows = fleet.catalogue.packages(node.os).flatMap((id) => rowsOf(fleet, node, baseline, id, asOf, nonCompliant));
  const noReboot = operation.operation === 'Install' && operation.rebootOption === 'NoReboot';
  const lastNoReboot = noReboot ? endedAt : fleet.reports.get(node.id)?.noRebootInstallAt;
  const made: PatchReport = {
    node: node.id,
    patchGroup: patchGroupOf(node),
    baselineId: baseline.id,
    operation: operation.operation,
    startedAt,
    endedAt,
    rebootOption: operation.rebootOption,
    rows,
    nonCompliant,
    ...(operation.snapshotId ? { snapshotId: operation.snapshotId } : {}),
    ...(operation.installOverrideList ? { installOverrideList: operation.installOverrideList } : {}),
    ...(lastNoReboot === undefined ? {} : { noRebootInstallAt: lastNoReboot }),
  };
  fleet.reports.put(node.id, made);
}

/** Whether a patch must be restarted for on this node. */
export const rebootPending = (node: FleetNode): boolean =>
  Object.values(node.packages).some((installed) => installed.pendingReboot);

function approvedFor(fleet: Fleet, node: FleetNode, operation: PatchOperation, now: number): Patch[] {
  const baseline = baselineOf(fleet, node);
  const asOf = approvalMoment(fleet, node, operation.snapshotId, now);
  return newestOf(fleet, node, now, (patch) => judge(baseline, patch, asOf).approved);
}

/** Of each package that the node has (of all Windows updates), the newest matching version above the installed one. */
function newestOf(fleet: Fleet, node: FleetNode, now: number, wanted: (patch: Patch) => boolean): Patch[] {
  return fleet.catalogue.packages(node.os).flatMap((id) => {
    const newest = fleet.catalogue.offered(node.os, id, now).filter(wanted).at(-1);
    return newest && applies(node, newest) && isNewer(fleet, node, newest) ? [newest] : [];
  });
}

/** A Linux package must be there to be updated; a Windows update applies wherever it is not optional. */
const applies = (node: FleetNode, patch: Patch): boolean =>
  node.packages[patch.id] !== undefined || (patch.version === '' && !patch.optional);

function isNewer(fleet: Fleet, node: FleetNode, patch: Patch): boolean {
  return rank(fleet, node, patch.id, patch.version) > rank(fleet, node, patch.id, node.packages[patch.id]?.version);
}

function rank(fleet: Fleet, node: FleetNode, id: string, version: string | undefined): number {
  return version === undefined
    ? -1
    : fleet.catalogue.versions(node.os, id).findIndex((patch) => patch.version === version);
}

/** Adds what the wanted patches need, and sorts out what cannot be installed. */
function resolve(
  fleet: Fleet,
  node: FleetNode,
  wanted: readonly Patch[],
  list: readonly OverrideEntry[],
  now: number,
): InstallPlan {
  const chosen = new Map(wanted.map((patch) => [patch.id, patch]));
  const failed = new Map<string, string>();
  const queue = [...wanted];
  for (let patch = queue.shift(); patch; patch = queue.shift()) {
    for (const need of patch.requires) {
      const found = fleet.catalogue
        .offered(node.os, need.id, now)
        .findLast((each) => need.version === undefined || each.version === need.version);
      if (!found) {
        if (rank(fleet, node, need.id, node.packages[need.id]?.version) < 0)
          failed.set(patch.title, `${need.id} is no longer available`);
        continue;
      }
      const pins = list.filter((entry) => entry.title !== undefined && matchesGlob(entry.id, need.id));
      const current = chosen.get(need.id);
      if (need.version !== undefined && pins.length > 0 && !pins.some((pin) => namesPatch(pin, found))) {
        failed.set(patch.title, `${need.id} is pinned to another version than ${found.title}`);
      } else if (current === undefined && isNewer(fleet, node, found) && pins.length === 0) {
        chosen.set(need.id, found);
        queue.push(found);
      }
    }
  }
  const pattern = node.behaviour.failsToPatch;
  const install = [...chosen.values()].filter((patch) => {
    if (pattern !== undefined && matchesGlob(pattern, patch.id)) failed.set(patch.title, 'the package manager gave up');
    return !failed.has(patch.title);
  });
  return {
    install: install.map(({ id, version, title }) => ({ id, version, title })),
    failed: [...failed].map(([title, reason]) => ({ title, reason })),
  };
}

function rowsOf(
  fleet: Fleet,
  node: FleetNode,
  baseline: Baseline,
  id: string,
  asOf: number,
  nonCompliant: PatchReport['nonCompliant'],
): PatchRow[] {
  const rows: PatchRow[] = [];
  const add = (patch: Patch, state: string, installedAt: number, level: string) => {
    rows.push(rowOf(patch, state, installedAt));
    if (['Installed', 'InstalledOther', 'NotApplicable'].includes(state)) return;
    if (level === 'CRITICAL') nonCompliant.critical += 1;
    else if (patch.classification.startsWith('Security')) nonCompliant.security += 1;
    else nonCompliant.other += 1;
  };
  const offered = fleet.catalogue.offered(node.os, id, asOf);
  const newest = offered.findLast((patch) => judge(baseline, patch, asOf).approved);
  const installed = node.packages[id];
  if (installed) {
    const patch = fleet.catalogue.versions(node.os, id).find((each) => each.version === installed.version);
    if (patch) {
      const verdict = judge(baseline, patch, asOf);
      const present = verdict.approved ? 'Installed' : 'InstalledOther';
      const state = verdict.rejected
        ? 'InstalledRejected'
        : installed.pendingReboot
          ? 'InstalledPendingReboot'
          : present;
      add(patch, state, installed.installedAt, verdict.level);
    }
  }
  const failedOlder = offered.filter(
    (patch) => patch !== newest && node.failed.includes(patch.title) && isNewer(fleet, node, patch),
  );
  for (const patch of failedOlder) add(patch, 'Failed', 0, judge(baseline, patch, asOf).level);
  if (!newest || (installed && !isNewer(fleet, node, newest))) return rows;
  const state = !applies(node, newest) ? 'NotApplicable' : node.failed.includes(newest.title) ? 'Failed' : 'Missing';
  add(newest, state, 0, judge(baseline, newest, asOf).level);
  return rows;
}

function rowOf(patch: Patch, state: string, installedAt: number): PatchRow {
  return {
    Title: patch.title,
    KBId: patch.id,
    Classification: patch.classification,
    Severity: patch.os === 'ubuntu-22.04' ? patch.priority : patch.severity,
    State: state,
    InstalledTime: installedAt,
    ...(patch.cves.length > 0 ? { CVEIds: patch.cves.join(',') } : {}),
  };
}
