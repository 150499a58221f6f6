import { WorkflowFailedError } from '@temporalio/client';
import { TimeoutFailure } from '@temporalio/common';
import { workflowIds } from '../../domain/ids.js';
import type { Import, ImportRequest } from '../../domain/import/import.js';
import { type PatchtideWorkflows, TASK_QUEUE } from '../../workflows/messages.js';
import { Problem } from '../errors.js';
import { CALL_DEADLINE, type TemporalClient, within } from './client.js';

/** A call for each task and baseline: minutes for many accounts. A caller who waits longer than this has gone. */
const DEADLINE = 300_000;

/** Asks a worker for documents that say what AWS does today. */
export async function importEstate(client: TemporalClient, request: ImportRequest, id: string): Promise<Import> {
  try {
    const handle = await within(client, CALL_DEADLINE, () =>
      client.workflow.start<PatchtideWorkflows['importEstate']>('importEstate', {
        workflowId: workflowIds.import(id),
        taskQueue: TASK_QUEUE,
        args: [request],
        staticSummary: 'Import of what AWS does today',
        workflowRunTimeout: DEADLINE,
      }),
    );
    return await within(client, DEADLINE, () => handle.result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const cause = rootOf(error);
    throw cause instanceof TimeoutFailure
      ? new Problem('worker-unavailable', 'No worker made the import in time.', { cause: error })
      : new Problem('import-failed', `The import could not be made: ${cause.message}`, { cause: error });
  }
}

const rootOf = (error: Error): Error => (error.cause instanceof Error ? rootOf(error.cause) : error);
