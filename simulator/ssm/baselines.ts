import { z } from 'zod';
import { SSM_OPERATING_SYSTEM } from '../catalogue/catalogue.js';
import { AwsError, validationError } from '../errors.js';
import { defaultBaseline } from '../fleet/approval.js';
import type { Baseline } from '../fleet/registered.js';
import { type Call, jsonOperation } from '../http/operation.js';
import { approvalRules, checkRules, patchFilterGroup } from './baseline-rules.js';
import { pageOf, paging, seconds, tagList, tagsToRecord } from './common.js';

const OPERATING_SYSTEMS = Object.values(SSM_OPERATING_SYSTEM);
const operatingSystem = z.enum(OPERATING_SYSTEMS, `Member must be one of ${OPERATING_SYSTEMS.join(', ')}`);
const level = z.enum(['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNSPECIFIED']);
const patchNames = z.array(z.string().min(1).max(100)).max(50, 'Member must have length less than or equal to 50');
const name = z.string().regex(/^[a-zA-Z0-9_\-.]{3,128}$/, 'Member must satisfy ^[a-zA-Z0-9_\\-.]{3,128}$');

const settings = {
  GlobalFilters: patchFilterGroup.optional(),
  ApprovalRules: approvalRules.optional(),
  ApprovedPatches: patchNames.optional(),
  ApprovedPatchesComplianceLevel: level.optional(),
  ApprovedPatchesEnableNonSecurity: z.boolean().optional(),
  RejectedPatches: patchNames.optional(),
  RejectedPatchesAction: z.enum(['ALLOW_AS_DEPENDENCY', 'BLOCK']).optional(),
  Description: z.string().max(1024).optional(),
  Sources: z
    .array(
      z.object({
        Name: z.string().min(3).max(50),
        Products: z.array(z.string().min(1).max(128)).min(1).max(20),
        Configuration: z.string().min(1).max(1024),
      }),
    )
    .max(20)
    .optional(),
};
type Settings = z.output<z.ZodObject<typeof settings>>;

/** With a client token that was used before, the baseline which that one created. */
export const createPatchBaseline = jsonOperation(
  z.object({
    Name: name,
    OperatingSystem: operatingSystem.default('WINDOWS'),
    ClientToken: z.string().optional(),
    Tags: tagList.default([]),
    ...settings,
  }),
  (input, call) => {
    const { fleet, account, region } = call;
    const earlier =
      input.ClientToken && ownBaselines(call).find((baseline) => baseline.clientToken === input.ClientToken);
    if (earlier) return { BaselineId: earlier.id };
    checkRules(input.OperatingSystem, input.ApprovalRules?.PatchRules ?? []);
    const id = `pb-0${fleet.chance.hex(16, 'baseline', fleet.next('baseline'))}`;
    const now = fleet.clock.wall();
    const empty = { ...defaultBaseline(account, region, input.OperatingSystem), rules: [], description: '' };
    const baseline: Baseline = {
      ...withSettings({ ...empty, id, name: input.Name, predefined: false, createdAt: now }, input, now),
      tags: tagsToRecord(input.Tags),
      ...(input.ClientToken ? { clientToken: input.ClientToken } : {}),
    };
    fleet.baselines.put(id, baseline);
    record(call, 'baseline-created', { baseline: id, name: baseline.name, os: baseline.operatingSystem });
    return { BaselineId: id };
  },
);

/** Fields that are left out stay as they are, unless `Replace` is set: then they are emptied. */
export const updatePatchBaseline = jsonOperation(
  z.object({ BaselineId: z.string(), Name: name.optional(), Replace: z.boolean().default(false), ...settings }),
  (input, call) => {
    const baseline = ownBaseline(input.BaselineId, call);
    checkRules(baseline.operatingSystem, input.ApprovalRules?.PatchRules ?? []);
    const now = call.fleet.clock.wall();
    const emptied: Settings = {
      GlobalFilters: { PatchFilters: [] },
      ApprovalRules: { PatchRules: [] },
      ApprovedPatches: [],
      ApprovedPatchesComplianceLevel: 'UNSPECIFIED',
      ApprovedPatchesEnableNonSecurity: false,
      RejectedPatches: [],
      RejectedPatchesAction: 'ALLOW_AS_DEPENDENCY',
      Description: '',
      Sources: [],
    };
    const start = input.Replace ? withSettings(baseline, emptied, now) : baseline;
    const updated = withSettings({ ...start, name: input.Name ?? start.name }, input, now);
    call.fleet.baselines.put(updated.id, updated);
    record(call, 'baseline-updated', { baseline: updated.id, name: updated.name });
    return describe(updated);
  },
);

