import {
  CreatePatchBaselineCommand,
  DeregisterPatchBaselineForPatchGroupCommand,
  GetPatchBaselineCommand,
  type PatchBaselineIdentity,
  paginateDescribePatchBaselines,
  paginateDescribePatchGroups,
  RegisterPatchBaselineForPatchGroupCommand,
  UpdatePatchBaselineCommand,
} from '@aws-sdk/client-ssm';
import { type BaselineRequest, FleetError, type RegisteredBaseline } from '../activities/ports.js';
import type { OperatingSystem } from '../domain/fleet.js';
import { baselineName, creationToken, definitionOf, OUR_BASELINES, sameDefinition } from './baseline-mapping.js';
import type { Connection } from './connection.js';
import { isAny } from './errors.js';

const PER_PAGE = 100;
const DESCRIPTION = 'Kept by Patchtide from its PatchBaseline document: changes made here are overwritten.';

/** See Fleet.ensureBaseline. Every step looks before it acts, so that two at once, or one twice, come to the same end. */
export const ensureBaseline = async (
  aws: Connection,
  request: BaselineRequest,
  signal: AbortSignal,
): Promise<RegisteredBaseline[]> => {
  const ours = await presentBaseline(aws, request, signal);
  const registered = await registrations(aws, request.os, signal);
  const results: RegisteredBaseline[] = [];
  for (const patchGroup of request.patchGroups) {
    results.push(await register(aws, ours, patchGroup, registered.get(patchGroup), request.os, signal));
  }
  return results;
};

/** The id of our baseline, which is created, or brought up to date, if need be. */
const presentBaseline = async (aws: Connection, request: BaselineRequest, signal: AbortSignal): Promise<string> => {
  const name = baselineName(request);
  const definition = definitionOf(request);
  const found = await findBaseline(aws, name, request.os, signal);
  if (found === null) {
    const command = new CreatePatchBaselineCommand({
      ...definition,
      Name: name,
      OperatingSystem: request.os,
      Description: DESCRIPTION,
      ClientToken: creationToken(name, definition),
      Tags: [{ Key: 'patchtide:baseline', Value: request.baseline }],
    });
    const { BaselineId } = await aws.call('CreatePatchBaseline', signal, (options) => aws.ssm.send(command, options));
    return BaselineId ?? '';
  }
  const present = await aws.call('GetPatchBaseline', signal, (options) =>
    aws.ssm.send(new GetPatchBaselineCommand({ BaselineId: found }), options),
  );
  if (!sameDefinition(definition, present)) {
    const command = new UpdatePatchBaselineCommand({
      ...definition,
      BaselineId: found,
      Name: name,
      Description: DESCRIPTION,
      Replace: true,
    });
    await aws.call('UpdatePatchBaseline', signal, (options) => aws.ssm.send(command, options));
  }
  return found;
};

/** Names are not unique in SSM: of several with our name the one with the lowest id is ours, for everybody who looks. */
const findBaseline = async (
  aws: Connection,
  name: string,
  os: OperatingSystem,
  signal: AbortSignal,
): Promise<string | null> => {
  const filters = [
    { Key: 'NAME_PREFIX', Values: [name] },
    { Key: 'OWNER', Values: ['Self'] },
    { Key: 'OPERATING_SYSTEM', Values: [os] },
  ];
  const pages = await aws.pages('DescribePatchBaselines', signal, (options) =>
    paginateDescribePatchBaselines({ client: aws.ssm, pageSize: PER_PAGE }, { Filters: filters }, options),
  );
  const ids = pages
    .flatMap(({ BaselineIdentities }) => BaselineIdentities ?? [])
    .filter(({ BaselineName, OperatingSystem }) => BaselineName === name && OperatingSystem === os)
    .flatMap(({ BaselineId }) => BaselineId ?? []);
  return ids.sort()[0] ?? null;
};

/**
 * Which baseline each patch group of an operating system is registered to. GetPatchBaselineForPatchGroup would not do: it
 * answers with the default baseline for a group that is registered to none.
 */
const registrations = async (
  aws: Connection,
  os: OperatingSystem,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PatchBaselineIdentity>> => {
  const filters = [{ Key: 'OPERATING_SYSTEM', Values: [os] }];
  const pages = await aws.pages('DescribePatchGroups', signal, (options) =>
    paginateDescribePatchGroups({ client: aws.ssm, pageSize: PER_PAGE }, { Filters: filters }, options),
  );
  return new Map(
    pages
      .flatMap(({ Mappings }) => Mappings ?? [])
      .flatMap(({ PatchGroup, BaselineIdentity }) =>
        PatchGroup !== undefined && BaselineIdentity?.OperatingSystem === os ? [[PatchGroup, BaselineIdentity]] : [],
      ),
  );
};

const register = async (
  aws: Connection,
  ours: string,
  patchGroup: string,
  present: PatchBaselineIdentity | undefined,
  os: OperatingSystem,
  signal: AbortSignal,
): Promise<RegisteredBaseline> => {
  if (present !== undefined) {
    const settled = settledOn(present, ours, patchGroup);
    if (settled !== null) return settled;
    await deregister(aws, present, patchGroup, signal);
  }
  const command = new RegisterPatchBaselineForPatchGroupCommand({ BaselineId: ours, PatchGroup: patchGroup });
  try {
    await aws.call('RegisterPatchBaselineForPatchGroup', signal, (options) => aws.ssm.send(command, options));
  } catch (error) {
    if (!(error instanceof FleetError) || !isAny(error.cause, 'AlreadyExistsException')) throw error;
    // Somebody was faster: what is registered now counts.
    const now = (await registrations(aws, os, signal)).get(patchGroup);
    const settled = now === undefined ? null : settledOn(now, ours, patchGroup);
    if (settled === null) throw error;
    return settled;
  }
  return { baselineId: ours, patchGroup, foreign: false };
};

/** Null where the group is registered to another baseline of ours: a plan changed its mind, and the registration moves. */
const settledOn = (present: PatchBaselineIdentity, ours: string, patchGroup: string): RegisteredBaseline | null => {
  const baselineId = present.BaselineId ?? '';
  if (baselineId === ours) return { baselineId, patchGroup, foreign: false };
  return present.BaselineName?.startsWith(OUR_BASELINES) ? null : { baselineId, patchGroup, foreign: true };
};

const deregister = async (
  aws: Connection,
  { BaselineId }: PatchBaselineIdentity,
  patchGroup: string,
  signal: AbortSignal,
): Promise<void> => {
  const command = new DeregisterPatchBaselineForPatchGroupCommand({ BaselineId, PatchGroup: patchGroup });
  await aws.call('DeregisterPatchBaselineForPatchGroup', signal, (options) => aws.ssm.send(command, options));
};
