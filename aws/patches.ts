import {
  type InstancePatchState,
  type PatchComplianceData,
  paginateDescribeInstancePatches,
  paginateDescribeInstancePatchStates,
} from '@aws-sdk/client-ssm';
import { type NodePatch, type NodePatchState, PATCH_STATES, type PatchState } from '../domain/fleet.js';
import type { NodeId } from '../domain/ids.js';
import { type Connection, chunksOf } from './connection.js';
import { rejected } from './errors.js';

/** SSM API model. */
const NODES_PER_CALL = 50;
const PATCHES_PER_PAGE = 100;

/** See Fleet.patchStates. */
export const patchStates = async (
  aws: Connection,
  nodes: readonly NodeId[],
  signal: AbortSignal,
): Promise<NodePatchState[]> => {
  const states: NodePatchState[] = [];
  for (const InstanceIds of chunksOf(nodes, NODES_PER_CALL)) {
    const pages = await aws.pages('DescribeInstancePatchStates', signal, (options) =>
      paginateDescribeInstancePatchStates({ client: aws.ssm, pageSize: NODES_PER_CALL }, { InstanceIds }, options),
    );
    states.push(...pages.flatMap(({ InstancePatchStates }) => InstancePatchStates ?? []).map(toNodePatchState));
  }
  return states;
};

/** An operation that is still going on has no end: its start stands for it. */
export const toNodePatchState = (state: InstancePatchState): NodePatchState => ({
  node: state.InstanceId as NodeId,
  baselineId: state.BaselineId ?? '',
  operation: state.Operation === 'Install' ? 'Install' : 'Scan',
  endedAt: (state.OperationEndTime ?? state.OperationStartTime ?? new Date(0)).toISOString(),
  installed: state.InstalledCount ?? 0,
  installedOther: state.InstalledOtherCount ?? 0,
  missing: state.MissingCount ?? 0,
  failed: state.FailedCount ?? 0,
  pendingReboot: state.InstalledPendingRebootCount ?? 0,
  rejected: state.InstalledRejectedCount ?? 0,
  criticalNonCompliant: state.CriticalNonCompliantCount ?? 0,
  securityNonCompliant: state.SecurityNonCompliantCount ?? 0,
});

/** See Fleet.patches. */
export const patches = async (aws: Connection, node: NodeId, signal: AbortSignal): Promise<NodePatch[]> => {
  const pages = await aws.pages('DescribeInstancePatches', signal, (options) =>
    paginateDescribeInstancePatches({ client: aws.ssm, pageSize: PATCHES_PER_PAGE }, { InstanceId: node }, options),
  );
  return pages
    .flatMap(({ Patches }) => Patches ?? [])
    .map((patch) => {
      const state = patchState(patch.State);
      if (state !== null) return toNodePatch(patch, state);
      throw rejected(aws.at, 'DescribeInstancePatches', `${node}: ${patch.KBId} has the unknown state ${patch.State}`);
    });
};

const toNodePatch = (patch: PatchComplianceData, state: PatchState): NodePatch => ({
  id: patch.KBId ?? '',
  title: patch.Title ?? '',
  state,
  classification: patch.Classification ?? '',
  severity: patch.Severity ?? '',
});

const words = (state: string): string => state.replaceAll('_', '').toLowerCase();
const STATES = new Map(PATCH_STATES.map((state) => [words(state), state]));

/** The API model spells states as INSTALLED_OTHER, the service answers InstalledOther; null for neither. */
export const patchState = (state: string | undefined): PatchState | null => STATES.get(words(state ?? '')) ?? null;