export const getPatchBaseline = jsonOperation(z.object({ BaselineId: z.string() }), ({ BaselineId }, call) => ({
  ...describe(anyBaseline(BaselineId, call)),
  PatchGroups: groupsOf(call)
    .filter((mapping) => mapping.baselineId === BaselineId)
    .map((mapping) => mapping.group),
}));

export const deletePatchBaseline = jsonOperation(z.object({ BaselineId: z.string() }), ({ BaselineId }, call) => {
  const baseline = call.fleet.baselines.get(BaselineId);
  if (!baseline) return { BaselineId };
  ownBaseline(BaselineId, call);
  if (groupsOf(call).some((mapping) => mapping.baselineId === BaselineId)) {
    throw new AwsError('ResourceInUseException', `The patch baseline ${BaselineId} is registered for a patch group.`);
  }
  call.fleet.baselines.delete(BaselineId);
  record(call, 'baseline-deleted', { baseline: BaselineId });
  return { BaselineId };
});

export const describePatchBaselines = jsonOperation(
  z.object({
    Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()) })).default([]),
    ...paging(1, 100),
  }),
  (input, call) => {
    const defaults = OPERATING_SYSTEMS.map((system) => defaultBaseline(call.account, call.region, system));
    const found = [...ownBaselines(call), ...defaults].filter((baseline) =>
      input.Filters.every(({ Key, Values }) => passes(baseline, Key, Values)),
    );
    const { page, token } = pageOf(found, (baseline) => baseline.id, input);
    return { BaselineIdentities: page.map(identity), ...token };
  },
);

export const getDefaultPatchBaseline = jsonOperation(
  z.object({ OperatingSystem: operatingSystem.default('WINDOWS') }),
  ({ OperatingSystem }, { account, region }) => ({
    BaselineId: defaultBaseline(account, region, OperatingSystem).id,
    OperatingSystem,
  }),
);

const patchGroup = z.string().min(1).max(256);

export const registerPatchBaselineForPatchGroup = jsonOperation(
  z.object({ BaselineId: z.string(), PatchGroup: patchGroup }),
  ({ BaselineId, PatchGroup }, call) => {
    const baseline = anyBaseline(BaselineId, call);
    const key = groupKey(call, baseline.operatingSystem, PatchGroup);
    const current = call.fleet.patchGroups.get(key);
    if (current !== undefined && current !== BaselineId) {
      const message = `Patch Group baseline already registered for OS: ${baseline.operatingSystem}`;
      throw new AwsError('AlreadyExistsException', message);
    }
    call.fleet.patchGroups.put(key, BaselineId);
    if (current === undefined) record(call, 'baseline-registered', { baseline: BaselineId, patchGroup: PatchGroup });
    return { BaselineId, PatchGroup };
  },
);

export const deregisterPatchBaselineForPatchGroup = jsonOperation(
  z.object({ BaselineId: z.string(), PatchGroup: patchGroup }),
  ({ BaselineId, PatchGroup }, call) => {
    const baseline = anyBaseline(BaselineId, call);
    const key = groupKey(call, baseline.operatingSystem, PatchGroup);
    if (call.fleet.patchGroups.get(key) !== BaselineId) {
      throw new AwsError('DoesNotExistException', 'The patch group is not registered with this baseline.', 404);
    }
    call.fleet.patchGroups.delete(key);
    record(call, 'baseline-deregistered', { baseline: BaselineId, patchGroup: PatchGroup });
    return { BaselineId, PatchGroup };
  },
);

/** The registered baseline, else the operating system's default. */
export const getPatchBaselineForPatchGroup = jsonOperation(
  z.object({ PatchGroup: patchGroup, OperatingSystem: operatingSystem.default('WINDOWS') }),
  ({ PatchGroup, OperatingSystem }, call) => ({
    BaselineId:
      call.fleet.patchGroups.get(groupKey(call, OperatingSystem, PatchGroup)) ??
      defaultBaseline(call.account, call.region, OperatingSystem).id,
    PatchGroup,
    OperatingSystem,
  }),
);

export const describePatchGroups = jsonOperation(
  z.object({
    Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()) })).default([]),
    ...paging(1, 100),
  }),
  (input, call) => {
    const found = groupsOf(call).flatMap(({ group, baselineId }) => {
      const baseline = anyBaseline(baselineId, call);
      const passing = input.Filters.every(({ Key, Values }) =>
        Key === 'OPERATING_SYSTEM'
          ? Values.includes(baseline.operatingSystem)
          : Values.some((value) => group.startsWith(value)),
      );
      return passing ? [{ PatchGroup: group, BaselineIdentity: identity(baseline) }] : [];
    });
    const { page, token } = pageOf(found, (each) => `${each.PatchGroup}/${each.BaselineIdentity.BaselineId}`, input);
    return { Mappings: page, ...token };
  },
);

