import { WorkflowExecutionAlreadyStartedError, type WorkflowExecutionStatusName } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { CycleRequest } from '../../domain/cycle.js';
import { type PlanName, workflowIds } from '../../domain/ids.js';
import type { SetAside } from '../../domain/set-aside.js';
import {
  type FleetScanRequest,
  type FleetScanResult,
  type PatchtideWorkflows,
  TASK_QUEUE,
} from '../../workflows/messages.js';
import type { RollbackInput } from '../../workflows/rollback-messages.js';
import { CALL_DEADLINE, type TemporalClient, within } from './client.js';
import { isNoSuchWorkflow } from './trouble.js';

export type WorkflowType = keyof PatchtideWorkflows;
type ArgumentOf<Type extends WorkflowType> = Parameters<PatchtideWorkflows[Type]>[0];

const PATCH_PLAN = defineSearchAttributeKey('PatchPlan', 'KEYWORD');
const PATCH_PHASE = defineSearchAttributeKey('PatchPhase', 'KEYWORD');

export interface Start<Type extends WorkflowType> {
  readonly type: Type;
  readonly id: string;
  readonly argument: ArgumentOf<Type>;
  readonly summary: string;
  readonly plan: PlanName | null;
  readonly memo?: Readonly<Record<string, string>>;
  /** Milliseconds after which the run is ended; without it the run lasts as long as it takes. */
  readonly timeout?: number;
}

/** Starts a run once: with the same id twice is once, whether it still runs or has ended. */
export async function startOnce<Type extends WorkflowType>(client: TemporalClient, start: Start<Type>): Promise<void> {
  try {
    await within(client, CALL_DEADLINE, () =>
      client.workflow.start(start.type, {
        workflowId: start.id,
        taskQueue: TASK_QUEUE,
        args: [start.argument],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: start.summary,
        ...(start.memo && { memo: { ...start.memo } }),
        ...(start.timeout !== undefined && { workflowRunTimeout: start.timeout }),
        ...(start.plan && {
          typedSearchAttributes: [
            { key: PATCH_PLAN, value: start.plan },
            { key: PATCH_PHASE, value: 'starting' },
          ],
        }),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Starts a reserved cycle; starting it again does no harm. */
export const startCycle = (client: TemporalClient, request: CycleRequest): Promise<void> =>
  startOnce(client, {
    type: 'patchCycle',
    id: workflowIds.cycle(request.plan, request.number),
    argument: request,
    summary: `Patch cycle ${request.number} of plan ${request.plan}${request.reference ? `, ${request.reference}` : ''}`,
    plan: request.plan,
    memo: {
      requestedBy: request.requestedBy,
      reason: request.reason,
      ...(request.reference !== null && { reference: request.reference }),
    },
  });

/** Starts a reserved rollback; starting it again does no harm. */
export const startRollback = (client: TemporalClient, input: RollbackInput): Promise<void> => {
  const { plan, number, cycle } = input.request;
  return startOnce(client, {
    type: 'rollBackNodes',
    id: workflowIds.rollback(workflowIds.cycle(plan, number), input.number),
    argument: input,
    summary: `Rollback ${input.number} of ${cycle}`,
    plan,
  });
};

/** Starts taking a node back; the same id is the same act. */
export const startReadmission = (client: TemporalClient, id: string, aside: SetAside): Promise<void> => {
  const { node, account, region, since } = aside;
  return startOnce(client, {
    type: 'readmitNode',
    id: workflowIds.readmit(id),
    argument: { node, account, region, since },
    summary: `Taking back ${node}`,
    plan: null,
  });
};

/** Starts a scan of the fleet; the same id is the same scan. */
export const startScan = (client: TemporalClient, request: FleetScanRequest & { readonly id: string }): Promise<void> =>
  startOnce(client, {
    type: 'scanFleet',
    id: workflowIds.fleetScan(request.id),
    argument: request,
    summary: `Scan asked for by ${request.requestedBy}`,
    plan: null,
  });

/** How a run stands; null where Temporal knows no run of that id. */
export async function statusOf(
  client: TemporalClient,
  workflowId: string,
): Promise<WorkflowExecutionStatusName | null> {
  try {
    const { status } = await within(client, CALL_DEADLINE, () => client.workflow.getHandle(workflowId).describe());
    return status.name;
  } catch (error) {
    if (isNoSuchWorkflow(error)) return null;
    throw error;
  }
}

export type ScanStatus =
  | { readonly status: 'running' }
  | { readonly status: 'completed'; readonly result: FleetScanResult }
  | { readonly status: 'failed'; readonly reason: string };

/** A scan of the fleet, or null where there is none of that id (or Temporal has forgotten it). */
export async function scanStatus(client: TemporalClient, id: string): Promise<ScanStatus | null> {
  const status = await statusOf(client, workflowIds.fleetScan(id));
  if (status === null) return null;
  if (status === 'RUNNING') return { status: 'running' };
  if (status !== 'COMPLETED') return { status: 'failed', reason: `The scan ended as ${status.toLowerCase()}.` };
  const result = await within(client, CALL_DEADLINE, () =>
    client.workflow.getHandle<PatchtideWorkflows['scanFleet']>(workflowIds.fleetScan(id)).result(),
  );
  return { status: 'completed', result };
}
