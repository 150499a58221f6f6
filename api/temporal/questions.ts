import { WorkflowFailedError, type WorkflowResultType } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import type { DoctorReport, DoctorRequest } from '../../domain/doctor/report.js';
import { type PlanName, workflowIds } from '../../domain/ids.js';
import type { Import, ImportRequest } from '../../domain/import/import.js';
import type { Preview } from '../../domain/preview.js';
import type { PatchtideWorkflows } from '../../workflows/messages.js';
import { Problem, type ProblemCode } from '../errors.js';
import { type TemporalClient, within } from './client.js';
import { type Start, startOnce, type WorkflowType } from './runs.js';

/* What the API asks of a worker, as a run whose end somebody waits for. */

/** A preview reads much and changes nothing; a caller who waits longer than this has gone. */
const PREVIEW_DEADLINE = 60_000;

/** More than the examination allows itself. */
const EXAMINATION_DEADLINE = 58_000;

/** A call for each task and baseline: minutes for many accounts. HTTP clients often wait for five minutes and no longer. */
const IMPORT_DEADLINE = 290_000;

/** What Temporal has to say that a run's time is over, so that its caller hears that and not that Temporal is silent. */
const SAY_SO = 2_000;

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