function withSettings(baseline: Baseline, input: Settings, now: number): Baseline {
  return {
    ...baseline,
    modifiedAt: now,
    globalFilters: input.GlobalFilters?.PatchFilters ?? baseline.globalFilters,
    rules: input.ApprovalRules?.PatchRules ?? baseline.rules,
    approved: input.ApprovedPatches ?? baseline.approved,
    approvedLevel: input.ApprovedPatchesComplianceLevel ?? baseline.approvedLevel,
    approvedNonSecurity: input.ApprovedPatchesEnableNonSecurity ?? baseline.approvedNonSecurity,
    rejected: input.RejectedPatches ?? baseline.rejected,
    rejectedAction: input.RejectedPatchesAction ?? baseline.rejectedAction,
    description: input.Description ?? baseline.description,
    sources: input.Sources ?? baseline.sources ?? [],
  };
}

function ownBaselines({ fleet, account, region }: Call): Baseline[] {
  return [...fleet.baselines.values()].filter((each) => each.account === account && each.region === region);
}

function anyBaseline(id: string, call: Call): Baseline {
  const predefined = OPERATING_SYSTEMS.map((system) => defaultBaseline(call.account, call.region, system));
  return predefined.find((baseline) => baseline.id === id) ?? ownBaseline(id, call);
}

function ownBaseline(id: string, { fleet, account, region }: Call): Baseline {
  if (!/^(pb-[0-9a-f]{17}|arn:aws:ssm:.*)$/.test(id))
    throw new AwsError('InvalidResourceId', `${id} is no patch baseline id.`);
  const baseline = fleet.baselines.get(id);
  if (baseline && baseline.account === account && baseline.region === region) return baseline;
  if (id.startsWith('arn:')) throw validationError('A predefined patch baseline cannot be changed.');
  throw new AwsError('DoesNotExistException', `Patch baseline ${id} does not exist.`, 404);
}

const groupKey = ({ account, region }: Call, system: string, group: string): string =>
  `${account}/${region}/${system}/${group}`;

function groupsOf(call: Call): { group: string; baselineId: string }[] {
  const prefix = `${call.account}/${call.region}/`;
  return [...call.fleet.patchGroups.entries()]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, baselineId]) => ({ group: key.split('/').slice(3).join('/'), baselineId }));
}

function passes(baseline: Baseline, key: string, values: readonly string[]): boolean {
  switch (key) {
    case 'OWNER':
      return values.some((value) => value === 'All' || (value === 'AWS') === baseline.predefined);
    case 'NAME_PREFIX':
      return values.some((value) => baseline.name.startsWith(value));
    case 'OPERATING_SYSTEM':
      return values.includes(baseline.operatingSystem);
    default:
      throw validationError(`${key} is no filter key of DescribePatchBaselines.`);
  }
}

const identity = (baseline: Baseline) => ({
  BaselineId: baseline.id,
  BaselineName: baseline.name,
  OperatingSystem: baseline.operatingSystem,
  BaselineDescription: baseline.description,
  DefaultBaseline: baseline.predefined,
});

function describe(baseline: Baseline) {
  return {
    BaselineId: baseline.id,
    Name: baseline.name,
    OperatingSystem: baseline.operatingSystem,
    GlobalFilters: { PatchFilters: baseline.globalFilters },
    ApprovalRules: { PatchRules: baseline.rules },
    ApprovedPatches: baseline.approved,
    ApprovedPatchesComplianceLevel: baseline.approvedLevel,
    ApprovedPatchesEnableNonSecurity: baseline.approvedNonSecurity,
    RejectedPatches: baseline.rejected,
    RejectedPatchesAction: baseline.rejectedAction,
    CreatedDate: seconds(baseline.createdAt),
    ModifiedDate: seconds(baseline.modifiedAt),
    Description: baseline.description,
    Sources: baseline.sources ?? [],
  };
}

function record(
  { fleet, account, region }: Call,
  kind: 'baseline-created' | 'baseline-updated' | 'baseline-deleted' | 'baseline-registered' | 'baseline-deregistered',
  detail: Record<string, unknown>,
): void {
  fleet.ledger.record(fleet.clock.wall(), kind, { account, region, ...detail });
}
