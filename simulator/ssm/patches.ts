import { z } from 'zod';
import { type Patch, SSM_OPERATING_SYSTEM } from '../catalogue/catalogue.js';
import type { PatchReport, PatchRow } from '../fleet/model.js';
import { matchesGlob } from '../glob.js';
import { jsonOperation } from '../http/operation.js';
import { instanceIds, nodeOf, pageOf, paging, seconds } from './common.js';

const filters = z
  .array(z.object({ Key: z.string(), Values: z.array(z.string()) }))
  .max(5)
  .default([]);

/** What each node reported last; nodes that never reported are left out. */
export const describeInstancePatchStates = jsonOperation(
  z.object({ InstanceIds: instanceIds, ...paging(10, 100) }),
  (input, call) => {
    const reports = input.InstanceIds.filter((id) => nodeOf(id, call)).flatMap(
      (id) => call.fleet.reports.get(id) ?? [],
    );
    const { page, token } = pageOf(reports, (report) => report.node, input);
    return { InstancePatchStates: page.map(patchState), ...token };
  },
);

export const describeInstancePatches = jsonOperation(
  z.object({ InstanceId: z.string(), Filters: filters, ...paging(10, 100) }),
  (input, call) => {
    const report = nodeOf(input.InstanceId, call) && call.fleet.reports.get(input.InstanceId);
    const rows = (report?.rows ?? []).filter((row) =>
      input.Filters.every(({ Key, Values }) => Values.includes(field(row, Key))),
    );
    const { page, token } = pageOf(rows, (row) => `${row.Title}/${row.State}`, input);
    return { Patches: page.map((row) => ({ ...row, InstalledTime: seconds(row.InstalledTime) })), ...token };
  },
);

/** What the repositories hold; as with AWS for Windows and Amazon Linux only, here Amazon Linux 2023 for want of older ones. */
export const describeAvailablePatches = jsonOperation(
  z.object({ Filters: filters, ...paging(1, 100) }),
  (input, { fleet }) => {
    const now = fleet.clock.wall();
    const found = [...fleet.catalogue.all()].filter(
      (patch) =>
        patch.os !== 'ubuntu-22.04' &&
        patch.releasedAt <= now &&
        (patch.withdrawnAt === undefined || patch.withdrawnAt > now) &&
        input.Filters.every(({ Key, Values }) =>
          Values.some((value) => matchesGlob(value, catalogueField(patch, Key))),
        ),
    );
    const { page, token } = pageOf(found, (patch) => `${patch.os}/${patch.title}`, input);
    return { Patches: page.map(availablePatch), ...token };
  },
);

function patchState(report: PatchReport) {
  const count = (state: string) => report.rows.filter((row) => row.State === state).length;
  return {
    InstanceId: report.node,
    PatchGroup: report.patchGroup,
    BaselineId: report.baselineId,
    OperationStartTime: seconds(report.startedAt),
    OperationEndTime: seconds(report.endedAt),
    Operation: report.operation,
    ...(report.snapshotId ? { SnapshotId: report.snapshotId } : {}),
    ...(report.installOverrideList ? { InstallOverrideList: report.installOverrideList } : {}),
    ...(report.rebootOption ? { RebootOption: report.rebootOption } : {}),
    ...(report.noRebootInstallAt ? { LastNoRebootInstallOperationTime: seconds(report.noRebootInstallAt) } : {}),
    OwnerInformation: '',
    InstalledCount: count('Installed'),
    InstalledOtherCount: count('InstalledOther'),
    InstalledPendingRebootCount: count('InstalledPendingReboot'),
    InstalledRejectedCount: count('InstalledRejected'),
    MissingCount: count('Missing'),
    FailedCount: count('Failed'),
    NotApplicableCount: count('NotApplicable'),
    UnreportedNotApplicableCount: 0,
    CriticalNonCompliantCount: report.nonCompliant.critical,
    SecurityNonCompliantCount: report.nonCompliant.security,
    OtherNonCompliantCount: report.nonCompliant.other,
  };
}

function field(row: PatchRow, key: string): string {
  const fields: Record<string, string> = {
    State: row.State,
    KBId: row.KBId,
    Title: row.Title,
    Classification: row.Classification,
    Severity: row.Severity,
  };
  return fields[key] ?? '';
}

function catalogueField(patch: Patch, key: string): string {
  const fields: Record<string, string> = {
    CLASSIFICATION: patch.classification,
    SEVERITY: patch.severity,
    MSRC_SEVERITY: patch.severity,
    PATCH_ID: patch.id,
    NAME: patch.id.split('.')[0] ?? '',
    PRODUCT: productOf(patch),
    PRODUCT_FAMILY: 'Windows',
    PATCH_SET: 'OS',
    OPERATING_SYSTEM: SSM_OPERATING_SYSTEM[patch.os],
  };
  return fields[key] ?? '';
}

const productOf = (patch: Patch): string =>
  patch.os === 'windows-server-2022' ? 'WindowsServer2022' : 'AmazonLinux2023';

function availablePatch(patch: Patch) {
  const common = {
    ReleaseDate: seconds(patch.releasedAt),
    Title: patch.title,
    Classification: patch.classification,
    Product: productOf(patch),
    CVEIds: patch.cves,
  };
  if (patch.os === 'windows-server-2022') {
    return {
      ...common,
      Id: patch.id,
      KbNumber: patch.id,
      MsrcSeverity: patch.severity,
      Vendor: 'Microsoft',
      ProductFamily: 'Windows',
    };
  }
  const [name = '', arch = ''] = patch.id.split('.');
  const [epoch = '0', rest = ''] = patch.version.split(':');
  const [version = '', release = ''] = rest.split('-');
  return {
    ...common,
    Id: patch.title,
    Name: name,
    Arch: arch,
    Epoch: Number(epoch),
    Version: version,
    Release: release,
    Severity: patch.severity,
  };
}
