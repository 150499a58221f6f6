import {
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionStatusName,
  WorkflowFailedError,
  type WorkflowResultType,
} from '@temporalio/client';
import { defineSearchAttributeKey, TimeoutFailure } from '@temporalio/common';
import type { CycleRequest } from '../../domain/cycle.js';
import type { DoctorReport, DoctorRequest } from '../../domain/doctor/report.js';
import { type PlanName, workflowIds } from '../../domain/ids.js';
import type { Import, ImportRequest } from '../../domain/import/import.js';
import type { Preview } from '../../domain/preview.js';
import {
  type FleetScanRequest,
  type FleetScanResult,
  type PatchtideWorkflows,
  TASK_QUEUE,
} from '../../workflows/messages.js';
import type { RollbackInput } from '../../workflows/rollback-messages.js';
import { Problem, type ProblemCode } from '../errors.js';
import { CALL_DEADLINE, type TemporalClient, within } from './client.js';
import { isNoSuchWorkflow } from './trouble.js';

type WorkflowType = keyof PatchtideWorkflows;
type ArgumentOf<Type extends WorkflowType> = Parameters<PatchtideWorkflows[Type]>[0];

const PATCH_PLAN = defineSearchAttributeKey('PatchPlan', 'KEYWORD');
const PATCH_PHASE = defineSearchAttributeKey('PatchPhase', 'KEYWORD');

/** A preview reads much and changes nothing; a caller who waits longer than this has gone. */
const PREVIEW_DEADLINE = 60_000;

/** More than the examination allows itself. */
const EXAMINATION_DEADLINE = 58_000;

/** A call for each task and baseline: minutes for many accounts. HTTP clients often wait for five minutes and no longer. */
const IMPORT_DEADLINE = 290_000;

/** What Temporal has to say that a run's time is over, so that its caller hears that and not that Temporal is silent. */
const SAY_SO = 2_000;

interface Start<Type extends WorkflowType> {
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
async function startOnce<Type extends WorkflowType>(client: TemporalClient, start: Start<Type>): Promise<void> {
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

/** What a run came to whose caller waits for it; null where no worker ended it in time. @throws {Problem} `failed` */
async function ask<Type extends WorkflowType>(
  client: TemporalClient,
  start: Omit<Start<Type>, 'timeout'> & { readonly timeout: number },
  failed: ProblemCode,
  couldNot: string,
): Promise<WorkflowResultType<PatchtideWorkflows[Type]> | null> {
  await startOnce(client, start);
  try {
    return await within(client, start.timeout + SAY_SO, () =>
      client.workflow.getHandle<PatchtideWorkflows[Type]>(start.id).result(),
    );
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const cause = rootOf(error);
    if (cause instanceof TimeoutFailure) return null;
    throw new Problem(failed, `${couldNot}: ${cause.message}`, { cause: error });
  }
}

const rootOf = (error: Error): Error => (error.cause instanceof Error ? rootOf(error.cause) : error);

/** Asks a worker what a cycle of the plan would do now. */
export async function previewPlan(client: TemporalClient, plan: PlanName, id: string): Promise<Preview> {
  const preview = await ask(
    client,
    {
      type: 'previewPlan',
      id: workflowIds.preview(id),
      argument: { plan },
      summary: `Preview of plan ${plan}`,
      plan,
      timeout: PREVIEW_DEADLINE,
    },
    'preview-failed',
    'The preview could not be made',
  );
  if (preview === null) throw new Problem('worker-unavailable', 'No worker made the preview in time.');
  return preview;
}

/** Asks a worker what works in the accounts; null where no worker answered in time. */
export const examineAccounts = (
  client: TemporalClient,
  request: DoctorRequest,
  id: string,
): Promise<DoctorReport | null> =>
  ask(
    client,
    {
      type: 'examineAccounts',
      id: workflowIds.doctor(id),
      argument: request,
      summary: 'What works in the registered accounts',
      plan: null,
      timeout: EXAMINATION_DEADLINE,
    },
    'examination-failed',
    'The accounts could not be looked at',
  );

/** Asks a worker for documents that say what AWS does today. */
export async function importEstate(client: TemporalClient, request: ImportRequest, id: string): Promise<Import> {
  const made = await ask(
    client,
    {
      type: 'importEstate',
      id: workflowIds.import(id),
      argument: request,
      summary: 'Import of what AWS does today',
      plan: null,
      timeout: IMPORT_DEADLINE,
    },
    'import-failed',
    'The import could not be made',
  );
  if (made === null) throw new Problem('worker-unavailable', 'No worker made the import in time.');
  return made;
}

/** Whether Temporal answers. */
export const temporalAnswers = async (client: TemporalClient): Promise<boolean> =>
  (await temporalVersion(client)) !== null;

/** The version of the Temporal server (empty where it keeps it to itself); null where it does not answer. */
export async function temporalVersion(client: TemporalClient): Promise<string | null> {
  try {
    const info = await within(client, 2_000, () => client.connection.workflowService.getSystemInfo({}));
    return info.serverVersion ?? '';
  } catch {
    return null;
  }
}
